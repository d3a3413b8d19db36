import type { ApiDataset } from './api-types.ts';

/** Sums that committees reported, by the API. */
export const apiCommitteeTotals: ApiDataset = {
  name: 'committee_totals',
  description: 'What a committee reported for the two years of the cycle: one row per committee.',
  table: 'api_committee_totals',
  sourceUrl: 'https://api.open.fec.gov/developers/#/financial/get_v1_totals__entity_type__',
  paths: [
    '/totals/house-senate/',
    '/totals/presidential/',
    '/totals/pac-party/',
    '/totals/ie-only/',
  ],
  params: {},
  cycleParam: 'cycle',
  paging: { kind: 'page', sort: 'committee_id' },
  clock: undefined,
  columns: [
    { name: 'committee_id', doc: 'Committee identifier.' },
    { name: 'committee_type', doc: 'Committee type.' },
    { name: 'committee_state', doc: 'State of the committee.' },
    { name: 'receipts', doc: 'Sum of receipts, US dollars.' },
    { name: 'disbursements', doc: 'Sum of disbursements, US dollars.' },
    {
      name: 'individual_unitemized_contributions',
      doc: 'Contributions of individuals that were not itemized, US dollars.',
    },
    { name: 'coverage_end_date', doc: 'End of the newest report in the sums.' },
  ],
  key: 'committee_id',
  state: { param: 'committee_state', column: 'committee_state' },
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'whole',
  bulk: [],
};
