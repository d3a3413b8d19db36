// `extract sync-state`: the extraction state, computed anew from what Bronze and its ledger hold.

import { inTransaction } from '../../core/database.ts';
import { withLease } from '../../core/locks.ts';
import { migrate } from '../../core/migrations.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { ensureApiTables } from '../bronze/api-tables.ts';
import { ensureTables } from '../bronze/ensure-tables.ts';
import { bronzeSchema } from '../bronze/migrations.ts';
import { type StateDifference, syncStates } from '../bronze/sync-states.ts';
import { apiDatasets } from '../datasets/api-catalog.ts';
import { datasets } from '../datasets/catalog.ts';
import { withBronze } from './open-bronze.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract sync-state`. */
export interface SyncOptions extends CommonOptions {
  /** None means all. */
  readonly cycles: readonly number[];
  readonly committees: readonly string[];
  readonly dryRun: boolean;
}

/** Computes states anew and prints what differs; with `dryRun` nothing is written. */
export async function syncState(context: ProgramContext, options: SyncOptions): Promise<ExitCode> {
  const differences = await withBronze(context, options, 'sync-state', async (databases) => {
    await migrate(databases.connection, bronzeSchema);
    return withLease(databases.ledger, 'extract', async () => {
      await ensureTables(databases.rows, datasets);
      await ensureApiTables(databases.rows, apiDatasets);
      return databases.rows.withClient((client) =>
        inTransaction(client, () => syncStates(client, options)),
      );
    });
  });
  const { reporter } = context;
  if (reporter.format === 'json') reporter.result(JSON.stringify({ differences }));
  else reporter.result(formatDifferences(differences, options.dryRun));
  return 0;
}

/** Lays the differences out for people. */
export function formatDifferences(
  differences: readonly StateDifference[],
  isDryRun: boolean,
): string {
  if (differences.length === 0) return 'every state is what Bronze says';
  const lines = differences.map(
    ({ dataset, cycle, scope, field, was, is }) =>
      `${dataset} ${cycle} ${scope}: ${field} ${was ?? '-'} -> ${is ?? '-'}`,
  );
  const verb = isDryRun ? 'would change' : 'changed';
  return [...lines, `${differences.length} ${verb}`].join('\n');
}
