import type { ApiDataset } from './api-types.ts';

/** Filings of a cycle, by the API. */
export const apiFilings: ApiDataset = {
  name: 'filings',
  description: 'Reports, statements and notices that the FEC received: one row per filing.',
  table: 'api_filings',
  sourceUrl: 'https://api.open.fec.gov/developers/#/filings/get_v1_filings_',
  paths: ['/filings/'],
  params: {},
  cycleParam: 'cycle',
  paging: { kind: 'page', sort: 'receipt_date' },
  clock: {
    column: 'receipt_date',
    min: 'min_receipt_date',
    max: 'max_receipt_date',
    grain: 'date',
  },
  columns: [
    { name: 'sub_id', doc: "The FEC's own key of the row: 19 digits." },
    { name: 'committee_id', doc: 'Filer of the row.' },
    { name: 'receipt_date', doc: 'When the FEC received it: the clock of the extraction.' },
    { name: 'file_number', doc: 'Number of the electronic filing.' },
    { name: 'form_type', doc: 'Form, such as F3 or F3X.' },
    { name: 'report_type', doc: 'Report, such as Q1 or YE.' },
    { name: 'amendment_indicator', doc: 'N new, A amendment, T termination.' },
    { name: 'most_recent', doc: 'False where a later amendment takes its place.' },
  ],
  key: 'sub_id',
  state: undefined,
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'whole',
  bulk: ['oth'],
};
