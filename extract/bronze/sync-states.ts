// The extraction state from what is in Bronze: rows counted, loads and watermarks from the ledger.

import type { Client } from '../../core/database.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import { apiDatasets, parseScope, scopeFilter } from '../datasets/api-catalog.ts';
import { datasets } from '../datasets/catalog.ts';
import { calendarDay, safetyMarginHours } from './state.ts';

/** One field of a state that is not what Bronze says. */
export interface StateDifference {
  readonly dataset: string;
  readonly cycle: number;
  readonly scope: string;
  readonly field: string;
  readonly was: string | null;
  readonly is: string | null;
}

/** Which states, and whether to write. */
export interface SyncRequest {
  /** None means all. */
  readonly cycles: readonly number[];
  readonly committees: readonly string[];
  readonly dryRun: boolean;
}

/** Compares every state with Bronze, sets it right unless it is a dry run, and returns what differed. */
export async function syncStates(
  client: Client,
  request: SyncRequest,
): Promise<readonly StateDifference[]> {
  await client.query(
    `create temporary table computed_state (
       dataset text, cycle integer, scope text, watermark timestamptz, last_contribution_date date,
       last_load_id bigint, row_count bigint) on commit drop`,
  );
  await computeBulk(client);
  await computeApi(client);
  const chosen = `($1::int[] = '{}' or cycle = any($1))
    and ($2::text[] = '{}' or scope = any(select 'committee:' || upper(id) from unnest($2) as id))`;
  const values = [request.cycles, request.committees];
  const { rows } = await client.query<StateDifference>(
    `select dataset, cycle, scope, field, was, is_now as is
       from bronze.extraction_state as state
       full join computed_state as computed using (dataset, cycle, scope)
      cross join lateral (values
              ('rows', state.row_count::text, computed.row_count::text),
              ('load', state.last_load_id::text, computed.last_load_id::text),
              ('watermark', state.watermark::text, computed.watermark::text),
              ('last contribution', state.last_contribution_date::text,
               computed.last_contribution_date::text)) as field (field, was, is_now)
      where was is distinct from is_now and ${chosen}
      order by dataset, cycle, scope, field`,
    values,
  );
  if (request.dryRun || rows.length === 0) return rows;
  await client.query(
    `delete from bronze.extraction_state as state
      where ${chosen} and status = 'complete'
        and not exists (select from computed_state as computed
                         where (computed.dataset, computed.cycle, computed.scope)
                               = (state.dataset, state.cycle, state.scope))`,
    values,
  );
  await client.query(
    `insert into bronze.extraction_state as state
       (dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count)
     select dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count
       from computed_state where ${chosen}
     on conflict (dataset, cycle, scope) do update
       set watermark = excluded.watermark, last_contribution_date = excluded.last_contribution_date,
           last_load_id = excluded.last_load_id, row_count = excluded.row_count,
           updated_at = clock_timestamp()
     where (state.watermark, state.last_contribution_date, state.last_load_id, state.row_count)
           is distinct from (excluded.watermark, excluded.last_contribution_date,
                             excluded.last_load_id, excluded.row_count)`,
    values,
  );
  return rows;
}

/** Bulk: the country by dataset and cycle, and the committees of individual contributions. */
async function computeBulk(client: Client): Promise<void> {
  for (const dataset of datasets) {
    const table = quoteQualified('bronze', dataset.table);
    const isIndiv = dataset.name === 'indiv';
    const day = `case when transaction_dt ~ '${calendarDay}'
                      then to_date(transaction_dt, 'MMDDYYYY') end`;
    if (isIndiv) {
      await client.query(
        `insert into computed_state
         select ${quoteLiteral(dataset.name)}, line.cycle, 'committee:' || cmte_id, load.watermark,
                max(${day}) filter (
                  where _withdrawn is null and ${day}
                        <= (load.watermark + make_interval(hours => ${safetyMarginHours}))::date),
                max(greatest(_load_id, coalesce(_withdrawn, 0))),
                count(*) filter (where _withdrawn is null)
           from ${table} as line
           join (${lastLoads(dataset.name)}) as load on load.cycle = line.cycle
          where cmte_id is not null
          group by line.cycle, cmte_id, load.watermark`,
      );
    }
    await client.query(
      `insert into computed_state
       select ${quoteLiteral(dataset.name)}, load.cycle, 'national', load.watermark,
              (select max(last_contribution_date) from computed_state as committee
                where committee.dataset = ${quoteLiteral(dataset.name)}
                  and committee.cycle = load.cycle),
              load.load_id,
              (select count(*) from ${table} as line
                where line.cycle = load.cycle and line._withdrawn is null)
         from (${lastLoads(dataset.name)}) as load`,
    );
  }
}

/** API: every scope of the ledger. A watermark stands only while the rows of its loads are still there. */
async function computeApi(client: Client): Promise<void> {
  for (const dataset of apiDatasets) {
    const table = quoteQualified('bronze', dataset.table);
    const { rows } = await client.query<{
      cycle: number;
      scope: string;
      load_id: string;
      watermark: string | null;
      kept: string;
    }>(
      `select load.cycle, load.scope, max(load.load_id) as load_id,
              max(load.watermark)::text as watermark, coalesce(state.row_count, 0) as kept
         from bronze.loads as load
         left join bronze.extraction_state as state
           on (state.dataset, state.cycle, state.scope) = (load.dataset, load.cycle, load.scope)
        where load.dataset = $1 group by load.cycle, load.scope, state.row_count`,
      [dataset.name],
    );
    for (const row of rows) {
      const scope = parseScope(row.scope);
      const filter = scope === undefined ? undefined : scopeFilter(dataset, scope);
      const condition = filter === undefined ? '' : `and ${quoteIdentifier(filter.column)} = $4`;
      const brought = await client.query<{ missing: boolean }>(
        // What the ledger says was brought, and no row of it is left: someone emptied the table.
        `select (select coalesce(sum(rows_inserted), 0) > 0 from bronze.loads
                  where dataset = $1 and cycle = $2 and scope = $3)
                and not exists (select from ${table} where cycle = $2 ${condition}) as missing`,
        [dataset.name, row.cycle, row.scope, ...(filter === undefined ? [] : [filter.value])],
      );
      const isMissing = brought.rows[0]?.missing === true;
      await client.query(`insert into computed_state values ($1, $2, $3, $4, null, $5, $6)`, [
        dataset.name,
        row.cycle,
        row.scope,
        isMissing ? null : row.watermark,
        row.load_id,
        isMissing ? '0' : row.kept,
      ]);
    }
  }
}

function lastLoads(dataset: string): string {
  return `select distinct on (cycle) cycle, load_id, watermark from bronze.loads
           where dataset = ${quoteLiteral(dataset)} and scope = 'national'
           order by cycle, load_id desc`;
}
