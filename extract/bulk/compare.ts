// Finds what differs between a staged file and its cycle in Bronze, in the client's transaction.

import type { Client } from '../../core/database.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';
import type { StagedFile } from './types.ts';

/** A staged file and the rows that it is compared with. */
export interface Comparison {
  readonly dataset: Dataset;
  readonly cycle: number;
  readonly staged: StagedFile;
  /** The cycle's rows in Bronze, quoted: `ctid` means something in one table only. */
  readonly table: string;
}

/** A blank key is a key like others; null would never meet its like in a join. */
function keyOf(dataset: Dataset, alias: string): string {
  const parts = dataset.key.map((name) => `${alias}.${quoteIdentifier(name)}`);
  return parts.length === 1 ? `coalesce(${parts[0]}, '')` : `row(${parts.join(', ')})::text`;
}

/** What a cycle's rows are before a load, as far as comparing them needs it. */
export interface Before {
  readonly live: number;
  readonly hashSum: bigint;
  readonly withdrawn: number;
}

/** Counts the rows of a cycle and adds up the hashes of the live ones. */
export async function sumLive(client: Client, { cycle, table }: Comparison): Promise<Before> {
  const { rows } = await client.query<{ live: string; sum: string; withdrawn: string }>(
    `select count(*) filter (where _withdrawn is null) as live,
            coalesce(sum(_hash) filter (where _withdrawn is null), 0) as sum,
            count(_withdrawn) as withdrawn
       from ${table} where cycle = $1`,
    [cycle],
  );
  const [row] = rows;
  return {
    live: Number(row?.live),
    hashSum: BigInt(row?.sum ?? 0),
    withdrawn: Number(row?.withdrawn),
  };
}

/**
 * Fills the temporary table `changes` (`stage_id`, `row_id`, `operation`). Lines that stand in one of both
 * alone are found by their hash. That does not see how often a line stands in each; the sums do, and only
 * where they are not those of the file are copies counted.
 */
export async function findChanges(
  client: Client,
  comparison: Comparison,
  before: Before,
): Promise<void> {
  const { dataset, cycle, staged, table } = comparison;
  const stage = quoteQualified('bronze', staged.table);
  await findUnpaired(
    client,
    (await looksRepetitive(client, staged.table, stage))
      ? unpairedLines(dataset, cycle, table, stage)
      : await joinLines(client, dataset, cycle, table, stage),
  );
  if (!(await leadsToFile(client, staged, before))) {
    await client.query('drop table fresh, stale');
    await findUnpaired(client, unpairedCopies(dataset, cycle, table, stage));
    if (!(await leadsToFile(client, staged, before))) {
      throw new Error(`the rows of ${dataset.name} would not be those of the file`);
    }
  }
  await client.query(
    `create temporary table changes on commit drop as
     ${pairByKey(dataset, cycle, table, before.withdrawn > 0)}`,
  );
  await client.query('analyze changes');
}

/** Tells whether the live rows, less the stale and with the fresh ones, are as many as those that passed the gate, and the same. */
async function leadsToFile(
  client: Client,
  { counts, hashSum }: StagedFile,
  before: Before,
): Promise<boolean> {
  const fresh = await sumOf(client, 'fresh');
  const stale = await sumOf(client, 'stale');
  return (
    before.live + fresh.rows - stale.rows === counts.rowsPassed &&
    before.hashSum + fresh.sum - stale.sum === hashSum
  );
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

/**
 * Tells whether a sample of the staged lines holds one twice. Where each stands once, one full join does,
 * which reads both tables once; where lines repeat it would pair each copy with each.
 */
async function looksRepetitive(client: Client, name: string, stage: string): Promise<boolean> {
  await client.query('set local default_statistics_target = 25');
  await client.query(`analyze ${stage} (_hash)`);
  await client.query('set local default_statistics_target to default');
  const { rows } = await client.query<{ once: boolean }>(
    `select n_distinct = -1 as once from pg_stats
      where schemaname = 'bronze' and tablename = $1 and attname = '_hash'`,
    [name],
  );
  return rows[0]?.once !== true;
}

async function joinLines(
  client: Client,
  dataset: Dataset,
  cycle: number,
  table: string,
  stage: string,
): Promise<Unpaired> {
  await client.query(
    `create temporary table apart on commit drop as
     select staged.ctid as stage_id, live.ctid as row_id
       from ${stage} as staged
       full join (select ctid, _hash from ${table}
                   where cycle = ${Number(cycle)} and _withdrawn is null) as live
         on live._hash = staged._hash
      where staged.ctid is null or live.ctid is null`,
  );
  await client.query('analyze apart');
  return {
    fresh: `
      select stage_id, ${keyOf(dataset, 'staged')} as key, _hash, _line
        from apart join ${stage} as staged on staged.ctid = apart.stage_id`,
    stale: `
      select row_id, ${keyOf(dataset, 'live')} as key, _hash, _load_id, _line
        from apart join ${table} as live on live.ctid = apart.row_id`,
  };
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
