import { column, dateColumn, dollars } from './column.ts';
import type { Dataset } from './types.ts';

/**
 * Independent expenditures as the 24- and 48-hour reports disclose them. Reports and their amendments
 * stand side by side and nothing is taken out (the FEC's page says so), and filers repeat TRAN_ID within
 * a report: there is no unique key, so it is compared as a multiset, paired by report and transaction.
 * Header as public readers of the 2016 to 2026 files know it (seen November 2026).
 */
export const independentExpenditure: Dataset = {
  name: 'independent_expenditure',
  description:
    'Independent expenditures of 24- and 48-hour reports, originals and amendments alike, so that amounts repeat: one row per record of independent_expenditure_YYYY.csv.',
  table: 'fec_independent_expenditure',
  sourceUrl: 'https://www.fec.gov/campaign-finance-data/independent-expenditures-file-description/',
  file: 'independent_expenditure_{yyyy}.csv',
  columns: [
    column('cand_id', 'VARCHAR2(9)', 'Candidate that is supported or opposed; often blank.'),
    column('cand_name', 'VARCHAR2(90)', 'Name of the candidate, as the filer writes it.'),
    column('spe_id', 'VARCHAR2(9)', 'The spender: a committee, or a filer of reports alone.'),
    column('spe_nam', 'VARCHAR2(200)', 'Name of the spender.'),
    column('ele_type', 'VARCHAR2(5)', 'Election that the money is for: P, G, S, R, C, O.'),
    column('can_office_state', 'VARCHAR2(2)', 'State of the office.'),
    column('can_office_dis', 'VARCHAR2(2)', 'District.'),
    column('can_office', 'VARCHAR2(1)', 'Office: H House, S Senate, P President.'),
    column('cand_pty_aff', 'VARCHAR2(40)', 'Party, in words.'),
    dollars('exp_amo', 'Amount of the expenditure.'),
    dateColumn('exp_date', 'DD-MON-YY', 'Date of the expenditure.'),
    dollars('agg_amo', 'What the spender has spent in this race so far.'),
    column(
      'sup_opp',
      'VARCHAR2(1)',
      'S support, O oppose: money against a candidate is never money for.',
    ),
    column('pur', 'VARCHAR2(100)', 'Purpose.'),
    column('pay', 'VARCHAR2(200)', 'Payee.'),
    column('file_num', 'NUMBER(7)', 'Number of the report.'),
    column('amndt_ind', 'VARCHAR2(3)', 'N new, A amendment, with the number of the amendment.'),
    column('tran_id', 'VARCHAR2(32)', 'Identifier given by the filer.'),
    column('image_num', 'VARCHAR2(22)', 'Image number of the page.'),
    dateColumn('receipt_dat', 'DD-MON-YY', 'When the FEC received the report.'),
    column('fec_election_yr', 'NUMBER(4)', 'Year of the election.'),
    column('prev_file_num', 'NUMBER(7)', 'Number of the report that this one amends.'),
    dateColumn('dissem_dt', 'DD-MON-YY', 'When the communication was distributed.'),
  ],
  key: ['file_num', 'tran_id'],
  keyIsUnique: false,
  partitionedByCycle: false,
  format: 'csv',
  trailingDelimiter: false,
  firstCycle: 2010,
  refresh: 'daily',
};
