import type { Client } from '../../core/database.ts';

/** The newest load of a dataset and cycle. */
export interface LoadStatus {
  readonly loadId: number;
  /** UTC, to the second, as all times here. */
  readonly loadedAt: string;
  readonly source: string;
  readonly read: number;
  readonly inserted: number;
  readonly updated: number;
  readonly withdrawn: number;
  readonly unchanged: number;
  readonly returned: number;
  readonly rejected: number;
  readonly repaired: number;
  /** When the FEC wrote the file. */
  readonly writtenAt: string;
}

/** The newest try. */
export interface AttemptStatus {
  readonly startedAt: string;
  /** `succeeded`, `failed`, `interrupted`, `crashed` or `running`. */
  readonly status: string;
  /** What it did last. */
  readonly phase: string;
  /** Why it failed. */
  readonly error: string | null;
}

/** What is known of one dataset and cycle. */
export interface UnitStatus {
  readonly dataset: string;
  readonly table: string;
  readonly cycle: number;
  /** Live rows, as the newest load left them; null until a load succeeds. */
  readonly rows: number | null;
  /** Rows marked as no longer in the FEC's file; null also after a load of an older program. */
  readonly withdrawn: number | null;
  /** Superseded versions in the history; null likewise. */
  readonly history: number | null;
  readonly load: LoadStatus | null;
  /** When the FEC was last asked for a newer file; null for files of the user's own. */
  readonly checkedAt: string | null;
  readonly loads: number;
  readonly attempts: number;
  /** Tries that did not succeed. */
  readonly failures: number;
  /** Rows in bronze.rejects of all loads. */
  readonly rejectedEver: number;
  readonly attempt: AttemptStatus;
}

const utc = (value: string): string =>
  `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

// Columns of newer programs are read out of `to_jsonb`: status reads what is there and migrates nothing.
// Counts of rows are JSON numbers or float8: they stay far below 2^53.
const query = `
  with
  tries as (
    select dataset, cycle, scope, count(*) as attempts,
           count(*) filter (where status in ('failed', 'interrupted', 'crashed')) as failures,
           max(attempt_id) as attempt_id
      from bronze.attempts where scope = 'national' and dataset = any($1)
     group by dataset, cycle, scope
  ),
  ledger as (
    select dataset, cycle, scope, count(*) as loads, sum(rows_rejected) as rejected_ever,
           max(load_id) as load_id
      from bronze.loads group by dataset, cycle, scope
  )
  select tries.dataset, tries.cycle, 'bronze.fec_' || tries.dataset as table,
         (load.rows_read - load.rows_rejected)::float8 as rows,
         (to_jsonb(state) ->> 'withdrawn_count')::float8 as withdrawn,
         (to_jsonb(state) ->> 'history_count')::float8 as history,
         case when load.load_id is not null then json_build_object(
           'loadId', load.load_id, 'loadedAt', ${utc('load.finished_at')}, 'source', load.source,
           'read', load.rows_read, 'inserted', load.rows_inserted, 'updated', load.rows_updated,
           'withdrawn', load.rows_withdrawn, 'unchanged', load.rows_unchanged,
           'returned', load.rows_returned, 'rejected', load.rows_rejected,
           'repaired', load.rows_repaired,
           'writtenAt', ${utc("coalesce(load.last_modified, load.watermark + interval '24 hours', load.started_at)")}
         ) end as load,
         ${utc("(to_jsonb(state) ->> 'checked_at')::timestamptz")} as "checkedAt",
         coalesce(ledger.loads, 0)::int as loads, tries.attempts::int as attempts,
         tries.failures::int as failures, coalesce(ledger.rejected_ever, 0)::int as "rejectedEver",
         json_build_object(
           'startedAt', ${utc('attempt.started_at')}, 'status', attempt.status,
           'phase', attempt.phase, 'error', attempt.error) as attempt
    from tries
    join bronze.attempts as attempt using (attempt_id)
    left join ledger on (ledger.dataset, ledger.cycle, ledger.scope) = (tries.dataset, tries.cycle, tries.scope)
    left join bronze.loads as load on load.load_id = ledger.load_id
    left join bronze.extraction_state as state
      on (state.dataset, state.cycle, state.scope) = (tries.dataset, tries.cycle, tries.scope)
   order by tries.cycle desc, tries.dataset`;

/** Reads the ledger of bulk files; a database without one has nothing to show. */
export async function readStatus(
  client: Client,
  datasets: readonly string[],
): Promise<readonly UnitStatus[]> {
  const ledger = await client.query<{ found: boolean }>(
    "select to_regclass('bronze.extraction_state') is not null as found",
  );
  if (!ledger.rows[0]?.found) return [];
  return (await client.query<UnitStatus>(query, [datasets])).rows;
}

/** What is known of one scope of the API. */
export interface ScopeStatus {
  readonly dataset: string;
  readonly table: string;
  readonly cycle: number;
  readonly scope: string;
  readonly status: 'complete' | 'incomplete';
  /** Complete up to then, UTC, to the second. */
  readonly completeTo: string | null;
  /** Rows seen in the newest window. */
  readonly windowRows: number;
  /** Calls of the newest window, and all calls ever. */
  readonly windowCalls: number;
  readonly calls: number;
  /** How the newest attempt ended. */
  readonly lastAttempt: string | null;
  readonly error: string | null;
}

/** Reads the states of the API's scopes, the country first. */
export async function readScopes(
  client: Client,
  datasets: readonly string[],
): Promise<readonly ScopeStatus[]> {
  const state = await client.query<{ found: boolean }>(
    "select to_regclass('bronze.api_calls') is not null as found",
  );
  if (!state.rows[0]?.found) return [];
  const { rows } = await client.query<ScopeStatus>(
    `with last_attempts as (
       select distinct on (dataset, cycle, scope) dataset, cycle, scope, status
         from bronze.attempts where dataset = any($1)
        order by dataset, cycle, scope, attempt_id desc
     )
     select state.dataset, 'bronze.api_' || state.dataset as table, state.cycle, state.scope,
            state.status,
            to_char(state.watermark at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as "completeTo",
            state.row_count::float8 as "windowRows", state.window_calls::float8 as "windowCalls",
            state.calls::float8 as calls, attempt.status as "lastAttempt", state.error
       from bronze.extraction_state as state
       left join last_attempts as attempt using (dataset, cycle, scope)
      where state.dataset = any($1)
      order by state.cycle desc, state.dataset, state.scope <> 'national', state.scope`,
    [datasets],
  );
  return rows;
}
