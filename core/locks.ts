// Advisory locks: one session holds a lease, and the others can say who it is.

import type { Client, Database } from './database.ts';
import { UserError } from './errors.ts';

/** Raised when another process holds the lease; carries what that process said of itself. */
export class LeaseError extends UserError {
  override readonly name = 'LeaseError';
}

/** `alone`: nobody else holds the lease meanwhile; `shared`: others that share it may. */
export type LeaseMode = 'alone' | 'shared';

/**
 * Runs `use` while this process alone holds the lease `name` in the database. The lease is a session
 * advisory lock on a connection of its own, so it ends with the process, however that dies. Processes
 * that share it keep one out that wants it alone.
 * @throws {LeaseError} when another session holds it, naming that session; when it was lost meanwhile.
 */
export async function withLease<T>(
  database: Database,
  name: string,
  use: () => Promise<T>,
  mode: LeaseMode = 'alone',
): Promise<T> {
  const lock = mode === 'alone' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared';
  return database.withClient(async (client) => {
    const { rows } = await client.query<{ taken: boolean }>(
      `select ${lock}(hashtextextended($1, 0)) as taken`,
      [leaseKey(name)],
    );
    if (!rows[0]?.taken) throw await leaseFault(client, name);
    let result: T;
    try {
      result = await use();
    } catch (error) {
      await giveUp(client, name, mode);
      throw error;
    }
    if (!(await giveUp(client, name, mode))) throw lostFault(name);
    return result;
  });
}

/** Unlocks, and tells whether the lock was still ours: the server may have ended our session. */
async function giveUp(client: Client, name: string, mode: LeaseMode): Promise<boolean> {
  const unlock = mode === 'alone' ? 'pg_advisory_unlock' : 'pg_advisory_unlock_shared';
  try {
    const { rows } = await client.query<{ held: boolean }>(
      `select ${unlock}(hashtextextended($1, 0)) as held`,
      [leaseKey(name)],
    );
    return rows[0]?.held === true;
  } catch {
    // The connection must not live on in the pool with the lock; what it said does not matter more.
    void client.end().catch(() => undefined);
    return false;
  }
}

function lostFault(name: string): LeaseError {
  return new LeaseError(
    `the connection that held the lease of \`${name}\` was lost during the run`,
    {
      hint: 'look whether another run worked at the same time, and run again',
      exitCode: 1,
    },
  );
}

function leaseKey(name: string): string {
  return `fundlens:${name}`;
}

async function leaseFault(client: Client, name: string): Promise<LeaseError> {
  const { rows } = await client.query<{ pid: number; application: string; since: string }>(
    `select activity.pid, activity.application_name as application,
            to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') as since
       from pg_locks as locks
       join pg_stat_activity as activity on activity.pid = locks.pid
      where locks.locktype = 'advisory' and locks.granted and locks.objsubid = 1
        and locks.database = (select oid from pg_database where datname = current_database())
        and (locks.classid::bigint << 32 | locks.objid::bigint) = hashtextextended($1, 0)`,
    [leaseKey(name)],
  );
  const holder = rows[0];
  const who = holder
    ? `\`${holder.application}\` (backend ${holder.pid}, connected since ${holder.since})`
    : 'another session';
  return new LeaseError(`\`${name}\` is already running: ${who} holds its lease`, {
    hint: holder
      ? `wait for it to end, or end it with \`select pg_terminate_backend(${holder.pid})\``
      : 'try again',
    exitCode: 1,
  });
}
