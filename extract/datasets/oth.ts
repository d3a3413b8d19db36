import { itemizedHead, itemizedTail } from './itemized-columns.ts';
import type { Dataset } from './types.ts';

/** Transactions between committees. */
export const oth: Dataset = {
  name: 'oth',
  description:
    'Any transaction from one committee to another: one row per line of itoth.txt. Holds both sides of a transfer and every line of pas2.',
  table: 'fec_oth',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/any-transaction-one-committee-another-file-description/',
  file: 'oth{yy}.zip',
  member: 'itoth.txt',
  columns: [...itemizedHead, ...itemizedTail],
  key: ['sub_id'],
  keyIsUnique: true,
  partitionedByCycle: true,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'weekly',
};
