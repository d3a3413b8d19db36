// The API for tests: the gateway with its keys and limits, the application behind it, and faults by request number.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildTables, type DataOptions, type Tables } from './openfec-data.ts';
import { answerEndpoint, type Manner, type Reply } from './openfec-endpoints.ts';

/** What goes wrong with one answer. */
export type ApiFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A page of the edge, with status 200. */
  | { readonly kind: 'html' }
  /** Half of the body, then the end of the connection. */
  | { readonly kind: 'cut' }
  /** Half of the body, and Content-Length says so: JSON without its end. */
  | { readonly kind: 'half-json' }
  /** A byte at a time, for as long as the client has patience. */
  | { readonly kind: 'drip' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }
  /** Something happens to the data before the answer. */
  | { readonly kind: 'change'; readonly change: (tables: Tables) => void };

/** One request as it came. */
export interface SeenCall {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query, as sent. */
  readonly url: string;
  readonly key: string | undefined;
  status: number;
}

/** A running double. */
export interface OpenFec {
  /** For FEC_API_URL. */
  readonly url: string;
  readonly key: string;
  readonly tables: Tables;
  readonly calls: SeenCall[];
  /** Has the nth request from now on (from 1) meet a fault. */
  fail(faults: Readonly<Record<number, ApiFault>>): void;
  /** Calls that a key may make in so long; others get 429. */
  limit(calls: number, perMs: number): void;
  close(): Promise<void>;
}

/** The key that the double takes; a canary for tests that look where it may appear. */
export const canaryKey = 'CANARY7qkX0cVb2LhJp9TfWz4NsRmEaYdGuBiHoK';

/** Starts the double on 127.0.0.1. */
export async function startOpenFec(
  options: DataOptions & Partial<Manner> = { receipts: 1_000 },
): Promise<OpenFec> {
  const tables = buildTables(options);
  const manner = { joinsUndated: options.joinsUndated ?? true };
  const calls: SeenCall[] = [];
  let faults: Readonly<Record<number, ApiFault>> = {};
  let failingFrom = 0;
  let quota = { calls: 1_000_000, perMs: 3_600_000 };
  let times: number[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const seen: SeenCall = {
      path: url.pathname.replace(/^\/v1/, ''),
      query: url.searchParams,
      url: request.url ?? '',
      key: String(request.headers['x-api-key'] ?? url.searchParams.get('api_key') ?? ''),
      status: 0,
    };
    calls.push(seen);
    const fault = faults[calls.length - failingFrom];
    if (fault?.kind === 'change') fault.change(tables);
    const now = Date.now();
    times = times.filter((time) => time > now - quota.perMs);
    const isOver = times.length >= quota.calls;
    if (!isOver) times.push(now);
    const limits = {
      'X-RateLimit-Limit': String(quota.calls),
      'X-RateLimit-Remaining': String(quota.calls - times.length),
    };
    const reply = gateway(seen, isOver) ?? answerEndpoint(tables, seen.path, seen.query, manner);
    void send({ request, response, seen }, reply, limits, fault).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    key: canaryKey,
    tables,
    calls,
    fail: (list) => {
      faults = list;
      failingFrom = calls.length;
    },
    limit: (most, perMs) => {
      quota = { calls: most, perMs };
      times = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the gateway answers itself; its errors have another shape than the application's. */
function gateway(seen: SeenCall, isOver: boolean): Reply | undefined {
  const refuse = (status: number, code: string, message: string): Reply => ({
    status,
    body: JSON.stringify({ error: { code, message } }),
  });
  if (!seen.key) {
    return refuse(
      403,
      'API_KEY_MISSING',
      'No api_key was supplied. Get one at https://api.data.gov:443',
    );
  }
  if (seen.key !== canaryKey) {
    return refuse(
      403,
      'API_KEY_INVALID',
      'An invalid api_key was supplied. Get one at https://api.data.gov:443',
    );
  }
  if (isOver) {
    return refuse(
      429,
      'OVER_RATE_LIMIT',
      'You have exceeded your rate limit. Try again later or contact us.',
    );
  }
  return undefined;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: SeenCall;
}

async function send(
  { request, response, seen }: Exchange,
  reply: Reply,
  limits: Readonly<Record<string, string>>,
  fault: ApiFault | undefined,
): Promise<void> {
  const json = {
    'Content-Type': 'application/json',
    'Cache-Control': 'public, max-age=3600',
    ...limits,
  };
  const body = Buffer.from(reply.body);
  const end = (status: number, headers: Readonly<Record<string, string>>, data: Buffer): void => {
    seen.status = status;
    response.writeHead(status, { ...headers, 'Content-Length': data.length });
    response.end(data);
  };
  switch (fault?.kind) {
    case 'status':
      end(
        fault.status,
        { ...json, ...fault.headers },
        Buffer.from(fault.body ?? JSON.stringify({ status: fault.status, message: 'as scripted' })),
      );
      return;
    case 'html':
      end(
        200,
        { ...limits, 'Content-Type': 'text/html' },
        Buffer.from('<!DOCTYPE html><p>Back soon'),
      );
      return;
    case 'half-json':
      end(200, json, body.subarray(0, body.length / 2));
      return;
    case 'silence':
      return;
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'cut':
      seen.status = 200;
      response.writeHead(200, { ...json, 'Content-Length': body.length });
      response.write(body.subarray(0, body.length / 2));
      await sleep(10);
      response.destroy();
      return;
    case 'drip':
      seen.status = 200;
      response.writeHead(200, { ...json, 'Content-Length': body.length });
      for (let at = 0; at < body.length && !response.destroyed; at += 1) {
        response.write(body.subarray(at, at + 1));
        await sleep(20);
      }
      return;
    default:
      end(reply.status, json, body);
  }
}
