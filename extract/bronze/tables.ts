// The tables of the datasets follow the catalog: what a dataset has and the database lacks is added.
// Nothing is ever dropped or changed in type, so no migration has to be written for a new dataset.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import type { Dataset } from '../datasets/types.ts';

/** A Bronze table as it stands in the database. */
export interface ExistingTable {
  readonly name: string;
  readonly comment: string | null;
  /** Comments by column name; a column without one has null. */
  readonly columns: ReadonlyMap<string, string | null>;
  /** Names of its indexes. */
  readonly indexes: readonly string[];
}

/** Columns that say where a row came from, with their types and their meaning. */
const lineage: readonly { readonly name: string; readonly type: string; readonly doc: string }[] = [
  { name: 'cycle', type: 'integer', doc: 'The even year of the bulk file: 2020 for indiv20.zip.' },
  { name: '_load_id', type: 'bigint', doc: 'The load in bronze.loads that brought the line.' },
  { name: '_line', type: 'bigint', doc: 'Line number in the file, from 1.' },
];

/** Returns the statements that bring the tables of the datasets up to the catalog; none when they are. */
export function planTables(
  datasets: readonly Dataset[],
  existing: readonly ExistingTable[],
): readonly string[] {
  return datasets.flatMap((dataset) => {
    const found = existing.find((table) => table.name === dataset.table);
    return [
      ...(found === undefined ? [createTable(dataset)] : addColumns(dataset, found)),
      ...addIndex(dataset, found),
      ...comment(dataset, found),
    ];
  });
}

/** Returns the name of the index on a table's key. */
export function keyIndexName(table: string): string {
  return `${table}_key_idx`;
}

function createTable(dataset: Dataset): string {
  const columns = [
    ...dataset.columns.map((column) => `${quoteIdentifier(column.name)} text`),
    ...lineage.map(({ name, type }) => `${quoteIdentifier(name)} ${type} not null`),
  ];
  const partitions = dataset.partitionedByCycle ? ' partition by list (cycle)' : '';
  return `create table ${relation(dataset)} (${columns.join(', ')})${partitions}`;
}

function addColumns(dataset: Dataset, found: ExistingTable): readonly string[] {
  return dataset.columns
    .filter((column) => !found.columns.has(column.name))
    .map(
      (column) =>
        `alter table ${relation(dataset)} add column ${quoteIdentifier(column.name)} text`,
    );
}

/** Not unique, though the key may be: Bronze takes what the FEC sends. */
function addIndex(dataset: Dataset, found: ExistingTable | undefined): readonly string[] {
  const name = keyIndexName(dataset.table);
  if (found?.indexes.includes(name)) return [];
  const key = dataset.key.map(quoteIdentifier).join(', ');
  return [`create index ${quoteIdentifier(name)} on ${relation(dataset)} (${key})`];
}

function comment(dataset: Dataset, found: ExistingTable | undefined): readonly string[] {
  const text = `${dataset.description} ${dataset.sourceUrl}`;
  const columns = [
    ...dataset.columns.map(({ name, type, unit, doc }) => ({
      name,
      text: `${doc} FEC type ${type}${unit === undefined ? '' : `, ${unit}`}.`,
    })),
    ...lineage.map(({ name, doc }) => ({ name, text: doc })),
  ];
  return [
    ...(found?.comment === text
      ? []
      : [`comment on table ${relation(dataset)} is ${quoteLiteral(text)}`]),
    ...columns
      .filter((column) => found?.columns.get(column.name) !== column.text)
      .map(
        (column) =>
          `comment on column ${relation(dataset)}.${quoteIdentifier(column.name)} is ${quoteLiteral(column.text)}`,
      ),
  ];
}

function relation(dataset: Dataset): string {
  return quoteQualified('bronze', dataset.table);
}
