import type { Client } from '../../core/database.ts';

/** What is known of one dataset and cycle; nulls where no load has succeeded yet. */
export interface UnitStatus {
  readonly dataset: string;
  readonly table: string;
  readonly cycle: number;
  /** Rows in the table: what the newest load left there. */
  readonly rows: number | null;
  readonly rejected: number | null;
  readonly repaired: number | null;
  readonly loadId: number | null;
  /** UTC, to the second. */
  readonly loadedAt: string | null;
  readonly source: string;
  /** How the newest attempt ended: `succeeded`, `failed`, `interrupted`, `crashed`, or `running`. */
  readonly lastAttempt: string;
  /** Why it failed. */
  readonly error: string | null;
}

/** Reads the ledger of bulk files; a database without one has nothing loaded. */
export async function readStatus(
  client: Client,
  datasets: readonly string[],
): Promise<readonly UnitStatus[]> {
  const ledger = await client.query<{ found: boolean }>(
    "select to_regclass('bronze.attempts') is not null as found",
  );
  if (!ledger.rows[0]?.found) return [];
  const { rows } = await client.query<
    Omit<UnitStatus, 'rows' | 'rejected' | 'repaired' | 'loadId'> & {
      readonly loaded: string | null;
      readonly rejected: string | null;
      readonly repaired: string | null;
      readonly loadId: string | null;
    }
  >(
    `with
     last_attempts as (
       select distinct on (dataset, cycle, scope) dataset, cycle, scope, source, status, error
         from bronze.attempts where dataset = any($1)
        order by dataset, cycle, scope, attempt_id desc
     ),
     last_loads as (
       select distinct on (dataset, cycle, scope) *
         from bronze.loads order by dataset, cycle, scope, load_id desc
     )
     select attempt.dataset, 'bronze.fec_' || attempt.dataset as table, attempt.cycle,
            load.rows_read - load.rows_rejected as loaded, load.rows_rejected as rejected,
            load.rows_repaired as repaired, load.load_id as "loadId",
            to_char(load.finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as "loadedAt",
            attempt.source, attempt.status as "lastAttempt", attempt.error
       from last_attempts as attempt
       left join last_loads as load using (dataset, cycle, scope)
      order by attempt.cycle desc, attempt.dataset`,
    [datasets],
  );
  return rows.map(({ loaded, rejected, repaired, loadId, ...row }) => ({
    ...row,
    rows: numberOf(loaded),
    rejected: numberOf(rejected),
    repaired: numberOf(repaired),
    loadId: numberOf(loadId),
  }));
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

/** PostgreSQL's bigint comes as text; counts of rows stay far below 2^53. */
function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
