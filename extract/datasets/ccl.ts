import { column } from './column.ts';
import type { Dataset } from './types.ts';

/** Links between candidates and committees. */
export const ccl: Dataset = {
  name: 'ccl',
  description: 'Links between candidates and committees: one row per line of ccl.txt.',
  table: 'fec_ccl',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/candidate-committee-linkage-file-description/',
  file: 'ccl{yy}.zip',
  member: 'ccl.txt',
  columns: [
    column('CAND_ID', 'VARCHAR2(9)', 'Candidate.'),
    column('CAND_ELECTION_YR', 'NUMBER(4)', "Year of the candidate's election."),
    column('FEC_ELECTION_YR', 'NUMBER(4)', 'Two-year period in which the link is active.'),
    column('CMTE_ID', 'VARCHAR2(9)', 'Committee.'),
    column('CMTE_TP', 'VARCHAR2(1)', 'Committee type.'),
    column('CMTE_DSGN', 'VARCHAR2(1)', "Designation: P and A are the candidate's own committees."),
    column('LINKAGE_ID', 'NUMBER(12)', "The FEC's own key of the link."),
  ],
  key: ['linkage_id'],
  keyIsUnique: true,
  partitionedByCycle: false,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 2000,
  refresh: 'daily',
};
