// Compares a staged file with its cycle in Bronze and applies what differs, in the client's transaction.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import { hasCommitteeState } from '../bronze/state.ts';
import { historyTable, rowHashExpression } from '../bronze/tables.ts';
import type { Dataset } from '../datasets/types.ts';
import { findChanges, sumLive } from './compare.ts';
import { partitionTable } from './staging.ts';
import type { RowChanges, StagedFile } from './types.ts';

/** A staged file and the rows that it is compared with. */
export interface Reconciliation {
  readonly dataset: Dataset;
  readonly cycle: number;
  readonly loadId: number;
  readonly staged: StagedFile;
  /** True when the hashes in Bronze were made by another algorithm and are to be made anew first. */
  readonly rehash: boolean;
  /** Throws when so many changes are not to be published. */
  readonly guard: (changes: RowChanges) => void;
}

// A hash join in memory is the fast way, whatever the planner thinks of a table without statistics; rows are
// fetched by where they lie in the order in which they lie; compiling a query costs more than it saves.
const comparisonSettings = `
  set local work_mem = '256MB';
  set local enable_mergejoin = off;
  set local random_page_cost = 1.1;
  set local jit = off`;

/**
 * Makes the live rows of a cycle equal to those of a staged file: versions that are superseded go to the
 * history, rows that the file no longer has are marked, rows that are as they were are not touched.
 */
export async function reconcileRows(client: Client, work: Reconciliation): Promise<RowChanges> {
  const { dataset, cycle } = work;
  const table = quoteQualified('bronze', rowTable(dataset, cycle));
  await client.query(comparisonSettings);
  // Keeps other writers out, so that ctid stays what it is; readers pass.
  await client.query(`lock table ${table} in share row exclusive mode`);
  if (work.rehash) {
    await client.query(
      `update ${table} set _hash = ${rowHashExpression(dataset)} where cycle = $1`,
      [cycle],
    );
  }
  const comparison = { dataset, cycle, staged: work.staged, table };
  const before = await sumLive(client, comparison);
  await findChanges(client, comparison, before);
  work.guard(await countChanges(client, work.staged));
  reachFaultPoint('extract:after-compare');
  return applyChanges(client, work, table, before.live);
}

/** Names the table that holds a cycle's rows: `ctid` means something in one partition only. */
export function rowTable(dataset: Dataset, cycle: number): string {
  return dataset.partitionedByCycle ? partitionTable(dataset, cycle) : dataset.table;
}

async function countChanges(client: Client, staged: StagedFile): Promise<RowChanges> {
  const { rows } = await client.query<{ operation: string; count: string }>(
    'select operation, count(*) from changes group by operation',
  );
  const of = (operation: string): number =>
    Number(rows.find((row) => row.operation === operation)?.count ?? 0);
  return tally(staged, {
    added: of('i'),
    updated: of('u'),
    withdrawn: of('w'),
    returned: of('r') + of('v'),
  });
}

interface Applied {
  readonly added: number;
  readonly updated: number;
  readonly withdrawn: number;
  readonly returned: number;
}

function tally(staged: StagedFile, applied: Applied): RowChanges {
  const { added, updated, withdrawn, returned } = applied;
  const inserted = added + returned;
  const unchanged = staged.counts.rowsPassed - inserted - updated;
  return { inserted, updated, withdrawn, unchanged, returned };
}

async function applyChanges(
  client: Client,
  work: Reconciliation,
  table: string,
  liveBefore: number,
): Promise<RowChanges> {
  const { dataset, loadId, staged } = work;
  const stage = quoteQualified('bronze', staged.table);
  const kept = [
    ...dataset.columns.map(({ name }) => quoteIdentifier(name)),
    'cycle',
    '_load_id',
    '_line',
  ];
  const received = [...kept, '_hash'];
  const run = async (sql: string): Promise<number> => (await client.query(sql)).rowCount ?? 0;
  const load = Number(loadId);
  const committees = await readCommittees(client, dataset, table, stage);
  await run(
    `insert into ${quoteQualified('bronze', historyTable(dataset))}
       (${kept.join(', ')}, _withdrawn, _superseded_by)
     select ${kept.map((name) => `old.${name}`).join(', ')}, old._withdrawn, ${load}
       from ${table} as old join changes on changes.row_id = old.ctid
      where operation in ('u', 'v', 'r')`,
  );
  const replace = (operation: string): Promise<number> =>
    run(
      `update ${table} as old
          set ${received.map((name) => `${name} = new.${name}`).join(', ')}, _withdrawn = null
         from changes join ${stage} as new on new.ctid = changes.stage_id
        where operation = '${operation}' and old.ctid = changes.row_id`,
    );
  const mark = (operation: string, value: string): Promise<number> =>
    run(
      `update ${table} as old set _withdrawn = ${value}
         from changes where operation = '${operation}' and old.ctid = changes.row_id`,
    );
  const updated = await replace('u');
  const withdrawn = await mark('w', String(load));
  const returned = (await replace('v')) + (await mark('r', 'null'));
  const added = await run(
    `insert into ${table} (${received.join(', ')})
     select ${received.map((name) => `new.${name}`).join(', ')}
       from ${stage} as new join changes on changes.stage_id = new.ctid where operation = 'i'`,
  );
  const changes = tally(staged, { added, updated, withdrawn, returned });
  const live = liveBefore + changes.inserted - withdrawn;
  if (live !== staged.counts.rowsPassed) {
    throw new Error(
      `${live} rows of ${dataset.name} would be live, not ${staged.counts.rowsPassed}`,
    );
  }
  return { ...changes, committees };
}

/** Names the committees of the rows that are about to change: of their old versions and of their new ones. */
async function readCommittees(
  client: Client,
  dataset: Dataset,
  table: string,
  stage: string,
): Promise<readonly string[] | undefined> {
  if (!hasCommitteeState(dataset)) return undefined;
  const { rows } = await client.query<{ committee: string }>(
    `select cmte_id as committee from ${table} as old join changes on changes.row_id = old.ctid
      where cmte_id is not null
     union
     select cmte_id from ${stage} as new join changes on changes.stage_id = new.ctid
      where cmte_id is not null`,
  );
  return rows.map(({ committee }) => committee);
}

/**
 * Puts the rows of a staged file in the place of all of the cycle's rows, withdrawn ones too. By
 * `delete` rather than `truncate`: readers see the old rows until the commit and are never blocked.
 */
export async function replaceRows(client: Client, work: Reconciliation): Promise<RowChanges> {
  const { dataset, cycle, staged } = work;
  const table = quoteQualified('bronze', rowTable(dataset, cycle));
  const columns = [
    ...dataset.columns.map(({ name }) => quoteIdentifier(name)),
    'cycle',
    '_load_id',
    '_line',
    '_hash',
  ].join(', ');
  await client.query(`lock table ${table} in share row exclusive mode`);
  const { rows } = await client.query<{ live: string }>(
    `select count(*) as live from ${table} where cycle = $1 and _withdrawn is null`,
    [cycle],
  );
  const live = Number(rows[0]?.live);
  const { rowsPassed } = staged.counts;
  const fewer = Math.max(0, live - rowsPassed);
  work.guard({ inserted: 0, updated: 0, withdrawn: fewer, unchanged: live - fewer, returned: 0 });
  await client.query(`delete from ${table} where cycle = $1`, [cycle]);
  const added = await client.query(
    `insert into ${table} (${columns}) select ${columns} from ${quoteQualified('bronze', staged.table)}`,
  );
  return {
    inserted: added.rowCount ?? 0,
    updated: 0,
    withdrawn: live,
    unchanged: 0,
    returned: 0,
  };
}
