// The tables of the API's datasets follow their catalog: what a dataset has and the database lacks is added.

import type { Client, Database } from '../../core/database.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import type { ApiDataset } from '../datasets/api-types.ts';
import { createMissing } from './ensure-tables.ts';

/** A table as it stands in the database: comments by column, and the names of its indexes. */
export interface ExistingApiTable {
  readonly comment: string | null;
  readonly columns: ReadonlyMap<string, string | null>;
  readonly indexes: readonly string[];
}

interface OwnColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

const own: readonly OwnColumn[] = [
  { name: 'cycle', type: 'integer not null', doc: 'The even year that was asked for.' },
  {
    name: 'record',
    type: 'jsonb not null',
    doc: 'The whole record as the API sent it: every field, every digit.',
  },
  {
    name: '_load_id',
    type: 'bigint not null',
    doc: 'The load in bronze.loads that first brought this version of the row.',
  },
  {
    name: '_line',
    type: 'bigint not null',
    doc: 'Number of the record in the answer of that load, from 1.',
  },
  {
    name: '_withdrawn',
    type: 'bigint',
    doc: 'The load of a window, read to its end, that no longer had the row; null while the API has it.',
  },
];

/** Creates what the tables lack, in one transaction; reads and does nothing when they lack nothing. */
export async function ensureApiTables(
  database: Database,
  datasets: readonly ApiDataset[],
): Promise<void> {
  await createMissing(database, async (client) =>
    planApiTables(datasets, await readApiTables(client)),
  );
}

/** Returns the statements that bring the tables up to the catalog; none when they are. */
export function planApiTables(
  datasets: readonly ApiDataset[],
  existing: ReadonlyMap<string, ExistingApiTable>,
): readonly string[] {
  return datasets.flatMap((dataset) => {
    const relation = quoteQualified('bronze', dataset.table);
    const found = existing.get(dataset.table);
    const columns = [...own, ...dataset.columns.map(extracted)];
    const missing = columns.filter(({ name }) => !found?.columns.has(name));
    const definitions = missing.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
    return [
      ...(found === undefined ? [`create table ${relation} (${definitions.join(', ')})`] : []),
      ...(found === undefined
        ? []
        : definitions.map((definition) => `alter table ${relation} add column ${definition}`)),
      ...indexes(dataset)
        .filter(({ name }) => !found?.indexes.includes(name))
        .map(
          ({ name, unique, column }) =>
            `create ${unique ? 'unique ' : ''}index ${quoteIdentifier(name)}
               on ${relation} (cycle, ${quoteIdentifier(column)})`,
        ),
      ...comments(dataset, relation, columns, found),
    ];
  });
}

/** Made by the server of the record itself, so that the two can never differ. */
function extracted({ name, doc }: { readonly name: string; readonly doc: string }): OwnColumn {
  const type = `text generated always as (record ->> ${quoteLiteral(name)}) stored`;
  return { name, type, doc };
}

function indexes(
  dataset: ApiDataset,
): readonly { readonly name: string; readonly unique: boolean; readonly column: string }[] {
  const { table, key, clock, committee } = dataset;
  const column = committee?.column;
  return [
    { name: `${table}_key_idx`, unique: true, column: key },
    ...(clock === undefined
      ? []
      : [{ name: `${table}_clock_idx`, unique: false, column: clock.column }]),
    ...(column === undefined || column === key
      ? []
      : [{ name: `${table}_committee_idx`, unique: false, column }]),
  ];
}

function comments(
  dataset: ApiDataset,
  relation: string,
  columns: readonly OwnColumn[],
  found: ExistingApiTable | undefined,
): readonly string[] {
  const text = `${dataset.description} ${dataset.sourceUrl}`;
  return [
    ...(found?.comment === text ? [] : [`comment on table ${relation} is ${quoteLiteral(text)}`]),
    ...columns
      .filter(({ name, doc }) => found?.columns.get(name) !== doc)
      .map(
        ({ name, doc }) =>
          `comment on column ${relation}.${quoteIdentifier(name)} is ${quoteLiteral(doc)}`,
      ),
  ];
}

/** Reads the tables of the API's datasets from the catalog. */
async function readApiTables(client: Client): Promise<ReadonlyMap<string, ExistingApiTable>> {
  const { rows } = await client.query<{
    table: string;
    comment: string | null;
    column: string;
    doc: string | null;
    indexes: readonly string[];
  }>(
    `select relation.relname::text as table, obj_description(relation.oid, 'pg_class') as comment,
            attribute.attname::text as column,
            col_description(relation.oid, attribute.attnum) as doc,
            array(select index.relname::text from pg_index
                    join pg_class as index on index.oid = pg_index.indexrelid
                   where pg_index.indrelid = relation.oid) as indexes
       from pg_class as relation
       join pg_attribute as attribute on attribute.attrelid = relation.oid
      where relation.relnamespace = to_regnamespace('bronze') and relation.relkind = 'r'
        and starts_with(relation.relname, 'api_')
        and attribute.attnum > 0 and not attribute.attisdropped`,
  );
  const tables = new Map<string, ExistingApiTable & { columns: Map<string, string | null> }>();
  for (const row of rows) {
    const table = tables.get(row.table) ?? {
      comment: row.comment,
      columns: new Map<string, string | null>(),
      indexes: row.indexes,
    };
    table.columns.set(row.column, row.doc);
    tables.set(row.table, table);
  }
  return tables;
}
