import type { ApiDataset } from './api-types.ts';

/** Itemized disbursements, by the API. */
export const apiScheduleB: ApiDataset = {
  name: 'schedule_b',
  description:
    'Itemized disbursements, refunds of contributions among them: one row per line of a Schedule B.',
  table: 'api_schedule_b',
  sourceUrl: 'https://api.open.fec.gov/developers/#/disbursements/get_v1_schedules_schedule_b_',
  paths: ['/schedules/schedule_b/'],
  params: {},
  cycleParam: 'two_year_transaction_period',
  paging: { kind: 'seek', sort: 'disbursement_date' },
  clock: undefined,
  columns: [
    { name: 'sub_id', doc: "The FEC's own key of the row: 19 digits." },
    { name: 'committee_id', doc: 'Filer of the row.' },
    {
      name: 'load_date',
      doc: 'When the row was loaded into the database behind the API: the clock of the extraction.',
    },
    { name: 'recipient_state', doc: 'State of the recipient, as disclosed.' },
    { name: 'disbursement_date', doc: 'Date of the disbursement; may be null or wrong.' },
    { name: 'disbursement_amount', doc: 'Amount, US dollars.' },
    { name: 'disbursement_type', doc: 'Transaction type, such as 22Y.' },
    { name: 'memo_code', doc: 'X when the amount is not to be added to the total.' },
    { name: 'transaction_id', doc: 'Identifier given by the filer, unique within one filing.' },
    { name: 'file_number', doc: 'Number of the electronic filing.' },
    { name: 'image_number', doc: 'Image number of the page.' },
  ],
  key: 'sub_id',
  state: undefined,
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'filings',
  bulk: ['oth'],
};
