import { column } from './column.ts';
import { itemizedHead, itemizedTail } from './itemized-columns.ts';
import type { Dataset } from './types.ts';

/** Money from committees to candidates, and independent expenditures. */
export const pas2: Dataset = {
  name: 'pas2',
  description:
    'Contributions by committees to candidates and independent expenditures for or against them: one row per line of itpas2.txt. The filer gives; these are never receipts.',
  table: 'fec_pas2',
  sourceUrl:
    'https://www.fec.gov/campaign-finance-data/contributions-committees-candidates-file-description/',
  file: 'pas2{yy}.zip',
  member: 'itpas2.txt',
  columns: [
    ...itemizedHead,
    column('CAND_ID', 'VARCHAR2(9)', 'Candidate who receives, or whom the spending is about.'),
    ...itemizedTail,
  ],
  key: ['sub_id'],
  keyIsUnique: true,
  partitionedByCycle: true,
  format: 'pipe',
  trailingDelimiter: false,
  firstCycle: 1980,
  refresh: 'weekly',
};
