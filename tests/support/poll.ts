// Readers that ask the same question over and over while something else goes on.

import pg from 'pg';
import type { Connection } from '../../core/connection.ts';
import { clientConfig } from '../../core/database.ts';

/** What readers saw. */
export interface Polled {
  /** Messages of queries that failed. */
  readonly errors: readonly string[];
  /** Answers that `isWhole` refused. */
  readonly broken: readonly string[];
  readonly reads: number;
}

/** Starts a reader for each query; `stop` ends them and says what they saw. */
export function pollWhile(
  connection: Connection,
  queries: readonly string[],
  isWhole: (
    row: Readonly<Record<string, unknown>>,
    before: Readonly<Record<string, unknown>> | undefined,
  ) => boolean,
): { stop(): Promise<Polled> } {
  const errors: string[] = [];
  const broken: string[] = [];
  let reads = 0;
  let isReading = true;
  const read = async (query: string): Promise<void> => {
    const client = new pg.Client(clientConfig(connection, 'fundlens:test-reader'));
    await client.connect();
    let before: Readonly<Record<string, unknown>> | undefined;
    while (isReading) {
      try {
        const { rows } = await client.query(query);
        if (!isWhole(rows[0] ?? {}, before)) broken.push(`${query}: ${JSON.stringify(rows[0])}`);
        before = rows[0];
        reads += 1;
      } catch (error) {
        errors.push(`${query}: ${String(error)}`);
      }
    }
    await client.end();
  };
  const readers = queries.map(read);
  return {
    stop: async () => {
      isReading = false;
      await Promise.all(readers);
      return { errors, broken, reads };
    },
  };
}
