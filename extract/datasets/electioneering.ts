import { column, dateColumn, dollars } from './column.ts';
import type { Dataset } from './types.ts';

/**
 * Electioneering communications, one row for each candidate that an ad names: the amount reported
 * repeats, the calculated share does not. Without a key; compared as a multiset, paired by image and
 * candidate. Header as public readers of the 2010 to 2026 files know it (seen November 2026);
 * descriptions with quotes that are not doubled stand in the files of 2010 and 2020.
 */
export const electioneering: Dataset = {
  name: 'electioneering',
  description:
    'Electioneering communications, one row for each candidate that an ad names, so that the reported amount repeats: one row per record of ElectioneeringComm_YYYY.csv.',
  table: 'fec_electioneering',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/electioneering-communications-file-description/',
  file: 'ElectioneeringComm_{yyyy}.csv',
  columns: [
    column(
      'CANDIDATE_ID',
      'VARCHAR2(9)',
      'Candidate that the ad names; blank in a sixth of the rows.',
    ),
    column('CANDIDATE_NAME', 'VARCHAR2(90)', 'Name of the candidate.'),
    column('CANDIDATE_OFFICE', 'VARCHAR2(1)', 'Office: H House, S Senate, P President.'),
    column('CANDIDATE_STATE', 'VARCHAR2(2)', 'State of the office.'),
    column('CANDIDATE_DISTRICT', 'VARCHAR2(2)', 'District.'),
    column('COMMITTEE_ID', 'VARCHAR2(9)', 'The filer: who pays for the ad.'),
    column('COMMITTEE_NAME', 'VARCHAR2(200)', 'Name of the filer.'),
    column('SB_IMAGE_NUM', 'VARCHAR2(22)', 'Image number of the page with the disbursement.'),
    column('PAYEE_NAME', 'VARCHAR2(200)', 'Payee.'),
    column('PAYEE_STREET', 'VARCHAR2(70)', 'Street of the payee.'),
    column('PAYEE_CITY', 'VARCHAR2(30)', 'City of the payee.'),
    column('PAYEE_STATE', 'VARCHAR2(2)', 'State of the payee.'),
    column('DISBURSEMENT_DESCRIPTION', 'VARCHAR2(100)', 'What the money was for.'),
    dateColumn('DISBURSEMENT_DATE', 'DD-MON-YY', 'Date of the disbursement.'),
    dateColumn('COMMUNICATION_DATE', 'DD-MON-YY', 'Date of the communication.'),
    {
      ...dateColumn(
        'PUBLIC_DISBURSEMENT_DATE',
        'DD-MON-YY',
        'When the ad was first distributed publicly.',
      ),
      alias: 'PUBLIC_DISTRIBUTION_DATE',
    },
    dollars('REPORTED_DISBURSEMENT_AMOUNT', 'Amount as reported, for all candidates together.'),
    column('NUMBER_OF_CANDIDATES', 'NUMBER(4)', 'How many candidates the ad names.'),
    dollars(
      'CALCULATED_CANDIDATE_SHARE',
      "Amount divided by the number of candidates, by the FEC: not a filer's figure.",
    ),
  ],
  key: ['sb_image_num', 'candidate_id'],
  keyIsUnique: false,
  partitionedByCycle: false,
  format: 'csv',
  trailingDelimiter: false,
  firstCycle: 2010,
  refresh: 'daily',
};
