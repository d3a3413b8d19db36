// Makes a staged file part of Bronze, inside the transaction that also writes the ledger.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import { reconcileRows, replaceRows, rowTable } from './reconcile.ts';
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
  /** True to put the file in the place of the cycle's rows without comparing them. */
  readonly full: boolean;
  /** True when the hashes in Bronze were made by another algorithm than the staged ones. */
  readonly rehash: boolean;
  /** Throws when so many changes are not to be published. */
  readonly guard: (changes: RowChanges) => void;
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
  const { dataset, staged } = publication;
  // Waits no longer than this for people who hold a lock on a Bronze table.
  await client.query("set local lock_timeout = '60s'");
  const changes = await publishRows(client, publication);
  reachFaultPoint('extract:after-rows');
  if (!publication.becomesPartition) {
    await client.query(`drop table ${quoteQualified('bronze', staged.table)}`);
    if (isMuch(changes)) {
      await analyzeRoughly(client, quoteQualified('bronze', rowTable(dataset, publication.cycle)));
    }
  }
  await moveSetAside(client, publication, 'rejected', 'rejects');
  await moveSetAside(client, publication, 'repaired', 'repairs');
  return changes;
}

/**
 * Gathers statistics from a quarter of the usual sample, so that no query meets a table without any;
 * autovacuum gathers the finer ones in its own time.
 */
async function analyzeRoughly(client: Client, relation: string): Promise<void> {
  await client.query('set local default_statistics_target = 25');
  await client.query(`analyze ${relation}`);
  await client.query('set local default_statistics_target to default');
}

/** What autovacuum would take as a reason to look at a table again. */
function isMuch({ inserted, updated, withdrawn, unchanged }: RowChanges): boolean {
  return inserted + updated + withdrawn > (unchanged + updated) * 0.1;
}

async function publishRows(client: Client, publication: Publication): Promise<RowChanges> {
  if (publication.becomesPartition) return attachPartition(client, publication);
  return publication.full ? replaceRows(client, publication) : reconcileRows(client, publication);
}

async function attachPartition(client: Client, publication: Publication): Promise<RowChanges> {
  const { dataset, cycle, staged } = publication;
  const partition = partitionTable(dataset, cycle);
  const relation = quoteQualified('bronze', partition);
  await client.query(
    `alter table ${quoteQualified('bronze', staged.table)} rename to ${quoteIdentifier(partition)}`,
  );
  await analyzeRoughly(client, relation);
  // Builds what indexes people have put on the whole table: nobody else sees the partition yet.
  await client.query(
    `alter table ${quoteQualified('bronze', dataset.table)}
       attach partition ${relation} for values in (${Number(cycle)})`,
  );
  await client.query(
    `alter table ${relation} drop constraint ${quoteIdentifier(cycleCheck)},
       alter column cycle drop default, alter column _load_id drop default`,
  );
  const inserted = staged.counts.rowsPassed;
  return { inserted, updated: 0, withdrawn: 0, unchanged: 0, returned: 0 };
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
