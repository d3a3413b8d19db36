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
  /** Names of columns that the server generates. */
  readonly generated?: readonly string[];
}

/** Names how the rows of a dataset are hashed; the ledger keeps it with every load. */
export function hashAlgorithmOf(dataset: Dataset): string {
  const between = dataset.format === 'csv' ? ' parted by 0x01' : '';
  return `hashtextextended/${dataset.columns.length} columns${between}`;
}

/**
 * Returns what stands between the fields of a row in the text that is hashed: a character that no field
 * holds, or two rows could be one text. Quoted fields may hold a `|`; byte 0x01 is rejected.
 */
export function hashDelimiter(dataset: Dataset): string {
  return dataset.format === 'csv' ? '\x01' : '|';
}

/** Returns the SQL of a row's hash, which the gates make as well: of a piped file, that of the line. */
export function rowHashExpression(dataset: Dataset): string {
  const fields = dataset.columns.map(({ name }) => `coalesce(${quoteIdentifier(name)}, '')`);
  const delimiter = dataset.format === 'csv' ? 'chr(1)' : "'|'";
  return `hashtextextended((${fields.join(` || ${delimiter} || `)}) collate "C", 0)`;
}

/** A column that FundLens adds to those of the FEC. */
interface OwnColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** Columns that say where a row came from, with their types and their meaning. */
const lineage: readonly OwnColumn[] = [
  {
    name: 'cycle',
    type: 'integer not null',
    doc: 'The even year of the bulk file: 2020 for indiv20.zip.',
  },
  {
    name: '_load_id',
    type: 'bigint not null',
    doc: 'The load in bronze.loads that first brought this version of the row.',
  },
  {
    name: '_line',
    type: 'bigint not null',
    doc: 'Line number in the file of that load, from 1.',
  },
];

const withdrawn: OwnColumn = {
  name: '_withdrawn',
  type: 'bigint',
  doc: 'The load whose file no longer had the row; null while the FEC has it.',
};

const hash: OwnColumn = {
  name: '_hash',
  type: 'bigint',
  doc: "64-bit hash of the FEC's columns: tells a changed row from an unchanged one.",
};

const superseded: OwnColumn = {
  name: '_superseded_by',
  type: 'bigint not null',
  doc: 'The load that brought the next version, or brought a withdrawn row back.',
};

/** A table to be, as the catalog has it. */
interface TableShape {
  readonly name: string;
  readonly comment: string;
  readonly dataset: Dataset;
  readonly own: readonly OwnColumn[];
  readonly partitionedByCycle: boolean;
}

/** Returns the statements that bring the tables of the datasets up to the catalog; none when they are. */
export function planTables(
  datasets: readonly Dataset[],
  existing: readonly ExistingTable[],
): readonly string[] {
  return datasets.flatMap(shapes).flatMap((shape) => {
    const found = existing.find((table) => table.name === shape.name);
    return [
      ...(found === undefined ? [createTable(shape)] : addColumns(shape, found)),
      ...addIndex(shape, found),
      ...comment(shape, found),
    ];
  });
}

/** Returns the name of the index on a table's key. */
export function keyIndexName(table: string): string {
  return `${table}_key_idx`;
}

/** Returns the name of the table that keeps the superseded versions of a dataset's rows. */
export function historyTable(dataset: Dataset): string {
  return `${dataset.table}_history`;
}

function shapes(dataset: Dataset): readonly TableShape[] {
  return [
    {
      name: dataset.table,
      comment: `${dataset.description} ${dataset.sourceUrl}`,
      dataset,
      own: [...lineage, withdrawn, hash],
      partitionedByCycle: dataset.partitionedByCycle,
    },
    {
      name: historyTable(dataset),
      comment: `Superseded versions of the rows of bronze.${dataset.table}.`,
      dataset,
      own: [...lineage, withdrawn, superseded],
      partitionedByCycle: false,
    },
  ];
}

function createTable(shape: TableShape): string {
  const columns = [
    ...shape.dataset.columns.map((column) => `${quoteIdentifier(column.name)} text`),
    ...shape.own.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`),
  ];
  const partitions = shape.partitionedByCycle ? ' partition by list (cycle)' : '';
  return `create table ${relation(shape)} (${columns.join(', ')})${partitions}`;
}

function addColumns(shape: TableShape, found: ExistingTable): readonly string[] {
  const missing = shape.dataset.columns.filter((column) => !found.columns.has(column.name));
  return [
    ...missing.map(
      (column) => `alter table ${relation(shape)} add column ${quoteIdentifier(column.name)} text`,
    ),
    ...shape.own
      .filter(({ name }) => !found.columns.has(name))
      .map(
        ({ name, type }) =>
          `alter table ${relation(shape)} add column ${quoteIdentifier(name)} ${type}`,
      ),
    // Hashes of an older program, which the server made; the next load of a cycle makes them anew.
    ...(found.generated?.includes('_hash')
      ? [`alter table ${relation(shape)} alter column _hash drop expression`]
      : []),
  ];
}

/**
 * Not unique, though the key may be: Bronze takes what the FEC sends. The files of millions of rows have
 * none: whole cycles are compared and read, and an index would cost each load a third more.
 */
function addIndex(shape: TableShape, found: ExistingTable | undefined): readonly string[] {
  if (shape.partitionedByCycle) return [];
  const name = keyIndexName(shape.name);
  if (found?.indexes.includes(name)) return [];
  const key = shape.dataset.key.map(quoteIdentifier).join(', ');
  return [`create index ${quoteIdentifier(name)} on ${relation(shape)} (${key})`];
}

function comment(shape: TableShape, found: ExistingTable | undefined): readonly string[] {
  const columns = [
    ...shape.dataset.columns.map(({ name, type, unit, doc }) => ({
      name,
      text: `${doc} FEC type ${type}${unit === undefined ? '' : `, ${unit}`}.`,
    })),
    ...shape.own.map(({ name, doc }) => ({ name, text: doc })),
  ];
  return [
    ...(found?.comment === shape.comment
      ? []
      : [`comment on table ${relation(shape)} is ${quoteLiteral(shape.comment)}`]),
    ...columns
      .filter(({ name, text }) => found?.columns.get(name) !== text)
      .map(
        ({ name, text }) =>
          `comment on column ${relation(shape)}.${quoteIdentifier(name)} is ${quoteLiteral(text)}`,
      ),
  ];
}

function relation(shape: TableShape): string {
  return quoteQualified('bronze', shape.name);
}
