import type { ApiDataset } from './api-types.ts';

/** Committees of a cycle, by the API. */
export const apiCommittees: ApiDataset = {
  name: 'committees',
  description:
    'Committees that were active in the cycle: one row per committee, as the API has it now.',
  table: 'api_committees',
  sourceUrl: 'https://api.open.fec.gov/developers/#/committee/get_v1_committees_',
  paths: ['/committees/'],
  params: {},
  cycleParam: 'cycle',
  paging: { kind: 'page', sort: 'committee_id' },
  clock: undefined,
  columns: [
    { name: 'committee_id', doc: 'Committee identifier: C and eight digits.' },
    { name: 'name', doc: 'Committee name.' },
    { name: 'state', doc: 'State.' },
    { name: 'committee_type', doc: 'Committee type.' },
    { name: 'designation', doc: 'Designation: A, B, D, J, P or U.' },
    { name: 'last_file_date', doc: 'When the committee filed last.' },
  ],
  key: 'committee_id',
  state: { param: 'state', column: 'state' },
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'whole',
  bulk: [],
};
