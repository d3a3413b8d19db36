import { column, dateColumn, dollars } from './column.ts';
import type { Column, Dataset } from './types.ts';

/** Describes a column that the FEC's page names otherwise than its files. */
function renamed(described: Column, alias: string): Column {
  return { ...described, alias };
}

/**
 * Communication costs of corporations and unions. Rows carry the FEC's own SUB_ID, by which they are
 * compared. Header as public readers of the 2010 to 2026 files know it (seen November 2026); the FEC's
 * page documents six columns under other names. Some rows of old cycles have one field too many.
 */
export const communicationCosts: Dataset = {
  name: 'communication_costs',
  description:
    'What corporations and unions spend to tell their own people whom to vote for: one row per record of CommunicationCosts_YYYY.csv.',
  table: 'fec_communication_costs',
  sourceUrl: 'https://www.fec.gov/campaign-finance-data/communication-costs-file-description/',
  file: 'CommunicationCosts_{yyyy}.csv',
  columns: [
    column('CMTE_ID', 'VARCHAR2(9)', 'The filer: who pays.'),
    renamed(column('CMTE_NM', 'VARCHAR2(200)', 'Name of the filer.'), 'CMTE_NAME'),
    renamed(column('CAND_ID', 'VARCHAR2(9)', 'Candidate.'), 'CANDIDATE_ID'),
    renamed(column('CAND_NAME', 'VARCHAR2(90)', 'Name of the candidate.'), 'CANDIDATE_NAME'),
    renamed(
      column('CAND_OFFICE', 'VARCHAR2(1)', 'Office: H House, S Senate, P President.'),
      'CANDIDATE_OFFICE',
    ),
    renamed(column('CAND_STATE', 'VARCHAR2(2)', 'State of the office.'), 'CANDIDATE_OFFICE_STATE'),
    renamed(
      column('CAND_OFFICE_DISTRICT', 'VARCHAR2(2)', 'District.'),
      'CANDIDATE_OFFICE_DISTRICT',
    ),
    column('CAND_PTY_AFFILIATION', 'VARCHAR2(3)', 'Party.'),
    dateColumn('TRANSACTION_DT', 'YYYYMMDD', 'Date of the communication.'),
    dollars('TRANSACTION_AMT', 'Cost of the communication.'),
    column('TRANSACTION_TP', 'VARCHAR2(3)', 'Transaction type: 24F for, 24N against.'),
    column(
      'COMMUNICATION_TP',
      'VARCHAR2(2)',
      'Kind of communication: DM direct mail, TE telephone and others.',
    ),
    column(
      'COMMUNICATION_CLASS',
      'VARCHAR2(1)',
      'Who was addressed: E executives, M members, S stockholders.',
    ),
    column('SUPPORT_OPPOSE_IND', 'VARCHAR2(1)', 'S support, O oppose.'),
    column('IMAGE_NUM', 'VARCHAR2(100)', 'Image number, or the address of the image.'),
    column('LINE_NUM', 'VARCHAR2(12)', 'Line number of the form.'),
    column('FORM_TP_CD', 'VARCHAR2(8)', 'Form type.'),
    column('SCHED_TP_CD', 'VARCHAR2(8)', 'Schedule type.'),
    column('TRAN_ID', 'VARCHAR2(32)', 'Identifier given by the filer.'),
    column('SUB_ID', 'NUMBER(19)', "The FEC's own key of the row: 19 digits."),
    column('FILE_NUM', 'NUMBER(7)', 'Number of the electronic filing.'),
    column('RPT_YR', 'NUMBER(4)', 'Year of the report.'),
    column('CAND_STATE_DESCRIPTION', 'VARCHAR2(40)', 'State of the office, in words.'),
    column('CAND_PTY_AFFILIATION_DESCRIPTION', 'VARCHAR2(50)', 'Party, in words.'),
    column('PURPOSE', 'VARCHAR2(100)', 'Purpose.'),
  ],
  key: ['sub_id'],
  keyIsUnique: true,
  partitionedByCycle: false,
  format: 'csv',
  trailingDelimiter: false,
  firstCycle: 2010,
  refresh: 'daily',
};
