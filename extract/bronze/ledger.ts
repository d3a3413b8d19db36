// The ledger of loads: what it holds is loaded, what it does not hold is not.

import { type Client, inTransaction } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Load, LoadUnit } from './types.ts';

/** The newest load of a unit, as far as deciding needs it. */
export interface LastLoad {
  readonly loadId: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly rowsLoaded: number;
  /** As the server sent it; undefined where the file was the user's own. */
  readonly etag: string | undefined;
  /** Undefined for a load of a program that stored no hashes. */
  readonly hashAlgorithm: string | undefined;
}

/** Returns the newest load of a unit, or undefined. */
export async function readLastLoad(client: Client, unit: LoadUnit): Promise<LastLoad | undefined> {
  const { rows } = await client.query<{
    id: string;
    sha: string;
    bytes: string;
    loaded: string;
    algorithm: string | null;
    etag: string | null;
  }>(
    `select load_id as id, sha256 as sha, bytes, rows_read - rows_rejected as loaded,
            hash_algorithm as algorithm, etag
       from bronze.loads where dataset = $1 and cycle = $2 and scope = $3
      order by load_id desc limit 1`,
    [unit.dataset, unit.cycle, unit.scope],
  );
  const row = rows[0];
  return row === undefined
    ? undefined
    : {
        loadId: Number(row.id),
        sha256: row.sha,
        bytes: Number(row.bytes),
        rowsLoaded: Number(row.loaded),
        etag: row.etag ?? undefined,
        hashAlgorithm: row.algorithm ?? undefined,
      };
}

/** Tells whether a table still holds rows of a cycle: someone may have dropped what the ledger remembers. */
export async function hasRows(client: Client, table: string, cycle: number): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (select from ${quoteQualified('bronze', table)} where cycle = $1) as found`,
    [cycle],
  );
  return rows[0]?.found === true;
}

/** Returns the moment of a time of day in Washington, where the FEC writes its files. */
export async function readWashingtonTime(client: Client, time: string): Promise<Date> {
  const { rows } = await client.query<{ seconds: string }>(
    "select extract(epoch from $1::timestamp at time zone 'America/New_York') as seconds",
    [time],
  );
  return new Date(Number(rows[0]?.seconds) * 1000);
}

/**
 * Returns the identifier of the next load. Loads are numbered without gaps, so that a run that was
 * killed and run again ends in the same rows; only the holder of the lease may ask.
 */
export async function nextLoadId(client: Client): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    'select coalesce(max(load_id), 0) + 1 as id from bronze.loads',
  );
  return Number(rows[0]?.id);
}

/** Writes a load into the ledger, in the transaction that publishes its rows. */
export async function insertLoad(client: Client, load: Load): Promise<void> {
  const values: Readonly<Record<string, string | number | boolean | Date | null>> = {
    load_id: load.loadId,
    attempt_id: load.attemptId,
    dataset: load.dataset,
    cycle: load.cycle,
    scope: load.scope,
    source: load.source,
    etag: load.etag ?? null,
    last_modified: load.lastModified ?? null,
    sha256: load.sha256,
    bytes: load.bytes,
    member: load.member,
    member_bytes: load.memberBytes,
    member_modified_at: load.memberModifiedAt ?? null,
    line_ending: load.lineEnding,
    ends_with_newline: load.endsWithNewline,
    rows_read: load.rowsRead,
    rows_inserted: load.rowsInserted,
    rows_updated: load.rowsUpdated,
    rows_withdrawn: load.rowsWithdrawn,
    rows_unchanged: load.rowsUnchanged,
    rows_returned: load.rowsReturned,
    rows_rejected: load.rowsRejected,
    rows_repaired: load.rowsRepaired,
    hash_algorithm: load.hashAlgorithm,
    watermark: load.watermark,
    started_at: load.startedAt,
    program_version: load.programVersion,
  };
  const names = Object.keys(values);
  await client.query(
    `insert into bronze.loads (${names.join(', ')}, finished_at)
     values (${names.map((_, index) => `$${index + 1}`).join(', ')}, clock_timestamp())`,
    Object.values(values),
  );
}

/** One answer of the API, as the ledger keeps it. */
export interface ApiLoad extends LoadUnit {
  readonly loadId: number;
  readonly attemptId: number;
  /** SHA-256 of the answer, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly rowsRead: number;
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
  readonly rowsWithdrawn: number;
  readonly rowsUnchanged: number;
  readonly rowsReturned: number;
  readonly rowsRejected: number;
  /** Set by the load that ends a window: up to then the scope is complete. */
  readonly watermark: Date | undefined;
  readonly startedAt: Date;
  readonly programVersion: string;
}

/**
 * Returns the identifier of the next load and keeps it: others wait for the end of this transaction.
 * Several processes may load from the API at once.
 */
export async function claimLoadId(client: Client): Promise<number> {
  await client.query("select pg_advisory_xact_lock(hashtextextended('fundlens:loads', 0))");
  return nextLoadId(client);
}

/** Writes an answer into the ledger and tells listeners of `fundlens_load`, in the transaction of its rows. */
export async function insertApiLoad(client: Client, load: ApiLoad): Promise<void> {
  await client.query(
    `insert into bronze.loads
       (load_id, attempt_id, dataset, cycle, scope, source, sha256, bytes, rows_read, rows_inserted,
        rows_updated, rows_withdrawn, rows_unchanged, rows_returned, rows_rejected, rows_repaired,
        watermark, started_at, program_version, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $17, $18,
             clock_timestamp())`,
    [
      load.loadId,
      load.attemptId,
      load.dataset,
      load.cycle,
      load.scope,
      load.source,
      load.sha256,
      load.bytes,
      load.rowsRead,
      load.rowsInserted,
      load.rowsUpdated,
      load.rowsWithdrawn,
      load.rowsUnchanged,
      load.rowsReturned,
      load.rowsRejected,
      load.watermark ?? null,
      load.startedAt,
      load.programVersion,
    ],
  );
  await client.query("select pg_notify('fundlens_load', $1)", [
    JSON.stringify({
      load: load.loadId,
      dataset: load.dataset,
      cycle: load.cycle,
      scope: load.scope,
      inserted: load.rowsInserted,
      updated: load.rowsUpdated,
      withdrawn: load.rowsWithdrawn,
      unchanged: load.rowsUnchanged,
      rejected: load.rowsRejected,
    }),
  ]);
}

/**
 * Tells whether the load of an attempt was committed, when the connection was lost during the commit.
 * Waits for the backend that was committing: it holds the attempt's lock until it has ended.
 */
export async function wasCommitted(client: Client, attemptId: number): Promise<boolean> {
  return inTransaction(client, async () => {
    await client.query("set local lock_timeout = '60s'");
    await lockAttempt(client, attemptId);
    const { rowCount } = await client.query('select from bronze.loads where attempt_id = $1', [
      attemptId,
    ]);
    return rowCount === 1;
  });
}

/** Marks the transaction as the one that publishes an attempt, for `wasCommitted`. */
export async function lockAttempt(client: Client, attemptId: number): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `fundlens:attempt:${attemptId}`,
  ]);
}
