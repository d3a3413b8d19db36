// `bronze.extraction_state`: how far the extraction of each dataset, cycle and committee has come.

import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import { historyTable } from './tables.ts';
import type { Load } from './types.ts';

/** Hours. What the FEC wrote may lack what was on its way when the file was made: a day is kept back. */
export const safetyMarginHours = 24;

/** Returns until when a file is complete: when the FEC wrote it, less a margin. */
export function watermarkOf(writtenAt: Date): Date {
  return new Date(writtenAt.getTime() - safetyMarginHours * 3_600_000);
}

/** Sets the state of a load's dataset and cycle and tells listeners of `fundlens_load`, in its transaction. */
export async function recordState(client: Client, dataset: Dataset, load: Load): Promise<void> {
  const { rowsRead, rowsRejected } = load;
  const hasDates = dataset.name === 'indiv';
  if (hasDates) await recordCommittees(client, dataset, load);
  await client.query(
    `insert into bronze.extraction_state as state
       (dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count)
     select $1, $2, $3, $4, (select max(last_contribution_date) from bronze.extraction_state
                              where dataset = $1 and cycle = $2 and starts_with(scope, 'committee:')),
            $5, $6
     on conflict (dataset, cycle, scope) do update
       set watermark = excluded.watermark,
           last_contribution_date = excluded.last_contribution_date,
           last_load_id = excluded.last_load_id, row_count = excluded.row_count,
           updated_at = clock_timestamp()`,
    [load.dataset, load.cycle, load.scope, load.watermark, load.loadId, rowsRead - rowsRejected],
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

/** Matches MMDDYYYY that is a day of the calendar: `to_date` would stop the load at the first typo. */
export const calendarDay =
  '^((0[13578]|1[02])(0[1-9]|[12]\\d|3[01])|(0[469]|11)(0[1-9]|[12]\\d|30)|02(0[1-9]|1\\d|2[0-8]))(19|20)\\d\\d$' +
  '|^0229(19|20)(0[48]|[2468][048]|[13579][26])$|^02292000$';

/** Brings the states of the committees that a load touched up to date; the others stand as they were. */
async function recordCommittees(client: Client, dataset: Dataset, load: Load): Promise<void> {
  const table = quoteQualified('bronze', dataset.table);
  const isWhole = load.rowsUnchanged === 0;
  if (isWhole) {
    await client.query(
      `delete from bronze.extraction_state
        where dataset = $1 and cycle = $2 and starts_with(scope, 'committee:')`,
      [load.dataset, load.cycle],
    );
  }
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
