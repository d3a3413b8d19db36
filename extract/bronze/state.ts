// `bronze.extraction_state`: how far the extraction of each dataset, cycle and committee has come.

import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import { historyTable } from './tables.ts';
import type { CommitteeCount, Load } from './types.ts';

/** Hours. What the FEC wrote may lack what was on its way when the file was made: a day is kept back. */
export const safetyMarginHours = 24;

/** Returns until when a file is complete: when the FEC wrote it, less a margin. */
export function watermarkOf(writtenAt: Date): Date {
  return new Date(writtenAt.getTime() - safetyMarginHours * 3_600_000);
}

/** Tells whether a state of each committee is kept for a dataset. */
export function hasCommitteeState(dataset: Dataset): boolean {
  return dataset.name === 'indiv';
}

/** Returns the last day, as 20190317, that is no typo in a file that is complete until `watermark`. */
export async function readLatestDay(client: Client, watermark: Date): Promise<number> {
  const { rows } = await client.query<{ day: string }>(
    `select to_char(($1::timestamptz + make_interval(hours => ${safetyMarginHours}))::date, 'YYYYMMDD') as day`,
    [watermark],
  );
  return Number(rows[0]?.day);
}

/** What a load knows of the committees of its file. */
export interface FileCommittees {
  /** Undefined where nobody counted. */
  readonly counts: readonly CommitteeCount[] | undefined;
  /** Those whose rows changed; undefined when all of them did. */
  readonly changed: readonly string[] | undefined;
}

/**
 * Sets the state of a load's dataset and cycle and tells listeners of `fundlens_load`, in its transaction.
 * `isChecked`: the file came from a server just now, or is known to be what the server has.
 */
export async function recordState(
  client: Client,
  dataset: Dataset,
  load: Load,
  committees: FileCommittees,
  isChecked: boolean,
): Promise<void> {
  const { rowsRead, rowsRejected } = load;
  const apart = await countApart(client, dataset, load);
  if (hasCommitteeState(dataset)) {
    if (committees.counts === undefined) await countCommittees(client, dataset, load);
    else await recordCommittees(client, load, committees.counts, committees.changed);
  }
  await client.query(
    `insert into bronze.extraction_state as state
       (dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count,
        withdrawn_count, history_count, checked_at)
     select $1, $2, $3, $4, (select max(last_contribution_date) from bronze.extraction_state
                              where dataset = $1 and cycle = $2 and starts_with(scope, 'committee:')),
            $5, $6, $7, $8, case when $9 then clock_timestamp() end
     on conflict (dataset, cycle, scope) do update
       set watermark = excluded.watermark,
           last_contribution_date = excluded.last_contribution_date,
           last_load_id = excluded.last_load_id, row_count = excluded.row_count,
           withdrawn_count = excluded.withdrawn_count, history_count = excluded.history_count,
           checked_at = coalesce(excluded.checked_at, state.checked_at),
           updated_at = clock_timestamp()`,
    [
      load.dataset,
      load.cycle,
      load.scope,
      load.watermark,
      load.loadId,
      rowsRead - rowsRejected,
      apart.withdrawn,
      apart.history,
      isChecked,
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

/** Counts what a cycle has beside its live rows, where the load changed that: a count reads the whole table. */
async function countApart(
  client: Client,
  dataset: Dataset,
  { cycle, scope, rowsUnchanged, rowsUpdated, rowsWithdrawn, rowsReturned }: Load,
): Promise<{ readonly withdrawn: string; readonly history: string }> {
  const isFirst = rowsUnchanged + rowsUpdated + rowsWithdrawn + rowsReturned === 0;
  const known = (column: string, isSame: boolean): string =>
    isSame
      ? `(select ${column} from bronze.extraction_state
           where dataset = $2 and cycle = $1 and scope = $3)`
      : 'null';
  const { rows } = await client.query<{ withdrawn: string; history: string }>(
    `select coalesce(${isFirst ? '0' : known('withdrawn_count', rowsWithdrawn + rowsReturned === 0)},
                     (select count(_withdrawn) from ${quoteQualified('bronze', dataset.table)}
                       where cycle = $1)) as withdrawn,
            coalesce(${known('history_count', rowsUpdated + rowsReturned === 0)},
                     (select count(*) from ${quoteQualified('bronze', historyTable(dataset))}
                       where cycle = $1)) as history
      where $2::text is not null and $3::text is not null`,
    [cycle, dataset.name, scope],
  );
  return rows[0] ?? { withdrawn: '0', history: '0' };
}

/** Notes that the server still has what is loaded of these datasets. */
export async function recordChecks(
  client: Client,
  cycle: number,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  await client.query(
    `update bronze.extraction_state set checked_at = clock_timestamp()
      where cycle = $1 and scope = 'national' and dataset = any($2::text[])`,
    [cycle, names],
  );
}

/** Matches MMDDYYYY that is a day of the calendar: `to_date` would stop the load at the first typo. */
export const calendarDay =
  '^((0[13578]|1[02])(0[1-9]|[12]\\d|3[01])|(0[469]|11)(0[1-9]|[12]\\d|30)|02(0[1-9]|1\\d|2[0-8]))(19|20)\\d\\d$' +
  '|^0229(19|20)(0[48]|[2468][048]|[13579][26])$|^02292000$';

/** Brings the states of the committees that a load touched up to date; the others stand as they were. */
async function recordCommittees(
  client: Client,
  load: Load,
  counts: readonly CommitteeCount[],
  changed: readonly string[] | undefined,
): Promise<void> {
  if (changed === undefined) await forgetCommittees(client, load);
  const counted = new Map(counts.map((count) => [count.committee, count]));
  const names = changed ?? [...counted.keys()];
  await client.query(
    `insert into bronze.extraction_state as state
       (dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count)
     select $1, $2, 'committee:' || committee, $3, day, $4, live_rows
       from unnest($5::text[], $6::date[], $7::bigint[]) as counted (committee, day, live_rows)
     on conflict (dataset, cycle, scope) do update
       set watermark = excluded.watermark, last_contribution_date = excluded.last_contribution_date,
           last_load_id = excluded.last_load_id, row_count = excluded.row_count,
           updated_at = clock_timestamp()`,
    [
      load.dataset,
      load.cycle,
      load.watermark,
      load.loadId,
      names,
      names.map((name) => counted.get(name)?.lastDay?.toString() ?? null),
      names.map((name) => counted.get(name)?.rows ?? 0),
    ],
  );
}

async function forgetCommittees(client: Client, load: Load): Promise<void> {
  await client.query(
    `delete from bronze.extraction_state
      where dataset = $1 and cycle = $2 and starts_with(scope, 'committee:')`,
    [load.dataset, load.cycle],
  );
}

/** The same from the rows in Bronze, where the file had too many committees to be counted as they passed. */
async function countCommittees(client: Client, dataset: Dataset, load: Load): Promise<void> {
  const table = quoteQualified('bronze', dataset.table);
  const isWhole = load.rowsUnchanged === 0;
  if (isWhole) await forgetCommittees(client, load);
  await client.query(
    `with
     touched as (
       select cmte_id from ${table} where cycle = $1 and $2 in (_load_id, _withdrawn)
       union
       select cmte_id from ${quoteQualified('bronze', historyTable(dataset))}
        where cycle = $1 and _superseded_by = $2
     ),
     grouped as (
       select cmte_id, transaction_dt, count(*) filter (where _withdrawn is null) as live_rows
         from ${table}
        where cycle = $1 and cmte_id is not null
              ${isWhole ? '' : 'and cmte_id in (select cmte_id from touched)'}
        group by cmte_id, transaction_dt
     ),
     dated as (
       select cmte_id, live_rows,
              case when live_rows > 0 and transaction_dt ~ '${calendarDay}'
                   then to_date(transaction_dt, 'MMDDYYYY') end as day
         from grouped
     )
     insert into bronze.extraction_state as state
       (dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count)
     select $3, $1, 'committee:' || cmte_id, $4,
            -- A date after the file itself is a typo, and would stand as the newest for ever.
            max(day) filter (where day <= ($4::timestamptz + make_interval(hours => ${safetyMarginHours}))::date),
            $2, sum(live_rows)
       from dated group by cmte_id
     on conflict (dataset, cycle, scope) do update
       set watermark = excluded.watermark, last_contribution_date = excluded.last_contribution_date,
           last_load_id = excluded.last_load_id, row_count = excluded.row_count,
           updated_at = clock_timestamp()`,
    [load.cycle, load.loadId, load.dataset, load.watermark],
  );
}
