// Compares a staged file with its cycle in Bronze and applies what differs, in the client's transaction.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import { historyTable } from '../bronze/tables.ts';
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
  const stage = quoteQualified('bronze', work.staged.table);
  const table = quoteQualified('bronze', rowTable(dataset, cycle));
  // A hash join in memory is the fast way; compiling the query costs more than it saves.
  await client.query("set local work_mem = '256MB'; set local jit = off");
  // Keeps other writers out, so that ctid stays what it is; readers pass.
  await client.query(`lock table ${table} in share row exclusive mode`);
  if (work.rehash) {
    const [first] = work.dataset.columns.map(({ name }) => quoteIdentifier(name));
    await client.query(`update ${table} set ${first} = ${first} where cycle = $1`, [cycle]);
  }
  // Statistics of what is joined, no more: those of all columns take longer than the comparison.
  const joined = [...dataset.key.map(quoteIdentifier), '_hash'].join(', ');
  await client.query(`analyze ${stage} (${joined})`);
  const isKeyed = dataset.keyIsUnique && !(await repeatsKeys(client, work, table, stage));
  await client.query(
    `create temporary table changes on commit drop as
     ${isKeyed ? compareByKey(dataset, cycle, table, stage) : compareAsMultisets(dataset, cycle, table, stage)}`,
  );
  await client.query('analyze changes');
  work.guard(await countChanges(client, work.staged));
  reachFaultPoint('extract:after-compare');
  return applyChanges(client, work, table, stage);
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

/** The FEC's own keys do not repeat; should they, the rows are told apart as those of the masters are. */
async function repeatsKeys(
  client: Client,
  work: Reconciliation,
  table: string,
  stage: string,
): Promise<boolean> {
  const key = keyOf(work.dataset, 'row');
  for (const relation of [stage, table]) {
    const { rows } = await client.query(
      `select from ${relation} as row where cycle = $1 group by ${key} having count(*) > 1 limit 1`,
      [work.cycle],
    );
    if (rows.length > 0) return true;
  }
  return false;
}

// Operations in `changes`: i insert, u update, w withdraw, and of rows that had been withdrawn:
// r returned as it was, v returned in another version.

function compareByKey(dataset: Dataset, cycle: number, table: string, stage: string): string {
  return `
    select staged.ctid as stage_id, present.ctid as row_id,
           case when present.ctid is null then 'i'
                when staged.ctid is null then 'w'
                when present._withdrawn is null then 'u'
                when staged._hash = present._hash then 'r'
                else 'v' end as operation
      from ${stage} as staged
      full join (select ctid, * from ${table} where cycle = ${Number(cycle)}) as present
        on ${keyOf(dataset, 'staged')} = ${keyOf(dataset, 'present')}
     where present.ctid is null
        or (staged.ctid is null and present._withdrawn is null)
        or (staged.ctid is not null
            and (staged._hash <> present._hash or present._withdrawn is not null))`;
}

/**
 * Lines that the load before had as well are paired first, as often as both have them; what is left of
 * both is paired by key, in the order of the lines; only then do withdrawn rows come into play, again
 * the same ones first. So the counts are those of the file against the file before.
 */
function compareAsMultisets(dataset: Dataset, cycle: number, table: string, stage: string): string {
  const key = keyOf(dataset, 'source');
  const number = (by: string, order: string): string =>
    `row_number() over (partition by ${by} order by ${order})`;
  return `
    with
    staged as (
      select ctid as stage_id, ${key} as key, _hash, _line, ${number('_hash', '_line')} as copy
        from ${stage} as source
    ),
    live as (
      select ctid as row_id, ${key} as key, _hash, _load_id, _line,
             ${number('_hash', '_load_id, _line')} as copy
        from ${table} as source where cycle = ${Number(cycle)} and _withdrawn is null
    ),
    fresh as (
      select stage_id, key, _hash, _line, ${number('key', '_line')} as place
        from staged where not exists (
          select from live where live._hash = staged._hash and live.copy = staged.copy)
    ),
    stale as (
      select row_id, key, ${number('key', '_load_id, _line')} as place
        from live where not exists (
          select from staged where staged._hash = live._hash and staged.copy = live.copy)
    ),
    paired as (
      select stage_id, row_id, key, fresh._hash, fresh._line from fresh full join stale using (key, place)
    ),
    arrived as (
      select stage_id, key, _hash, _line, ${number('_hash', '_line')} as copy
        from paired where row_id is null
    ),
    away as (
      select ctid as row_id, ${key} as key, _hash, _withdrawn, _load_id, _line,
             ${number('_hash', '_withdrawn desc, _load_id, _line')} as copy
        from ${table} as source where cycle = ${Number(cycle)} and _withdrawn is not null
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
  stage: string,
): Promise<RowChanges> {
  const { dataset, loadId, staged } = work;
  const fec = dataset.columns.map(({ name }) => quoteIdentifier(name));
  const received = [...fec, 'cycle', '_load_id', '_line'];
  const run = async (sql: string): Promise<number> => (await client.query(sql)).rowCount ?? 0;
  const load = Number(loadId);
  await run(
    `insert into ${quoteQualified('bronze', historyTable(dataset))}
       (${received.join(', ')}, _withdrawn, _superseded_by)
     select ${received.map((name) => `old.${name}`).join(', ')}, old._withdrawn, ${load}
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
  await assertLive(client, work, table);
  return changes;
}

/** A last look before the commit: Bronze has as many live rows as the file has lines that fit. */
async function assertLive(client: Client, work: Reconciliation, table: string): Promise<void> {
  const { rows } = await client.query<{ live: string }>(
    `select count(*) as live from ${table} where cycle = $1 and _withdrawn is null`,
    [work.cycle],
  );
  const expected = work.staged.counts.rowsPassed;
  if (Number(rows[0]?.live) !== expected) {
    throw new Error(`${rows[0]?.live} rows of ${work.dataset.name} are live, not ${expected}`);
  }
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
