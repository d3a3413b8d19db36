import type { ApiDataset } from './api-types.ts';

/** Independent expenditures, by the API. */
export const apiScheduleE: ApiDataset = {
  name: 'schedule_e',
  description:
    'Independent expenditures: one row per line of a Schedule E, 24- and 48-hour notices included.',
  table: 'api_schedule_e',
  sourceUrl:
    'https://api.open.fec.gov/developers/#/independent_expenditures/get_v1_schedules_schedule_e_',
  paths: ['/schedules/schedule_e/'],
  params: {},
  cycleParam: 'cycle',
  paging: { kind: 'seek', sort: 'expenditure_date' },
  clock: { column: 'filing_date', min: 'min_filing_date', max: 'max_filing_date', grain: 'date' },
  columns: [
    { name: 'sub_id', doc: "The FEC's own key of the row: 19 digits." },
    { name: 'committee_id', doc: 'Filer of the row.' },
    { name: 'filing_date', doc: 'When it was filed: the clock of the extraction.' },
    { name: 'candidate_id', doc: 'Candidate whom it supports or opposes.' },
    { name: 'candidate_office_state', doc: 'State of the office.' },
    { name: 'support_oppose_indicator', doc: 'S supports, O opposes.' },
    { name: 'expenditure_date', doc: 'Date of the expenditure; may be null.' },
    { name: 'expenditure_amount', doc: 'Amount, US dollars.' },
    { name: 'is_notice', doc: 'True for a 24- or 48-hour notice, which a later report repeats.' },
    { name: 'most_recent', doc: 'False where a later amendment takes its place.' },
    { name: 'file_number', doc: 'Number of the electronic filing.' },
    { name: 'image_number', doc: 'Image number of the page.' },
  ],
  key: 'sub_id',
  state: { param: 'candidate_office_state', column: 'candidate_office_state' },
  committee: { param: 'committee_id', column: 'committee_id' },
  national: 'whole',
  bulk: ['pas2'],
};
