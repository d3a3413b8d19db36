// Compares a staged file with its cycle in Bronze and applies what differs, in the client's transaction.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import { hasCommitteeState } from '../bronze/state.ts';
import { historyTable, rowHashExpression } from '../bronze/tables.ts';
import type { Dataset } from '../datasets/types.ts';
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

/**
 * Makes the live rows of a cycle equal to those of a staged file: versions that are superseded go to the
 * history, rows that the file no longer has are marked, rows that are as they were are not touched.
 */
export async function reconcileRows(client: Client, work: Reconciliation): Promise<RowChanges> {
  const { dataset, cycle } = work;
  const table = quoteQualified('bronze', rowTable(dataset, cycle));
  // A hash join in memory is the fast way; compiling the query costs more than it saves.
  await client.query("set local work_mem = '256MB'; set local jit = off");
  // Keeps other writers out, so that ctid stays what it is; readers pass.
  await client.query(`lock table ${table} in share row exclusive mode`);
  if (work.rehash) {
    await client.query(
      `update ${table} set _hash = ${rowHashExpression(dataset)} where cycle = $1`,
      [cycle],
    );
  }
  const before = await sumLive(client, work, table);
  await findChanges(client, work, table, before);
  work.guard(await countChanges(client, work.staged));
  reachFaultPoint('extract:after-compare');
  return applyChanges(client, work, table, before.live);
}

/** Names the table that holds a cycle's rows: `ctid` means something in one partition only. */
export function rowTable(dataset: Dataset, cycle: number): string {
  return dataset.partitionedByCycle ? partitionTable(dataset, cycle) : dataset.table;
}

/** A blank key is a key like others; null would never meet its like in a join. */
function keyOf(dataset: Dataset, alias: string): string {
  const parts = dataset.key.map((name) => `${alias}.${quoteIdentifier(name)}`);
  return parts.length === 1 ? `coalesce(${parts[0]}, '')` : `row(${parts.join(', ')})::text`;
}

/** What a cycle's rows are before a load, as far as comparing them needs it. */
interface Before {
  readonly live: number;
  readonly hashSum: bigint;
  readonly withdrawn: number;
}

async function sumLive(client: Client, work: Reconciliation, table: string): Promise<Before> {
  const { rows } = await client.query<{ live: string; sum: string; withdrawn: string }>(
    `select count(*) filter (where _withdrawn is null) as live,
            coalesce(sum(_hash) filter (where _withdrawn is null), 0) as sum,
            count(_withdrawn) as withdrawn
       from ${table} where cycle = $1`,
    [work.cycle],
  );
  const [row] = rows;
  return {
    live: Number(row?.live),
    hashSum: BigInt(row?.sum ?? 0),
    withdrawn: Number(row?.withdrawn),
  };
}

/**
 * Fills the temporary table `changes`. Lines that stand in one of both alone are found by their hash. That
 * does not see how often a line stands in each; the sums do, and only where they differ are copies counted.
 */
async function findChanges(
  client: Client,
  work: Reconciliation,
  table: string,
  before: Before,
): Promise<void> {
  const { dataset, cycle, staged } = work;
  const stage = quoteQualified('bronze', staged.table);
  await findUnpaired(client, unpairedLines(dataset, cycle, table, stage));
  const [fresh, stale] = [await sumOf(client, 'fresh'), await sumOf(client, 'stale')];
  const isWhole =
    before.live + fresh.rows - stale.rows === staged.counts.rowsPassed &&
    before.hashSum + fresh.sum - stale.sum === staged.hashSum;
  if (!isWhole) {
    await client.query('drop table fresh, stale');
    await findUnpaired(client, unpairedCopies(dataset, cycle, table, stage));
  }
  await client.query(
    `create temporary table changes on commit drop as
     ${pairByKey(dataset, cycle, table, before.withdrawn > 0)}`,
  );
  await client.query('analyze changes');
}

interface Unpaired {
  /** Staged lines that Bronze does not have: `stage_id`, `key`, `_hash`, `_line`. */
  readonly fresh: string;
  /** Live rows that the file does not have: `row_id`, `key`, `_hash`, `_load_id`, `_line`. */
  readonly stale: string;
}

async function findUnpaired(client: Client, { fresh, stale }: Unpaired): Promise<void> {
  await client.query(`create temporary table fresh on commit drop as ${fresh}`);
  await client.query(`create temporary table stale on commit drop as ${stale}`);
  await client.query('analyze fresh; analyze stale');
}

async function sumOf(
  client: Client,
  table: 'fresh' | 'stale',
): Promise<{ readonly rows: number; readonly sum: bigint }> {
  const { rows } = await client.query<{ rows: string; sum: string }>(
    `select count(*) as rows, coalesce(sum(_hash), 0) as sum from ${table}`,
  );
  return { rows: Number(rows[0]?.rows), sum: BigInt(rows[0]?.sum ?? 0) };
}

function unpairedLines(dataset: Dataset, cycle: number, table: string, stage: string): Unpaired {
  const live = `${table} as live where live.cycle = ${Number(cycle)} and live._withdrawn is null`;
  return {
    fresh: `
      select staged.ctid as stage_id, ${keyOf(dataset, 'staged')} as key, _hash, _line
        from ${stage} as staged
       where not exists (select from ${live} and live._hash = staged._hash)`,
    stale: `
      select live.ctid as row_id, ${keyOf(dataset, 'live')} as key, _hash, _load_id, _line
        from ${live} and not exists (select from ${stage} as staged where staged._hash = live._hash)`,
  };
}

function unpairedCopies(dataset: Dataset, cycle: number, table: string, stage: string): Unpaired {
  const staged = `
      staged as (
        select ctid as stage_id, ${keyOf(dataset, 'source')} as key, _hash, _line,
               ${number('_hash', '_line')} as copy
          from ${stage} as source
      )`;
  const live = `
      live as (
        select ctid as row_id, ${keyOf(dataset, 'source')} as key, _hash, _load_id, _line,
               ${number('_hash', '_load_id, _line')} as copy
          from ${table} as source where cycle = ${Number(cycle)} and _withdrawn is null
      )`;
  return {
    fresh: `
      with ${staged}, ${live}
      select stage_id, key, _hash, _line from staged where not exists (
        select from live where live._hash = staged._hash and live.copy = staged.copy)`,
    stale: `
      with ${staged}, ${live}
      select row_id, key, _hash, _load_id, _line from live where not exists (
        select from staged where staged._hash = live._hash and staged.copy = live.copy)`,
  };
}

/** Numbers rows that are alike in `by`. */
function number(by: string, order: string): string {
  return `row_number() over (partition by ${by} order by ${order})`;
}

// Operations in `changes`: i insert, u update, w withdraw, and of rows that had been withdrawn:
// r returned as it was, v returned in another version.

/**
 * Lines that both have are paired already, as often as both have them. What is left of both is paired by
 * key, in the order of the lines; only then do withdrawn rows come into play, again the same ones first.
 * So the counts are those of the file against the file before.
 */
function pairByKey(dataset: Dataset, cycle: number, table: string, hasWithdrawn: boolean): string {
  return `
    with
    paired as (
      select stage_id, row_id, key, fresh._hash, fresh._line
        from (select *, ${number('key', '_line')} as place from fresh) as fresh
        full join (select row_id, key, ${number('key', '_load_id, _line')} as place from stale) as stale
          using (key, place)
    ),
    arrived as (
      select stage_id, key, _hash, _line, ${number('_hash', '_line')} as copy
        from paired where row_id is null
    ),
    away as (
      select row_id, key, _hash, _withdrawn, _load_id, _line,
             ${number('_hash', '_withdrawn desc, _load_id, _line')} as copy
        from (select source.ctid as row_id, ${keyOf(dataset, 'source')} as key, source.*
                from ${table} as source
               where ${hasWithdrawn ? `cycle = ${Number(cycle)} and _withdrawn is not null` : 'false'}) as source
    ),
    arrived_otherwise as (
      select stage_id, key, ${number('key', '_line')} as place
        from arrived where not exists (
          select from away where away._hash = arrived._hash and away.copy = arrived.copy)
    ),
    away_otherwise as (
      select row_id, key, ${number('key', '_withdrawn desc, _load_id, _line')} as place
        from away where not exists (
          select from arrived where arrived._hash = away._hash and arrived.copy = away.copy)
    )
    select stage_id, row_id, case when stage_id is null then 'w' else 'u' end as operation
      from paired where row_id is not null
    union all
    select stage_id, row_id, 'r' from arrived join away using (_hash, copy)
    union all
    select stage_id, row_id, case when row_id is null then 'i' else 'v' end
      from arrived_otherwise left join away_otherwise using (key, place)`;
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
