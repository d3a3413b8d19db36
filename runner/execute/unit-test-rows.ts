// Rows of unit tests: made-up values become a temporary table, whose types come from what it stands for.

import { Readable } from 'node:stream';
import csvParser from 'csv-parser';
import { type Client, queryOneStatement, queryOneStatementAsLists } from '../../core/database.ts';
import { nearestName, UserError } from '../../core/errors.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { UnitRows } from '../compile/types.ts';
import { inferType, noEvidence, weigh } from './infer-types.ts';
import { readHeader } from './read-csv.ts';

/** A column and its type, as `format_type` prints it. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** A temporary table to make. */
export interface RowsTable {
  readonly table: string;
  /** What the rows are rows of, as errors name it. */
  readonly what: string;
  readonly rows: UnitRows;
  /** Columns of what the table stands for; undefined where nothing is known of them. */
  readonly columns: readonly TypedColumn[] | undefined;
  /** Whether the table has only those columns that the rows name. */
  readonly isPartial: boolean;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Makes and fills a temporary table, and returns its columns.
 * @throws {UserError} for a column that is not there, and for a value that its type does not take.
 */
export async function makeRows(client: Client, given: RowsTable): Promise<readonly TypedColumn[]> {
  if (given.rows.kind === 'sql') return makeFromSql(client, given, given.rows.sql);
  const rows = given.rows.kind === 'csv' ? await readCsvRows(given.rows) : given.rows.rows;
  const named = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const known = given.columns ?? named.map((name) => inferred(name, rows));
  const columnOf = new Map(named.map((name) => [name, findColumn(name, known, given)]));
  const used = new Set(columnOf.values());
  const columns = given.isPartial && rows.length > 0 ? known.filter((it) => used.has(it)) : known;
  await createTable(client, given.table, columns);
  const typed = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const column = columnOf.get(name);
        return [column?.name ?? name, jsonValue(value, column?.type)];
      }),
    ),
  );
  await insertRows(client, given, typed);
  return columns;
}

/** Returns the columns of a query, which is described and not run. */
export async function describeQuery(client: Client, sql: string): Promise<readonly TypedColumn[]> {
  const { fields } = await queryOneStatementAsLists(
    client,
    `select * from (\n${sql}\n) as described limit 0`,
  );
  const { rows } = await client.query<{ readonly type: string }>(
    `select format_type(type, modifier) as type
     from unnest($1::oid[], $2::int[]) with ordinality as field (type, modifier, position)
     order by position`,
    [fields.map((it) => it.dataTypeID), fields.map((it) => it.dataTypeModifier)],
  );
  return fields.map(({ name }, index) => ({ name, type: rows[index]?.type ?? 'text' }));
}

async function makeFromSql(
  client: Client,
  given: RowsTable,
  sql: string,
): Promise<readonly TypedColumn[]> {
  const named = await describeQuery(client, sql).catch((error: unknown) => {
    throw rowsFault(given, error instanceof Error ? error.message : String(error), error);
  });
  const known = given.columns ?? named;
  const pairs = named.map((column) => ({ column, into: findColumn(column.name, known, given) }));
  const columns = given.isPartial ? pairs.map(({ into }) => into) : known;
  await createTable(client, given.table, columns);
  if (pairs.length === 0) return columns;
  const into = pairs.map((pair) => quoteIdentifier(pair.into.name)).join(', ');
  const from = pairs
    .map((pair) => `cast(given.${quoteIdentifier(pair.column.name)} as ${pair.into.type})`)
    .join(', ');
  const table = quoteQualified('pg_temp', given.table);
  try {
    await queryOneStatement(
      client,
      `insert into ${table} (${into})\nselect ${from} from (\n${sql}\n) as given`,
    );
  } catch (error) {
    throw rowsFault(given, error instanceof Error ? error.message : String(error), error);
  }
  return columns;
}

async function createTable(
  client: Client,
  table: string,
  columns: readonly TypedColumn[],
): Promise<void> {
  const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
  await client.query(
    `create temporary table ${quoteQualified('pg_temp', table)} (${list}) on commit drop`,
  );
}

/** All rows in one statement; where one is wrong, they are tried one by one, to name it. */
async function insertRows(client: Client, given: RowsTable, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const table = quoteQualified('pg_temp', given.table);
  const sql = `insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`;
  await client.query('savepoint fundlens_rows');
  try {
    await client.query(sql, [JSON.stringify(rows)]);
  } catch (error) {
    await client.query('rollback to savepoint fundlens_rows');
    for (const [index, row] of rows.entries()) {
      try {
        await client.query(sql, [JSON.stringify([row])]);
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw rowsFault(given, `row ${index + 1}: ${message}`, cause);
      }
    }
    throw error;
  }
}

function findColumn(name: string, columns: readonly TypedColumn[], given: RowsTable): TypedColumn {
  const found =
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name === name.toLowerCase());
  if (found !== undefined) return found;
  const names = columns.map((column) => column.name);
  const nearest = nearestName(name, names);
  throw new UserError(`${given.what} has no column \`${name}\``, {
    where: given.rows.place,
    hint: nearest ? `did you mean \`${nearest}\`?` : `its columns are ${names.join(', ')}`,
    exitCode: 1,
  });
}

function rowsFault({ what, rows }: RowsTable, message: string, cause: unknown): UserError {
  return new UserError(`the rows of ${what} do not fit: ${message}`, {
    where: rows.place,
    hint: 'write values that the type of the column takes',
    cause,
    exitCode: 1,
  });
}

/** Where no type is known, the values tell. */
function inferred(name: string, rows: readonly Row[]): TypedColumn {
  const values = rows.map((row) => row[name]).filter((value) => value !== undefined);
  const isNested = values.some((value) => typeof value === 'object' && value !== null);
  if (isNested) return { name, type: 'jsonb' };
  const evidence = values.reduce(
    (seen: typeof noEvidence, value) => weigh(seen, value === null ? '' : String(value)),
    noEvidence,
  );
  return { name, type: inferType(evidence) };
}

/** Text in a column of JSON is JSON itself. */
function jsonValue(value: unknown, type: string | undefined): unknown {
  if (typeof value !== 'string' || (type !== 'json' && type !== 'jsonb')) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    // Text that is no JSON is a JSON string.
    return value;
  }
}

/** Rows of CSV under its header; an empty field is NULL, as in a seed. */
async function readCsvRows({
  text,
  place,
}: Extract<UnitRows, { readonly kind: 'csv' }>): Promise<readonly Row[]> {
  const lines: string[][] = [];
  const parser = Readable.from([text.trim()]).pipe(csvParser({ headers: false }));
  for await (const item of parser as AsyncIterable<Record<string, string>>) {
    const fields = Object.values(item);
    if (fields.length > 0) lines.push(fields);
  }
  const [header, ...rows] = lines;
  if (header === undefined) return [];
  const names = readHeader(header, place.path);
  return rows.map((fields, index) => {
    if (fields.length !== names.length) {
      throw new UserError(
        `row ${index + 1} of the CSV has ${fields.length} fields, its header ${names.length}`,
        { where: place, hint: 'quote fields that hold a comma', exitCode: 1 },
      );
    }
    return Object.fromEntries(
      names.map((name, at) => {
        const field = (fields[at] ?? '').trim();
        return [name, field === '' ? null : field];
      }),
    );
  });
}
