import type { ApiDataset } from './api-types.ts';

/** Itemized receipts, by the API. */
export const apiScheduleA: ApiDataset = {
  name: 'schedule_a',
  description: 'Itemized receipts: one row per line of a Schedule A, memo lines included.',
  table: 'api_schedule_a',
  sourceUrl: 'https://api.open.fec.gov/developers/#/receipts/get_v1_schedules_schedule_a_',
  paths: ['/schedules/schedule_a/'],
  params: {},
  cycleParam: 'two_year_transaction_period',
  paging: { kind: 'seek', sort: 'contribution_receipt_date' },
  clock: { column: 'load_date', min: 'min_load_date', max: 'max_load_date', grain: 'timestamp' },
  columns: [
    { name: 'sub_id', doc: "The FEC's own key of the row: 19 digits." },
    { name: 'committee_id', doc: 'Filer of the row.' },
    {
      name: 'load_date',
      doc: 'When the row was loaded into the database behind the API: the clock of the extraction.',
    },
    { name: 'contributor_state', doc: 'State of the contributor, as disclosed.' },
    { name: 'contribution_receipt_date', doc: 'Date of the receipt; may be null or wrong.' },
    { name: 'contribution_receipt_amount', doc: 'Amount, US dollars.' },
    { name: 'receipt_type', doc: 'Transaction type; null on many electronic rows.' },
    { name: 'entity_type', doc: 'Kind of contributor.' },
    { name: 'memo_code', doc: 'X when the amount is not to be added to the total.' },
    { name: 'transaction_id', doc: 'Identifier given by the filer, unique within one filing.' },
    { name: 'file_number', doc: 'Number of the electronic filing.' },
    { name: 'image_number', doc: 'Image number of the page.' },
  ],
  key: 'sub_id',
  state: { param: 'contributor_state', column: 'contributor_state' },
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'whole',
  bulk: ['indiv', 'oth'],
};
