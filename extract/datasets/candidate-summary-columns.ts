// Columns of the two candidate summaries (weball, webl), in the FEC's order.

import { column, dateColumn, dollars } from './column.ts';
import type { Column } from './types.ts';

/** The thirty columns that weball and webl share. */
export const candidateSummaryColumns: readonly Column[] = [
  column('CAND_ID', 'VARCHAR2(9)', 'Candidate.'),
  column('CAND_NAME', 'VARCHAR2(90)', 'Name as LAST, FIRST.'),
  column('CAND_ICI', 'VARCHAR2(1)', 'I incumbent, C challenger, O open seat.'),
  column('PTY_CD', 'VARCHAR2(1)', 'Party as a digit: 1 Democratic, 2 Republican, 3 other.'),
  column('CAND_PTY_AFFILIATION', 'VARCHAR2(3)', 'Party.'),
  dollars('TTL_RECEIPTS', 'Total receipts.'),
  dollars('TRANS_FROM_AUTH', 'Transfers from authorized committees.'),
  dollars('TTL_DISB', 'Total disbursements.'),
  dollars('TRANS_TO_AUTH', 'Transfers to authorized committees.'),
  dollars('COH_BOP', 'Cash on hand at the beginning of the period.'),
  dollars('COH_COP', 'Cash on hand at the close of the period.'),
  dollars('CAND_CONTRIB', 'Contributions from the candidate.'),
  dollars('CAND_LOANS', 'Loans from the candidate.'),
  dollars('OTHER_LOANS', 'Other loans.'),
  dollars('CAND_LOAN_REPAY', 'Repayments of loans from the candidate.'),
  dollars('OTHER_LOAN_REPAY', 'Repayments of other loans.'),
  dollars('DEBTS_OWED_BY', 'Debts owed by the committees.'),
  dollars('TTL_INDIV_CONTRIB', 'Contributions from individuals, itemized or not.'),
  column('CAND_OFFICE_ST', 'VARCHAR2(2)', 'State of the office.'),
  column('CAND_OFFICE_DISTRICT', 'VARCHAR2(2)', 'District.'),
  column('SPEC_ELECTION', 'VARCHAR2(1)', 'Result of the special election.'),
  column('PRIM_ELECTION', 'VARCHAR2(1)', 'Result of the primary election.'),
  column('RUN_ELECTION', 'VARCHAR2(1)', 'Result of the runoff election.'),
  column('GEN_ELECTION', 'VARCHAR2(1)', 'Result of the general election.'),
  {
    ...column('GEN_ELECTION_PRECENT', 'NUMBER(7,4)', 'Share of the general vote (so spelt).'),
    unit: 'percent',
  },
  dollars('OTHER_POL_CMTE_CONTRIB', 'Contributions from other political committees.'),
  dollars('POL_PTY_CONTRIB', 'Contributions from party committees.'),
  dateColumn('CVG_END_DT', 'MM/DD/YYYY', 'Last day that the figures cover.'),
  dollars('INDIV_REFUNDS', 'Refunds to individuals.'),
  dollars('CMTE_REFUNDS', 'Refunds to committees.'),
];
