import type { ApiDataset } from './api-types.ts';

/** Sums that candidates reported, by the API. */
export const apiCandidateTotals: ApiDataset = {
  name: 'candidate_totals',
  description:
    "What a candidate's committees reported for the two years of the cycle: one row per candidate.",
  table: 'api_candidate_totals',
  sourceUrl: 'https://api.open.fec.gov/developers/#/candidate/get_v1_candidates_totals_',
  paths: ['/candidates/totals/'],
  params: { election_full: 'false' },
  cycleParam: 'cycle',
  paging: { kind: 'page', sort: 'candidate_id' },
  clock: undefined,
  columns: [
    { name: 'candidate_id', doc: 'Candidate identifier.' },
    { name: 'election_year', doc: 'Year of the election.' },
    { name: 'state', doc: 'State of the office.' },
    { name: 'office', doc: 'Office: H, S or P.' },
    { name: 'receipts', doc: 'Sum of receipts, US dollars.' },
    { name: 'disbursements', doc: 'Sum of disbursements, US dollars.' },
    { name: 'coverage_end_date', doc: 'End of the newest report in the sums.' },
  ],
  key: 'candidate_id',
  state: { param: 'state', column: 'state' },
  committee: undefined,
  national: 'whole',
  bulk: [],
};
