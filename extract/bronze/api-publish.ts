// One answer of the API into Bronze: staged by COPY, compared, upserted and counted, in the caller's transaction.

import { copyIn } from '../../core/copy.ts';
import type { Client } from '../../core/database.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import type { ApiDataset } from '../datasets/api-types.ts';
import type { StateKey, StatePart } from './api-state.ts';

/** A record to be stored. */
export interface StagedRecord {
  /** Number in its answer, from 1. */
  readonly line: number;
  /** JSON text that jsonb takes. */
  readonly json: string;
}

/** A record that is set aside. */
export interface RejectedRecord extends StagedRecord {
  readonly reason: string;
}

/** What became of the records of an answer. */
export interface PublishedPage {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Among those inserted: rows that were withdrawn before. */
  readonly returned: number;
  /** Rows that were not seen before in this window. */
  readonly newlySeen: number;
}

/** What a page is stored as. */
export interface PageLoad {
  readonly dataset: ApiDataset;
  readonly key: StateKey;
  readonly loadId: number;
  readonly records: readonly StagedRecord[];
  readonly rejects: readonly RejectedRecord[];
}

/** Stores the records of an answer; the newest load of a row is the one that stands. */
export async function publishPage(client: Client, load: PageLoad): Promise<PublishedPage> {
  const { dataset, key, loadId } = load;
  for (const { line, json, reason } of load.rejects) {
    await client.query(
      `insert into bronze.rejects (load_id, dataset, cycle, line, bytes, reason)
       values ($1, $2, $3, $4, $5, $6)`,
      [loadId, dataset.name, key.cycle, line, Buffer.from(json), reason],
    );
  }
  if (load.records.length === 0) {
    return { inserted: 0, updated: 0, unchanged: 0, returned: 0, newlySeen: 0 };
  }
  await stageRecords(client, load.records);
  const { rows } = await client.query<Record<keyof PublishedPage | 'staged', string>>(
    publishStatement(dataset),
    [key.dataset, key.cycle, key.scope, loadId],
  );
  const counts = rows[0];
  if (counts === undefined) throw new Error('the upsert of a page answers nothing');
  const inserted = Number(counts.inserted) + Number(counts.returned);
  const updated = Number(counts.updated) - Number(counts.returned);
  return {
    inserted,
    updated,
    unchanged: load.records.length - inserted - updated,
    returned: Number(counts.returned),
    newlySeen: Number(counts.newlySeen),
  };
}

/** The temporary table stays with its connection; its rows go with their transaction. */
async function stageRecords(client: Client, records: readonly StagedRecord[]): Promise<void> {
  await client.query(
    `create temporary table if not exists staged_records (line bigint, record jsonb)
       on commit delete rows`,
  );
  const lines = records.map(({ line, json }) => `${line}\t${escapeCopy(json)}\n`);
  await copyIn(client, 'copy staged_records (line, record) from stdin', [
    Buffer.from(lines.join('')),
  ]);
}

const copyEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function escapeCopy(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => copyEscapes[character] ?? character);
}

function publishStatement(dataset: ApiDataset): string {
  const table = quoteQualified('bronze', dataset.table);
  const keyColumn = quoteIdentifier(dataset.key);
  const keyOf = `record ->> ${quoteLiteral(dataset.key)}`;
  return `with
    staged as (
      -- A page that repeats a row says last what it is.
      select distinct on (${keyOf}) ${keyOf} as key, line, record
        from staged_records order by ${keyOf}, line desc
    ),
    returned as (
      select count(*) as rows from ${table} as stored
        join staged on staged.key = stored.${keyColumn}
       where stored.cycle = $2 and stored._withdrawn is not null
    ),
    written as (
      insert into ${table} as stored (cycle, record, _load_id, _line)
      select $2, record, $4, line from staged order by line
      on conflict (cycle, ${keyColumn}) do update
        set record = excluded.record, _load_id = excluded._load_id, _line = excluded._line,
            _withdrawn = null
        where stored.record is distinct from excluded.record or stored._withdrawn is not null
      returning (xmax = 0) as is_new
    ),
    seen as (
      insert into bronze.api_seen (dataset, cycle, scope, key)
      select $1, $2, $3, key from staged
      on conflict do nothing
      returning key
    )
    select (select count(*) from written where is_new) as inserted,
           (select count(*) from written where not is_new) as updated,
           (select rows from returned) as returned,
           (select count(*) from seen) as "newlySeen"`;
}

/** Which rows of a table belong to a part of a scope. */
export interface PartRows {
  readonly dataset: ApiDataset;
  readonly key: StateKey;
  /** Column and value that a state or committee is asked by. */
  readonly filter: { readonly column: string; readonly value: string } | undefined;
}

/** Counts the live rows of a part as the API would: by the same clock and the same bounds. */
export async function countPart(
  client: Client,
  { dataset, key, filter }: PartRows,
  part: StatePart,
): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from ${quoteQualified('bronze', dataset.table)} as stored
      where _withdrawn is null and ${partCondition(dataset, part, filter)}`,
    [key.cycle, ...partValues(part, filter)],
  );
  return Number(rows[0]?.rows ?? 0);
}

/**
 * Counts the live rows of parts that were read to their end and did not have them, and marks them
 * withdrawn, unless they are more than \`most\` allows. Returns how many there are.
 */
export async function withdrawUnseen(
  client: Client,
  rowsOf: PartRows,
  parts: readonly StatePart[],
  request: { readonly loadId: number; readonly most: (live: number) => number },
): Promise<{ readonly gone: number; readonly live: number; readonly withdrawn: number }> {
  const { dataset, key, filter } = rowsOf;
  const table = quoteQualified('bronze', dataset.table);
  const unseen = `not exists (select from bronze.api_seen as seen
      where seen.dataset = $2 and seen.cycle = $1 and seen.scope = $3
        and seen.key = stored.${quoteIdentifier(dataset.key)})`;
  const whole = parts.every(({ from }) => from === undefined);
  // The parts of an endpoint with several paths are one whole: a row stands under any of them.
  const each = whole ? parts.slice(0, 1) : parts;
  let gone = 0;
  let live = 0;
  for (const part of each) {
    live += await countPart(client, rowsOf, part);
    const { rows } = await client.query<{ rows: string }>(
      `select count(*) as rows from ${table} as stored
        where _withdrawn is null and ${partCondition(dataset, part, filter, 3)} and ${unseen}`,
      [key.cycle, key.dataset, key.scope, ...partValues(part, filter)],
    );
    gone += Number(rows[0]?.rows ?? 0);
  }
  if (gone === 0 || gone > request.most(live)) return { gone, live, withdrawn: 0 };
  let withdrawn = 0;
  for (const part of each) {
    const { rowCount } = await client.query(
      `update ${table} as stored set _withdrawn = $4
        where _withdrawn is null and ${partCondition(dataset, part, filter, 4)} and ${unseen}`,
      [key.cycle, key.dataset, key.scope, request.loadId, ...partValues(part, filter)],
    );
    withdrawn += rowCount ?? 0;
  }
  return { gone, live, withdrawn };
}

/** $1 is the cycle; the values of \`partValues\` follow behind \`offset\` parameters. */
function partCondition(
  { clock }: ApiDataset,
  part: StatePart,
  filter: PartRows['filter'],
  offset = 1,
): string {
  const conditions = ['cycle = $1'];
  let at = offset;
  if (part.from !== undefined && part.to !== undefined && clock !== undefined) {
    const column = `stored.${quoteIdentifier(clock.column)}`;
    const [from, to] = [`$${at + 1}::text`, `$${at + 2}::text`];
    at += 2;
    // A maximum that is a timestamp is the midnight itself, which the API includes.
    conditions.push(
      clock.grain === 'date'
        ? `left(${column}, 10) between ${from} and ${to}`
        : `${column} >= ${from} and (${column} < ${to}
             or ${column} in (${to}, ${to} || 'T00:00:00', ${to} || 'T00:00:00+00:00'))`,
    );
  }
  if (filter !== undefined) {
    conditions.push(`stored.${quoteIdentifier(filter.column)} = $${at + 1}::text`);
  }
  return conditions.join(' and ');
}

function partValues(part: StatePart, filter: PartRows['filter']): readonly string[] {
  return [
    ...(part.from === undefined || part.to === undefined ? [] : [part.from, part.to]),
    ...(filter === undefined ? [] : [filter.value]),
  ];
}
