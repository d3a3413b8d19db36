import { candidateSummaryColumns } from './candidate-summary-columns.ts';
import type { Dataset } from './types.ts';

/** Financial summary of every candidate. */
export const weball: Dataset = {
  name: 'weball',
  description:
    'Financial summary of every candidate with activity in the cycle: one row per line of weballYY.txt.',
  table: 'fec_weball',
  sourceUrl: 'https://www.fec.gov/campaign-finance-data/all-candidates-file-description/',
  file: 'weball{yy}.zip',
  member: 'weball{yy}.txt',
  columns: candidateSummaryColumns,
  key: ['cand_id'],
  keyIsUnique: true,
  partitionedByCycle: false,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'daily',
};
