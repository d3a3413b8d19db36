import type { ApiDataset } from './api-types.ts';

/** Candidates of a cycle, by the API. */
export const apiCandidates: ApiDataset = {
  name: 'candidates',
  description: 'Candidates of the cycle: one row per candidate, as the API has it now.',
  table: 'api_candidates',
  sourceUrl: 'https://api.open.fec.gov/developers/#/candidate/get_v1_candidates_',
  paths: ['/candidates/'],
  params: {},
  cycleParam: 'cycle',
  paging: { kind: 'page', sort: 'candidate_id' },
  clock: undefined,
  columns: [
    { name: 'candidate_id', doc: 'Candidate identifier.' },
    { name: 'name', doc: 'Candidate name.' },
    { name: 'state', doc: 'State of the office; US for President.' },
    { name: 'office', doc: 'Office: H, S or P.' },
    { name: 'party', doc: 'Party.' },
    { name: 'load_date', doc: 'When the candidate was loaded into the database behind the API.' },
  ],
  key: 'candidate_id',
  state: { param: 'state', column: 'state' },
  committee: undefined,
  national: 'whole',
  bulk: [],
};
