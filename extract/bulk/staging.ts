// Names and cleaning of what a load builds before it is published.

import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import type { RejectReason } from './guards.ts';

/** Returns the name of the table in schema `bronze` in which a file is staged. */
export function stagingTable(dataset: Dataset, cycle: number): string {
  return `stage_${partitionTable(dataset, cycle)}`;
}

/** Returns the name of the partition that holds a cycle of a partitioned dataset. */
export function partitionTable(dataset: Dataset, cycle: number): string {
  return `${dataset.table}_${cycle}`;
}

/** Drops what killed runs left behind; only the holder of the lease may call it. */
export async function sweepStaging(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class
      where relnamespace = to_regnamespace('bronze') and relkind = 'r' and not relispartition
        and starts_with(relname, 'stage_fec_')
      order by relname`,
  );
  for (const { name } of rows) await client.query(`drop table ${quoteQualified('bronze', name)}`);
  await clearStagedLines(client);
}

/** Empties the table of lines set aside. */
export async function clearStagedLines(client: Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    'select exists (select from bronze.staged_lines) as found',
  );
  if (rows[0]?.found) await client.query('truncate bronze.staged_lines');
}

/** Returns why the lines of the load under way were rejected, the most frequent reasons first. */
export async function readRejectReasons(client: Client): Promise<readonly RejectReason[]> {
  const { rows } = await client.query<{ reason: string; lines: string }>(
    `select reason, count(*) as lines from bronze.staged_lines where fate = 'rejected'
      group by reason order by count(*) desc, reason limit 3`,
  );
  return rows.map(({ reason, lines }) => ({ reason, lines: Number(lines) }));
}
