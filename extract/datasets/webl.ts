import { candidateSummaryColumns } from './candidate-summary-columns.ts';
import type { Dataset } from './types.ts';

/** Financial summary of current House and Senate campaigns. */
export const webl: Dataset = {
  name: 'webl',
  description:
    'Financial summary of current House and Senate campaigns with activity in the cycle: one row per line of weblYY.txt.',
  table: 'fec_webl',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/current-campaigns-house-and-senate-file-description/',
  file: 'webl{yy}.zip',
  member: 'webl{yy}.txt',
  columns: candidateSummaryColumns,
  key: ['cand_id'],
  keyIsUnique: true,
  partitionedByCycle: false,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1996,
  refresh: 'daily',
};
