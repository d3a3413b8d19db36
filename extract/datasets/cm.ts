import { column } from './column.ts';
import type { Dataset } from './types.ts';

/** Committee master. */
export const cm: Dataset = {
  name: 'cm',
  description:
    'Committees registered for the cycle: one row per line of cm.txt; a few committees stand twice.',
  table: 'fec_cm',
  sourceUrl: 'https://www.fec.gov/campaign-finance-data/committee-master-file-description/',
  file: 'cm{yy}.zip',
  member: 'cm.txt',
  columns: [
    column('CMTE_ID', 'VARCHAR2(9)', 'Committee identifier: C and eight digits.'),
    column('CMTE_NM', 'VARCHAR2(200)', 'Committee name.'),
    column('TRES_NM', 'VARCHAR2(90)', 'Treasurer.'),
    column('CMTE_ST1', 'VARCHAR2(34)', 'Street, first line.'),
    column('CMTE_ST2', 'VARCHAR2(34)', 'Street, second line.'),
    column('CMTE_CITY', 'VARCHAR2(30)', 'City.'),
    column('CMTE_ST', 'VARCHAR2(2)', 'State.'),
    column('CMTE_ZIP', 'VARCHAR2(9)', 'ZIP, as disclosed.'),
    column('CMTE_DSGN', 'VARCHAR2(1)', 'Designation: A, B, D, J, P or U.'),
    column('CMTE_TP', 'VARCHAR2(1)', 'Committee type.'),
    column('CMTE_PTY_AFFILIATION', 'VARCHAR2(3)', 'Party.'),
    column('CMTE_FILING_FREQ', 'VARCHAR2(1)', 'Filing frequency: A, D, M, Q, T or W.'),
    column('ORG_TP', 'VARCHAR2(1)', 'Kind of organization behind a PAC: C, L, M, T, V or W.'),
    column('CONNECTED_ORG_NM', 'VARCHAR2(200)', 'Connected organization.'),
    column('CAND_ID', 'VARCHAR2(9)', 'Candidate, when the committee type is H, S or P.'),
  ],
  key: ['cmte_id'],
  keyIsUnique: false,
  partitionedByCycle: false,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'daily',
};
