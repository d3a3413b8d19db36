import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import type { RowChanges, StagedFile } from './types.ts';

/**
 * Puts the rows of a staged file in the place of the cycle's rows, in the client's transaction. By
 * `delete` rather than `truncate`: readers see the old rows until the commit and are never blocked.
 */
export async function replaceRows(
  client: Client,
  dataset: Dataset,
  cycle: number,
  staged: StagedFile,
): Promise<RowChanges> {
  const table = quoteQualified('bronze', dataset.table);
  // Keeps other writers out; readers pass.
  await client.query(`lock table ${table} in share row exclusive mode`);
  const removed = await client.query(`delete from ${table} where cycle = $1`, [cycle]);
  const added = await client.query(
    // Both tables have the same columns in the same order: one was created like the other.
    `insert into ${table} select * from ${quoteQualified('bronze', staged.table)}`,
  );
  return {
    inserted: added.rowCount ?? 0,
    updated: 0,
    withdrawn: removed.rowCount ?? 0,
    unchanged: 0,
  };
}
