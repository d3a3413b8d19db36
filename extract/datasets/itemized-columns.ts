// Columns that the itemized files (indiv, oth, pas2) have in common, in the FEC's order.

import { column, dateColumn, dollars } from './column.ts';
import type { Column } from './types.ts';

/** The columns from the filer to the other committee, before pas2's candidate. */
export const itemizedHead: readonly Column[] = [
  column('CMTE_ID', 'VARCHAR2(9)', 'The filer: the committee that reports the line.'),
  column('AMNDT_IND', 'VARCHAR2(1)', 'Amendment indicator: N new, A amendment, T termination.'),
  column('RPT_TP', 'VARCHAR2(3)', 'Type of the report that holds the line.'),
  column(
    'TRANSACTION_PGI',
    'VARCHAR2(5)',
    'Election that the money is for: P, G, O, C, R, S or E; newer files add the year (P2024).',
  ),
  column('IMAGE_NUM', 'VARCHAR2(18)', 'Image number of the page: 11 digits until 2015, then 18.'),
  column('TRANSACTION_TP', 'VARCHAR2(3)', 'Transaction type: says what the line is.'),
  column('ENTITY_TP', 'VARCHAR2(3)', 'Kind of the other party: CAN, CCM, COM, IND, ORG, PAC, PTY.'),
  column('NAME', 'VARCHAR2(200)', 'Name of the other party: contributor, lender or recipient.'),
  column('CITY', 'VARCHAR2(30)', 'City of the other party.'),
  column('STATE', 'VARCHAR2(2)', 'State of the other party; ZZ is abroad.'),
  column('ZIP_CODE', 'VARCHAR2(9)', 'ZIP of the other party: 5 or 9 digits, or as disclosed.'),
  column('EMPLOYER', 'VARCHAR2(38)', 'Employer of the other party, cut at 38 characters.'),
  column('OCCUPATION', 'VARCHAR2(38)', 'Occupation of the other party, cut at 38 characters.'),
  dateColumn('TRANSACTION_DT', 'MMDDYYYY', 'Date of the transaction; may be blank or wrong.'),
  dollars('TRANSACTION_AMT', 'Amount; refunds are positive, corrections may be negative.'),
  column(
    'OTHER_ID',
    'VARCHAR2(9)',
    'FEC identifier of the other party, or of the conduit of an earmarked contribution.',
  ),
];

/** The columns from the transaction identifier to the row key. */
export const itemizedTail: readonly Column[] = [
  column('TRAN_ID', 'VARCHAR2(32)', 'Identifier given by the filer, unique within one filing.'),
  column('FILE_NUM', 'NUMBER(22)', 'Number of the electronic filing.'),
  column('MEMO_CD', 'VARCHAR2(1)', 'X when the amount is not to be added to the total.'),
  column('MEMO_TEXT', 'VARCHAR2(100)', 'Free text that explains the line.'),
  column('SUB_ID', 'NUMBER(19)', "The FEC's own key of the row: 19 digits."),
];
