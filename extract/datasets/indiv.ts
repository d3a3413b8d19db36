import { itemizedHead, itemizedTail } from './itemized-columns.ts';
import type { Dataset } from './types.ts';

/** Contributions by individuals. */
export const indiv: Dataset = {
  name: 'indiv',
  description:
    'Contributions by individuals to committees: one row per line of itcont.txt, memo lines, refunds and conduit lines included.',
  table: 'fec_indiv',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/contributions-individuals-file-description/',
  file: 'indiv{yy}.zip',
  member: 'itcont.txt',
  columns: [...itemizedHead, ...itemizedTail],
  key: ['sub_id'],
  keyIsUnique: true,
  partitionedByCycle: true,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'weekly',
};
