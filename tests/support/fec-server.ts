// The FEC's file server for tests: ETag, Last-Modified, Range, redirects, and faults by request number.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with one answer. */
export type ServerFault =
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Nothing comes after so many bytes of the body, and the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** No answer at all. */
  | { readonly kind: 'silence' }
  /** The connection is reset before any answer. */
  | { readonly kind: 'reset' }
  /** The body comes in pieces of so many bytes, with so long between them. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** Content-Length is that of the body and so many bytes more, or less where negative. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** The file becomes another before this request is answered. */
  | { readonly kind: 'change'; readonly to: Buffer }
  /** A Range is answered with 200 and the whole file. */
  | { readonly kind: 'ignore-range' }
  /** A Range is answered with 206 and another range, from so many bytes further on. */
  | { readonly kind: 'shift-range'; readonly by: number }
  /** If-Range is not heeded: 206 although the file changed. */
  | { readonly kind: 'ignore-if-range' }
  /** Nothing but this status, with these headers. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A page with status 200. */
  | { readonly kind: 'html' }
  /** A body with one bit flipped, whose length is right. */
  | { readonly kind: 'flip'; readonly atByte: number };

/** One request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** What it was answered with; 0 where it was not. */
  status: number;
  /** Bytes of the body that were sent. */
  sentBytes: number;
}

/** A running server. */
export interface FecServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: SeenRequest[];
  /** Puts a file at a path; its ETag follows its bytes. */
  put(path: string, bytes: Buffer, options?: FileOptions): void;
  remove(path: string): void;
  /** Has requests fail: the nth request for a path (from 1, from now on) meets the nth fault. */
  fail(path: string, faults: readonly (ServerFault | undefined)[]): void;
  close(): Promise<void>;
}

/** How a file is served. */
export interface FileOptions {
  /** Default: strong. */
  readonly etag?: 'strong' | 'weak' | 'none';
  readonly lastModified?: Date | null;
}

interface Served extends FileOptions {
  readonly bytes: Buffer;
}

/** Starts a server on 127.0.0.1. */
export async function startFecServer(): Promise<FecServer> {
  const files = new Map<string, Served>();
  const faults = new Map<string, (ServerFault | undefined)[]>();
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const seen = {
      method: request.method ?? '',
      path,
      headers: request.headers,
      status: 0,
      sentBytes: 0,
    };
    requests.push(seen);
    const fault = faults.get(path)?.shift();
    if (fault?.kind === 'change') files.set(path, { ...files.get(path), bytes: fault.to });
    const exchange = { request, response, seen, fault };
    answer(exchange, files.get(path)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: urlOf(server),
    requests,
    put: (path, bytes, options = {}) => {
      files.set(path, { ...options, bytes });
    },
    remove: (path) => {
      files.delete(path);
    },
    fail: (path, list) => {
      faults.set(path, [...list]);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Starts a server for the suite in which it is called: anew for each test. */
export function useFecServer(): { readonly current: FecServer } {
  let server: FecServer | undefined;
  beforeEach(async () => {
    server = await startFecServer();
  });
  afterEach(async () => {
    await server?.close();
  });
  return {
    get current() {
      if (server === undefined) throw new Error('the server runs inside tests only');
      return server;
    },
  };
}

/** Returns the ETag that the server gives to these bytes. */
export function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: SeenRequest;
  readonly fault: ServerFault | undefined;
}

const defaultModified = new Date('2019-03-18T00:09:12Z');

async function answer(exchange: Exchange, file: Served | undefined): Promise<void> {
  const { request, response, fault } = exchange;
  switch (fault?.kind) {
    case 'silence':
      return;
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'status':
      end(exchange, fault.status, { ...fault.headers }, 'as scripted');
      return;
    case 'html':
      end(exchange, 200, { 'Content-Type': 'text/html' }, '<!DOCTYPE html><p>Back soon</p>');
      return;
    default:
  }
  if (file === undefined) {
    end(exchange, 404, {}, 'not here');
    return;
  }
  const headers = versionHeaders(file);
  if (isUnchanged(request, headers)) {
    end(exchange, 304, headers);
    return;
  }
  const range = rangeOf(exchange, file, headers);
  if (range === 'unsatisfiable') {
    end(exchange, 416, { ...headers, 'Content-Range': `bytes */${file.bytes.length}` });
    return;
  }
  const body = Buffer.from(range === undefined ? file.bytes : file.bytes.subarray(range));
  if (fault?.kind === 'flip') body[fault.atByte] = (body[fault.atByte] ?? 0) ^ 1;
  const lengthBy = fault?.kind === 'wrong-length' ? fault.by : 0;
  exchange.seen.status = range === undefined ? 200 : 206;
  response.strictContentLength = false;
  response.writeHead(exchange.seen.status, {
    ...headers,
    'Content-Type': 'application/zip',
    'Accept-Ranges': 'bytes',
    'Content-Length': body.length + lengthBy,
    ...(range === undefined
      ? {}
      : {
          'Content-Range': `bytes ${range}-${file.bytes.length - 1}/${file.bytes.length}`,
        }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await sendBody(exchange, lengthBy < 0 ? body.subarray(0, lengthBy) : body);
}

async function sendBody({ response, seen, fault }: Exchange, body: Buffer): Promise<void> {
  const send = (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      seen.sentBytes += bytes.length;
      response.write(bytes, () => resolve());
    });
  switch (fault?.kind) {
    case 'cut':
      await send(body.subarray(0, fault.afterBytes));
      // The bytes are to arrive before the end does.
      await sleep(20);
      response.destroy();
      return;
    case 'stall':
      await send(body.subarray(0, fault.afterBytes));
      return;
    case 'drip':
      for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
        await send(body.subarray(at, at + fault.bytes));
        await sleep(fault.everyMs);
      }
      response.end();
      return;
    case 'wrong-length':
      await send(body);
      if (fault.by > 0) {
        await sleep(20);
        response.destroy();
      } else {
        response.end();
      }
      return;
    default:
      seen.sentBytes += body.length;
      response.end(body);
  }
}

function end(
  { response, seen }: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  text = '',
): void {
  seen.status = status;
  response.writeHead(status, headers);
  response.end(text);
}

function versionHeaders(file: Served): Readonly<Record<string, string>> {
  const { etag = 'strong', lastModified = defaultModified, bytes } = file;
  return {
    ...(etag === 'none' ? {} : { ETag: `${etag === 'weak' ? 'W/' : ''}${etagOf(bytes)}` }),
    ...(lastModified === null ? {} : { 'Last-Modified': lastModified.toUTCString() }),
  };
}

function isUnchanged(
  { headers }: IncomingMessage,
  version: Readonly<Record<string, string>>,
): boolean {
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return noneMatch === version['ETag'];
  const since = headers['if-modified-since'];
  const modified = version['Last-Modified'];
  return since !== undefined && modified !== undefined && Date.parse(since) >= Date.parse(modified);
}

function rangeOf(
  { request, fault }: Exchange,
  file: Served,
  version: Readonly<Record<string, string>>,
): number | 'unsatisfiable' | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  if (start === undefined || fault?.kind === 'ignore-range') return undefined;
  const ifRange = request.headers['if-range'];
  const holds =
    ifRange === undefined || ifRange === version['ETag'] || ifRange === version['Last-Modified'];
  if (!holds && fault?.kind !== 'ignore-if-range') return undefined;
  const first = Number(start) + (fault?.kind === 'shift-range' ? fault.by : 0);
  return first >= file.bytes.length ? 'unsatisfiable' : first;
}

function urlOf(server: Server): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}
