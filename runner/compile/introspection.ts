// Calls of templates that read the database, each as one query whose answer is known or asked for.

import { ValueFault } from '../../core/template/errors.ts';
import { type HostObject, ListValue, type Value } from '../../core/template/values.ts';
import { type Answer, type Answers, NeedsAnswer } from './answers.ts';
import { columnValue } from './column-value.ts';
import { relationValue } from './relation-value.ts';
import { nothing, tableValue } from './table-value.ts';

/** What templates can learn of the database. */
export interface Introspection {
  /** False while refs and configs are gathered: then every call gives dbt's empty value. */
  readonly execute: boolean;
  /** Whether queries may write, as those of hooks and materializations do. */
  readonly mayWrite: boolean;
  /** The rows of a query of the template's own. */
  query(sql: string): Value;
  emptyTable(): Value;
  /** The relation, or null where there is none. */
  getRelation(schema: string, identifier: string): Value;
  /** Columns by name, in their order. */
  getColumns(schema: string, identifier: string): ReadonlyMap<string, HostObject>;
  getQueryColumns(sql: string): Value;
  listRelations(schema: string): Value;
  schemaExists(schema: string): boolean;
}

/** Makes the reading calls for one render. */
export function introspectionOf(
  database: string,
  answers: Answers,
  execute: boolean,
  mayWrite = false,
): Introspection {
  const ask = (sql: string): Extract<Answer, { status: 'rows' }> => {
    const answer = answers.get(sql);
    if (answer === undefined) throw new NeedsAnswer({ sql });
    if (answer.status === 'failed') throw new ValueFault(answer.message, answer.hint);
    return answer;
  };
  return {
    execute,
    mayWrite,
    query: (sql) => {
      if (!execute) return nothing;
      if (!mayWrite) refuseWrites(sql);
      return tableValue(ask(sql.trim()));
    },
    emptyTable: () => tableValue({ columns: [], rows: [] }),
    getRelation: (schema, identifier) => {
      if (!execute) return null;
      const [row] = ask(relationsQuery(schema, identifier)).rows;
      if (row === undefined) return null;
      return relationValue(database, { schema, identifier: row[0] ?? '' }, row[1] ?? null);
    },
    getColumns: (schema, identifier) => {
      const { rows } = ask(columnsQuery(schema, identifier));
      return new Map(rows.map((row) => [row[0] ?? '', columnOf(row)]));
    },
    getQueryColumns: (sql) => {
      if (!execute) return new ListValue();
      refuseWrites(sql);
      throw new ValueFault('`get_column_schema_from_query` is not supported');
    },
    listRelations: (schema) => {
      if (!execute) return new ListValue();
      const { rows } = ask(relationsQuery(schema, undefined));
      return new ListValue(
        rows.map(([identifier, type]) =>
          relationValue(database, { schema, identifier: identifier ?? '' }, type ?? null),
        ),
      );
    },
    schemaExists: (schema) =>
      execute &&
      ask(`select nspname::text from pg_namespace where nspname = ${literal(schema)}`).rows.length >
        0,
  };
}

function columnOf(row: readonly (string | null)[]): HostObject {
  const [name, dtype, charSize, precision, scale] = row;
  const size = (text: string | null | undefined): number | null =>
    text === null || text === undefined ? null : Number(text);
  return columnValue({
    name: name ?? '',
    dtype: dtype ?? '',
    charSize: size(charSize),
    precision: size(precision),
    scale: size(scale),
  });
}

const READING = /^(?:select|with|values|table|show|explain|\()/i;

/** @throws {ValueFault} for a statement that begins as none does that only reads */
function refuseWrites(sql: string): void {
  const bare = sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
  if (READING.test(bare)) return;
  const word = /^\w+/.exec(bare)?.[0] ?? 'nothing';
  throw new ValueFault(
    `a query of a template may only read, and this one begins with \`${word}\``,
    'run it in a hook or in a model of its own',
  );
}

/** A text as SQL writes it: names come from the project, and reach only queries that read. */
function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

function relationsQuery(schema: string, identifier: string | undefined): string {
  const one =
    identifier === undefined ? '' : ` and lower(c.relname) = lower(${literal(identifier)})`;
  const order =
    identifier === undefined ? 'c.relname' : `c.relname <> ${literal(identifier)}, c.relname`;
  return [
    "select c.relname::text, case c.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end::text",
    'from pg_class as c join pg_namespace as n on n.oid = c.relnamespace',
    `where n.nspname = ${literal(schema)} and c.relkind in ('r', 'p', 'f', 'v', 'm')${one}`,
    `order by ${order}`,
  ].join('\n');
}

/** As the information schema tells them, and for materialized views, which it leaves out, the catalog. */
function columnsQuery(schema: string, identifier: string): string {
  return [
    'select column_name::text, data_type::text, character_maximum_length::text, numeric_precision::text, numeric_scale::text',
    'from information_schema.columns',
    `where table_schema = ${literal(schema)} and table_name = ${literal(identifier)}`,
    'order by ordinal_position',
  ].join('\n');
}
