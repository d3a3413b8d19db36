// Every try to load, written in transactions of its own: what the program knows of itself survives it.

import type { Client, Database } from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import type { LoadUnit } from './types.ts';

/** A try that is under way. */
export interface Attempt {
  readonly id: number;
  /** Says what the try does now. */
  enter(phase: string): Promise<void>;
}

const heartbeatMs = 5_000;

/** Where attempts are written, and how. */
export interface AttemptLog {
  /** Must stay usable when the run is interrupted. */
  readonly database: Database;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Takes secrets out of a text before it becomes a row. */
  readonly scrub: (text: string) => string;
}

/**
 * Runs `use` as one attempt: it is written down before, kept alive during and closed after `use`, which
 * returns the load's identifier.
 */
export async function withAttempt<T extends { readonly loadId: number }>(
  log: AttemptLog,
  unit: LoadUnit,
  use: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { database } = log;
  const id = await startAttempt(database, unit);
  const heartbeat = setInterval(() => {
    // A missed heartbeat is no reason to stop a load: the next one may pass.
    touch(database, id).catch(() => undefined);
  }, heartbeatMs);
  try {
    const result = await use({ id, enter: (phase) => enterPhase(database, id, phase) });
    await closeAttempt(database, id, { status: 'succeeded', loadId: result.loadId });
    return result;
  } catch (error) {
    const isInterrupted = log.signal.aborted || error instanceof Interrupted;
    const text = log.scrub(error instanceof Error ? error.message : String(error));
    // The first error is the one to tell; a run that cannot be closed is found crashed by the next.
    await closeAttempt(
      database,
      id,
      isInterrupted ? { status: 'interrupted' } : { status: 'failed', error: text },
    ).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Closes the attempts of runs that died: `succeeded` where the ledger has their load, else `crashed`.
 * The holder of the lease calls it first, when no attempt can be running; with a unit, when none of
 * that unit can. A try at the API makes many loads: what it did not end, it did not do.
 */
export async function closeCrashedAttempts(client: Client, unit?: LoadUnit): Promise<number> {
  const { rowCount } = await client.query(
    `update bronze.attempts as attempt
        set status = case when load.load_id is null then 'crashed' else 'succeeded' end,
            load_id = load.load_id,
            finished_at = coalesce(load.finished_at, attempt.heartbeat_at)
       from bronze.attempts as dead
       left join bronze.loads as load
              on load.attempt_id = dead.attempt_id and load.member is not null
      where dead.attempt_id = attempt.attempt_id and attempt.status = 'running'
        and ($1::text is null or (attempt.dataset, attempt.cycle, attempt.scope) = ($1, $2, $3))`,
    [unit?.dataset ?? null, unit?.cycle ?? null, unit?.scope ?? null],
  );
  return rowCount ?? 0;
}

/**
 * Notes that a unit's file is what is loaded, where the newest try did not succeed: a load that failed or
 * was interrupted is then no longer the last word on it. Where it did, there is nothing to note.
 */
export async function settleUnchanged(client: Client, unit: LoadUnit): Promise<void> {
  await client.query(
    `insert into bronze.attempts (dataset, cycle, scope, source, phase, status, finished_at, load_id)
     select $1, $2, $3, $4, 'unchanged', 'succeeded', clock_timestamp(),
            (select max(load_id) from bronze.loads where dataset = $1 and cycle = $2 and scope = $3)
      where (select status from bronze.attempts where dataset = $1 and cycle = $2 and scope = $3
              order by attempt_id desc limit 1) <> 'succeeded'`,
    [unit.dataset, unit.cycle, unit.scope, unit.source],
  );
}

async function startAttempt(database: Database, unit: LoadUnit): Promise<number> {
  const { rows } = await database.withClient((client) =>
    client.query<{ id: string }>(
      `insert into bronze.attempts (dataset, cycle, scope, source, phase, status)
       values ($1, $2, $3, $4, 'start', 'running') returning attempt_id as id`,
      [unit.dataset, unit.cycle, unit.scope, unit.source],
    ),
  );
  return Number(rows[0]?.id);
}

async function touch(database: Database, id: number): Promise<void> {
  await database.withClient((client) =>
    client.query(
      'update bronze.attempts set heartbeat_at = clock_timestamp() where attempt_id = $1',
      [id],
    ),
  );
}

async function enterPhase(database: Database, id: number, phase: string): Promise<void> {
  await database.withClient((client) =>
    client.query(
      `update bronze.attempts set phase = $2, heartbeat_at = clock_timestamp()
        where attempt_id = $1`,
      [id, phase],
    ),
  );
}

interface Ending {
  readonly status: 'succeeded' | 'failed' | 'interrupted';
  readonly loadId?: number;
  readonly error?: string;
}

async function closeAttempt(database: Database, id: number, ending: Ending): Promise<void> {
  await database.withClient((client) =>
    client.query(
      `update bronze.attempts
          set status = $2, load_id = $3, error = $4,
              heartbeat_at = clock_timestamp(), finished_at = clock_timestamp()
        where attempt_id = $1`,
      [id, ending.status, ending.loadId ?? null, ending.error ?? null],
    ),
  );
}
