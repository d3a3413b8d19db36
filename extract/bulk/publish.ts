// Makes a staged file part of Bronze, inside the transaction that also writes the ledger.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import { replaceRows } from './reconcile.ts';
import { cycleCheck } from './stage.ts';
import { partitionTable } from './staging.ts';
import type { RowChanges, StagedFile } from './types.ts';

/** A staged file and where it goes. */
export interface Publication {
  readonly dataset: Dataset;
  readonly cycle: number;
  readonly loadId: number;
  readonly becomesPartition: boolean;
  readonly staged: StagedFile;
}

/** Tells whether a cycle's rows can become a partition as they are: the dataset has partitions, and not this one. */
export async function canBecomePartition(
  client: Client,
  dataset: Dataset,
  cycle: number,
): Promise<boolean> {
  if (!dataset.partitionedByCycle) return false;
  const { rows } = await client.query<{ exists: boolean }>(
    'select to_regclass($1) is not null as exists',
    [quoteQualified('bronze', partitionTable(dataset, cycle))],
  );
  return rows[0]?.exists === false;
}

/** Publishes rows, rejects and repairs of a staged file; nothing is visible before the commit. */
export async function publishFile(client: Client, publication: Publication): Promise<RowChanges> {
  const { dataset, cycle, staged } = publication;
  // Waits no longer than this for people who hold a lock on a Bronze table.
  await client.query("set local lock_timeout = '60s'");
  const changes = publication.becomesPartition
    ? await attachPartition(client, publication)
    : await replaceRows(client, dataset, cycle, staged);
  reachFaultPoint('extract:after-rows');
  if (!publication.becomesPartition) {
    await client.query(`drop table ${quoteQualified('bronze', staged.table)}`);
    await client.query(`analyze ${quoteQualified('bronze', dataset.table)}`);
  }
  await moveSetAside(client, publication, 'rejected', 'rejects');
  await moveSetAside(client, publication, 'repaired', 'repairs');
  return changes;
}

async function attachPartition(client: Client, publication: Publication): Promise<RowChanges> {
  const { dataset, cycle, staged } = publication;
  const partition = partitionTable(dataset, cycle);
  const relation = quoteQualified('bronze', partition);
  const key = dataset.key.map(quoteIdentifier).join(', ');
  await client.query(
    `alter table ${quoteQualified('bronze', staged.table)} rename to ${quoteIdentifier(partition)}`,
  );
  // Built here, over all rows at once, and taken over by the index of the whole table.
  await client.query(
    `create index ${quoteIdentifier(`${partition}_key_idx`)} on ${relation} (${key})`,
  );
  await client.query(`analyze ${relation}`);
  await client.query(
    `alter table ${quoteQualified('bronze', dataset.table)}
       attach partition ${relation} for values in (${Number(cycle)})`,
  );
  await client.query(`alter table ${relation} drop constraint ${quoteIdentifier(cycleCheck)}`);
  return { inserted: staged.counts.rowsPassed, updated: 0, withdrawn: 0, unchanged: 0 };
}

async function moveSetAside(
  client: Client,
  publication: Publication,
  fate: 'rejected' | 'repaired',
  table: string,
): Promise<void> {
  const { counts } = publication.staged;
  const expected = fate === 'rejected' ? counts.rowsRejected : counts.rowsRepaired;
  if (expected === 0) return;
  const moved = await client.query(
    `insert into ${quoteQualified('bronze', table)} (load_id, dataset, cycle, line, bytes, reason)
     select $1, $2, $3, line, bytes, reason from bronze.staged_lines where fate = $4`,
    [publication.loadId, publication.dataset.name, publication.cycle, fate],
  );
  if (moved.rowCount !== expected) {
    throw new Error(`${moved.rowCount} of ${expected} ${fate} lines were kept`);
  }
}
