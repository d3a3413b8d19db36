import pg from 'pg';
import type { Connection } from '../../core/connection.ts';
import { clientConfig } from '../../core/database.ts';

/** Runs one statement over a connection of its own and returns its rows. */
export async function queryOnce(
  connection: Connection,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client(clientConfig(connection, 'fundlens:test-query'));
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
