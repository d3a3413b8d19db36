// Rows of a query for a person's eyes: read only, bounded by the server.

import { type Client, queryOneStatementAsLists } from '../../core/database.ts';
import type { SqlMap } from '../compile/types.ts';
import { modelError } from './model-error.ts';

/** A query to show. */
export interface RowsQuery {
  readonly sql: string;
  readonly sqlMap: SqlMap;
  readonly path: string;
  /** Rows at most; negative for all. */
  readonly limit: number;
  /** Whether numbers stay numbers as JSON has them. */
  readonly asJson: boolean;
}

/** Runs the query in a read-only transaction; a query that writes is refused by the server. */
export async function readRows(
  client: Client,
  query: RowsQuery,
): Promise<{ columns: readonly string[]; rows: readonly (readonly unknown[])[] }> {
  const sql = query.sql.trim().replace(/;\s*$/, '');
  // The newline ends a `--` comment on the query's last line.
  const limited = `select * from (\n${sql}\n) as shown${query.limit < 0 ? '' : ` limit ${query.limit}`}`;
  await client.query('begin read only');
  try {
    const result = await queryOneStatementAsLists(client, limited);
    const columns = result.fields.map((field) => field.name);
    const numeric = result.fields.map((field) => numericTypes.has(field.dataTypeID));
    const rows = query.asJson
      ? result.rows.map((row) =>
          row.map((value, index) => (numeric[index] ? exactNumber(value) : value)),
        )
      : result.rows;
    return { columns, rows };
  } catch (error) {
    throw modelError(error, {
      node: query.path,
      sql: query.sql,
      sqlMap: query.sqlMap,
      path: query.path,
      sent: limited,
      // The text sent begins with what `trim` left.
      bodyOffset: limited.indexOf('\n') + 1 - (query.sql.length - query.sql.trimStart().length),
    });
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

const numericTypes = new Set([20, 1700]);

/** A JSON number where JavaScript holds it exactly, else the server's text. */
function exactNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const digits = value.replace(/^-?0*|\.|0*$/g, '').length;
  return digits <= 15 && Number.isFinite(Number(value)) ? Number(value) : value;
}
