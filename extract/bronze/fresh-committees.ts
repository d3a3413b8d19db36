import type { Client } from '../../core/database.ts';

/** Days after which the lines of a filing are looked for once more: the FEC codes them after it arrived. */
const secondLookDays = 7;

/**
 * Returns the committees with filings whose lines may be new since they were read last, in order: a
 * committee is read when a filing arrives, and again some days later, when its lines are coded.
 */
export async function readFreshCommittees(
  client: Client,
  dataset: string,
  cycle: number,
  request: {
    readonly now: Date;
    readonly lookbackDays: number | undefined;
    readonly isFull: boolean;
  },
): Promise<readonly string[]> {
  const { rows } = await client.query<{ committee: string }>(
    `with
     arrivals as (
       -- The forms that have a Schedule B.
       select filing.committee_id, load.load_id, load.finished_at as arrived_at
         from bronze.api_filings as filing
         join bronze.loads as load on load.load_id = filing._load_id
        where filing.cycle = $2 and filing._withdrawn is null
          and filing.committee_id is not null and filing.form_type ~ '^F(3|4|13)'
     ),
     known as (
       select substr(state.scope, 11) as committee_id, state.status, state.watermark,
              load.load_id, load.finished_at as read_at
         from bronze.extraction_state as state
         left join bronze.loads as load on load.load_id = state.last_load_id
        where state.dataset = $1 and state.cycle = $2 and starts_with(state.scope, 'committee:')
     )
     select distinct arrivals.committee_id as committee
       from arrivals
       left join known on known.committee_id = arrivals.committee_id
      where $5 or known.watermark is null or known.status = 'incomplete'
            or known.load_id < arrivals.load_id
            or (known.read_at < arrivals.arrived_at + make_interval(days => $4)
                and $3 >= arrivals.arrived_at + make_interval(days => $4))
      order by committee`,
    [dataset, cycle, request.now, request.lookbackDays ?? secondLookDays, request.isFull],
  );
  return rows.map(({ committee }) => committee);
}
