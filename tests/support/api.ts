// Runs `extract api` and its kin in this process, against the double, with a clock and a patience of the test's.

import type { Connection } from '../../core/connection.ts';
import { UserError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { createReporter } from '../../core/reporter.ts';
import type { ApiPatience } from '../../extract/api/types.ts';
import { type ApiOptions, api, retry } from '../../extract/commands/api.ts';
import type { ApiSeams } from '../../extract/commands/api-run.ts';
import { planApi } from '../../extract/commands/plan-api.ts';
import { syncState } from '../../extract/commands/sync-state.ts';
import type { Scope } from '../../extract/datasets/api-catalog.ts';
import { type ExtractRun, urlOf } from './extract.ts';
import type { DataOptions } from './openfec-data.ts';
import type { Manner } from './openfec-endpoints.ts';
import { type OpenFec, startOpenFec } from './openfec-server.ts';

/** A patience that lets a test with faults end soon. */
export const quickPatience: ApiPatience = {
  answerMs: 400,
  retryMs: 1,
  longestRetryMs: 5,
  retries: 5,
  blockedMs: 20,
  scopeRetryMs: 1,
  quotaMs: 3_600_000,
};

/** What a test may say of a run. */
export interface ApiRequest {
  readonly datasets?: readonly string[];
  readonly cycles?: readonly number[];
  readonly scopes?: readonly Scope[];
  readonly since?: string;
  readonly lookbackDays?: number;
  readonly full?: boolean;
  readonly maxCalls?: number;
  /** The day of the run; 17 March 2019 where not given. */
  readonly now?: string;
  readonly patience?: Partial<ApiPatience>;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly format?: 'text' | 'json';
}

/** Runs `extract api`. */
export function runApi(
  connection: Connection,
  server: OpenFec,
  request: ApiRequest = {},
): Promise<ExtractRun> {
  return runCommand(connection, server, request, (context, seams) =>
    api(context, optionsOf(request), seams),
  );
}

/** Runs `extract retry`. */
export function runRetry(
  connection: Connection,
  server: OpenFec,
  request: ApiRequest = {},
): Promise<ExtractRun> {
  return runCommand(connection, server, request, (context, seams) =>
    retry(context, { ...optionsOf(request), cycles: request.cycles ?? [] }, seams),
  );
}

/** Runs `extract plan api`. */
export function runPlan(
  connection: Connection,
  server: OpenFec,
  request: ApiRequest = {},
): Promise<ExtractRun> {
  return runCommand(connection, server, request, (context, seams) =>
    planApi(context, { ...optionsOf(request), json: true }, seams),
  );
}

/** Runs `extract sync-state`. */
export function runSync(
  connection: Connection,
  server: OpenFec,
  request: { readonly committees?: readonly string[]; readonly dryRun?: boolean } = {},
): Promise<ExtractRun> {
  const { committees = [], dryRun = false } = request;
  return runCommand(connection, server, {}, (context) =>
    syncState(context, { ...optionsOf({}), cycles: [], committees, dryRun }),
  );
}

/** Starts the double for the suite in which it is called: anew for each test. */
export function useOpenFec(options: DataOptions & Partial<Manner>): { readonly current: OpenFec } {
  let server: OpenFec | undefined;
  beforeEach(async () => {
    server = await startOpenFec(options);
  });
  afterEach(async () => {
    await server?.close();
  });
  return {
    get current() {
      if (server === undefined) throw new Error('the double runs inside tests only');
      return server;
    },
  };
}

function optionsOf(request: ApiRequest): ApiOptions {
  return {
    projectDir: packageRoot(),
    profilesDir: packageRoot(),
    profile: undefined,
    target: undefined,
    cycles: request.cycles ?? [2020],
    datasets: request.datasets ?? ['schedule_a'],
    scopes: request.scopes ?? [{ kind: 'national' }],
    since: request.since,
    lookbackDays: request.lookbackDays,
    full: request.full ?? false,
    maxCalls: request.maxCalls,
  };
}

async function runCommand(
  connection: Connection,
  server: OpenFec,
  request: ApiRequest,
  command: (context: ProgramContext, seams: ApiSeams) => Promise<ExitCode>,
): Promise<ExtractRun> {
  const texts = { out: '', err: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const sinks = { out: sink('out'), err: sink('err') };
  const reporter = createReporter('extract', request.format ?? 'text', sinks);
  const context = {
    env: { ...process.env, ...apiEnv(server), DATABASE_URL: urlOf(connection), ...request.env },
    reporter,
    signal: request.signal ?? new AbortController().signal,
  };
  const day = request.now ?? '2019-03-17T12:00:00Z';
  const seams: ApiSeams = {
    patience: { ...quickPatience, ...request.patience },
    now: () => new Date(day),
  };
  try {
    return { code: await command(context, seams), ...texts };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reporter.fault(error);
    return { code: error.exitCode, ...texts };
  }
}

/** Settings with which a run meets the double, as fast as it can. */
export function apiEnv(server: OpenFec): NodeJS.ProcessEnv {
  return {
    FEC_API_URL: server.url,
    FEC_API_KEY: server.key,
    FEC_API_CALLS_PER_MINUTE: '60000000',
  };
}
