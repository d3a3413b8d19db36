// What all work with the API shares: settings, client, budget and the leases under which it is done.

import { resolve } from 'node:path';
import { withLease } from '../../core/locks.ts';
import { migrate } from '../../core/migrations.ts';
import type { ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { readVersion } from '../../core/version.ts';
import { type ApiClient, type CallBudget, createApiClient } from '../api/client.ts';
import { type ApiSettings, parseApiSettings, usualCallsPerHour } from '../api/settings.ts';
import { type ApiPatience, defaultPatience } from '../api/types.ts';
import { ensureApiTables } from '../bronze/api-tables.ts';
import { bronzeSchema } from '../bronze/migrations.ts';
import { blockCalls, hashKey, takeCall } from '../bronze/quota.ts';
import { apiDatasets } from '../datasets/api-catalog.ts';
import { type BronzeDatabases, withBronze } from './open-bronze.ts';
import type { CommonOptions } from './types.ts';

/** What tests may set otherwise than a user can. */
export interface ApiSeams {
  readonly patience?: ApiPatience;
  readonly now?: () => Date;
}

/** What a run lends to the loading of each scope. */
export interface ApiRun {
  readonly context: ProgramContext;
  readonly databases: BronzeDatabases;
  readonly settings: ApiSettings;
  readonly patience: ApiPatience;
  readonly client: ApiClient;
  readonly now: () => Date;
  readonly programVersion: string;
}

/** Options of every command that calls the API. */
export interface ApiRunOptions extends CommonOptions {
  /** Calls at most. */
  readonly maxCalls: number | undefined;
}

/** Reads the settings and hides the key wherever something is printed or written from now on. */
export function readApiSettings(context: ProgramContext, projectDir: string): ApiSettings {
  const settings = parseApiSettings(readEnv(resolve(projectDir), context.env));
  context.reporter.addSecret(settings.key);
  return settings;
}

/**
 * Lends the databases and a client. Several processes may load from the API at once, but none while
 * bulk files are loaded.
 */
export async function withApi<T>(
  context: ProgramContext,
  options: ApiRunOptions,
  seams: ApiSeams,
  use: (run: ApiRun) => Promise<T>,
): Promise<T> {
  const settings = readApiSettings(context, options.projectDir);
  const patience = seams.patience ?? defaultPatience;
  return withBronze(context, options, 'api', async (databases) => {
    await migrate(databases.connection, bronzeSchema);
    await ensureApiTables(databases.rows, apiDatasets);
    const client = createApiClient({
      settings,
      patience,
      budget: createBudget(databases, settings, patience),
      signal: context.signal,
      tell: (message) => context.reporter.info(message),
      maxCalls: options.maxCalls,
    });
    const run: ApiRun = {
      context,
      databases,
      settings,
      patience,
      client,
      now: seams.now ?? (() => new Date()),
      programVersion: readVersion(),
    };
    return withLease(databases.ledger, 'extract', () => use(run), 'shared');
  });
}

function createBudget(
  { rows }: BronzeDatabases,
  settings: ApiSettings,
  { quotaMs }: ApiPatience,
): CallBudget {
  const keyHash = hashKey(settings.key);
  return {
    take: (seen) =>
      takeCall(rows, {
        keyHash,
        limit: settings.callsPerHour,
        usual: usualCallsPerHour,
        quotaMs,
        seen,
      }),
    block: (forMs) => blockCalls(rows, keyHash, forMs),
  };
}
