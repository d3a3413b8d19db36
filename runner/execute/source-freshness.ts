// Asks sources when their newest rows came; a query that fails is the outcome of its source.

import { type Client, type Database, queryOneStatement } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { Freshness, Period, Source } from '../compile/types.ts';
import { modelError } from './model-error.ts';
import type { FreshnessFound, FreshnessOutcome } from './types.ts';

/** What asking needs. */
export interface FreshnessOptions {
  readonly database: Database;
  /** Sources asked at once. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each source as its answer is there. */
  readonly ended: (outcome: FreshnessOutcome) => void;
}

/**
 * Asks every source that has a freshness, in their order.
 * @throws {Interrupted} when the run is to end
 */
export async function readFreshness(
  sources: readonly Source[],
  options: FreshnessOptions,
): Promise<readonly FreshnessOutcome[]> {
  const waiting = [...sources.entries()];
  const outcomes: FreshnessOutcome[] = [];
  const work = async (thread: number): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, source] = next;
      if (options.signal?.aborted) throw new Interrupted();
      const outcome = await askSource(source, thread, options);
      outcomes[index] = outcome;
      options.ended(outcome);
    }
  };
  const threads = Math.max(1, Math.min(options.threads, sources.length));
  await Promise.all(Array.from({ length: threads }, (_, index) => work(index + 1)));
  return outcomes;
}

async function askSource(
  source: Source,
  thread: number,
  { database, signal }: FreshnessOptions,
): Promise<FreshnessOutcome> {
  const startedAtMs = Date.now();
  const told = (parts: Pick<FreshnessOutcome, 'status' | 'found' | 'error'>): FreshnessOutcome => ({
    source: source.uniqueId,
    ...parts,
    startedAtMs,
    finishedAtMs: Date.now(),
    thread,
  });
  const { freshness } = source;
  try {
    if (freshness?.sql === undefined) throw nothingToAsk(source);
    const { sql } = freshness;
    const found = await database.withClient((client) => ask(client, source, sql));
    return told({ status: statusOf(found.ageS, freshness), found, error: undefined });
  } catch (error) {
    if (signal?.aborted) throw new Interrupted();
    if (!(error instanceof UserError)) throw error;
    return told({ status: 'runtime error', found: undefined, error });
  }
}

async function ask(client: Client, source: Source, sql: string): Promise<FreshnessFound> {
  // A moment without a zone is taken for UTC, as in dbt, whatever the server's own zone is.
  await client.query("begin read only; set local timezone = 'UTC'");
  try {
    const { rows } = await queryOneStatement<{
      max_loaded_at: string;
      snapshotted_at: string;
      age_s: number;
    }>(client, sql);
    const [row] = rows;
    if (row === undefined || rows.length > 1) throw notOneRow(source, rows.length);
    const { max_loaded_at: maxLoadedAt, snapshotted_at: snapshottedAt, age_s: ageS } = row;
    return { maxLoadedAt, snapshottedAt, ageS };
  } catch (error) {
    throw modelError(error, { node: source.uniqueId, sql, sqlMap: [], path: source.path });
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

function statusOf(
  ageS: number,
  { warnAfter, errorAfter }: Freshness,
): Exclude<FreshnessOutcome['status'], 'runtime error'> {
  if (errorAfter !== undefined && ageS > secondsOf(errorAfter)) return 'error';
  return warnAfter !== undefined && ageS > secondsOf(warnAfter) ? 'warn' : 'pass';
}

const secondsPer = { minute: 60, hour: 3600, day: 86_400 } as const;

function secondsOf({ count, period }: Period): number {
  return count * secondsPer[period];
}

function nothingToAsk(source: Source): UserError {
  return new UserError(
    `nothing says when the rows of source \`${source.sourceName}.${source.name}\` came`,
    {
      where: { path: source.path },
      hint: 'give it a `loaded_at_field` or a `loaded_at_query`, or `freshness: null`',
      exitCode: 1,
    },
  );
}

function notOneRow(source: Source, count: number): UserError {
  return new UserError(
    `the \`loaded_at_query\` of source \`${source.sourceName}.${source.name}\` gives ${count} rows`,
    { where: { path: source.path }, hint: 'write a query of one row and one column', exitCode: 1 },
  );
}
