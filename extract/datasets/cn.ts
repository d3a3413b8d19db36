import { column } from './column.ts';
import type { Dataset } from './types.ts';

/** Candidate master. */
export const cn: Dataset = {
  name: 'cn',
  description:
    'Candidates registered for the cycle: one row per line of cn.txt; a few candidates stand twice.',
  table: 'fec_cn',
  sourceUrl: 'https://www.fec.gov/campaign-finance-data/candidate-master-file-description/',
  file: 'cn{yy}.zip',
  member: 'cn.txt',
  columns: [
    column('CAND_ID', 'VARCHAR2(9)', 'Candidate identifier; a person has one for each office.'),
    column('CAND_NAME', 'VARCHAR2(200)', 'Name as LAST, FIRST.'),
    column('CAND_PTY_AFFILIATION', 'VARCHAR2(3)', 'Party that the candidate declares.'),
    column('CAND_ELECTION_YR', 'NUMBER(4)', 'Year of the election, as filed.'),
    column('CAND_OFFICE_ST', 'VARCHAR2(2)', 'State of the office; US for President.'),
    column('CAND_OFFICE', 'VARCHAR2(1)', 'Office: H, S or P.'),
    column('CAND_OFFICE_DISTRICT', 'VARCHAR2(2)', 'District; 00 at large, Senate and President.'),
    column('CAND_ICI', 'VARCHAR2(1)', 'I incumbent, C challenger, O open seat.'),
    column('CAND_STATUS', 'VARCHAR2(1)', 'C statutory, F future, N not yet, P prior candidate.'),
    column('CAND_PCC', 'VARCHAR2(9)', 'Principal campaign committee.'),
    column('CAND_ST1', 'VARCHAR2(34)', 'Street, first line.'),
    column('CAND_ST2', 'VARCHAR2(34)', 'Street, second line.'),
    column('CAND_CITY', 'VARCHAR2(30)', 'City.'),
    column('CAND_ST', 'VARCHAR2(2)', 'State of the mailing address.'),
    column('CAND_ZIP', 'VARCHAR2(9)', 'ZIP of the mailing address, as disclosed.'),
  ],
  key: ['cand_id'],
  keyIsUnique: false,
  partitionedByCycle: false,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'daily',
};
