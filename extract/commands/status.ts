// `extract status`: what Bronze holds, by its ledger.

import type { Client } from '../../core/database.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readScopes, readStatus, type ScopeStatus, type UnitStatus } from '../bronze/status.ts';
import { apiDatasets } from '../datasets/api-catalog.ts';
import { datasets } from '../datasets/catalog.ts';
import { withBronze } from './open-bronze.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract status`. */
export interface StatusOptions extends CommonOptions {
  readonly json: boolean;
}

/** Prints one line for each dataset and cycle that was loaded, or tried, and for each scope of the API. */
export async function status(context: ProgramContext, options: StatusOptions): Promise<ExitCode> {
  const { units, scopes } = await withBronze(context, options, 'status', ({ rows }) =>
    rows.withClient(async (client: Client) => ({
      units: await readStatus(client, namesOf(datasets)),
      scopes: await readScopes(client, namesOf(apiDatasets)),
    })),
  );
  if (options.json) context.reporter.result(JSON.stringify([...units, ...scopes], null, 2));
  else {
    const hasOnlyApi = units.length === 0 && scopes.length > 0;
    if (!hasOnlyApi) context.reporter.result(formatStatus(units));
    if (scopes.length > 0) context.reporter.result(formatScopes(scopes));
  }
  return 0;
}

function namesOf(list: readonly { readonly name: string }[]): readonly string[] {
  return list.map(({ name }) => name);
}

/** Lays the scopes of the API out as a table for people. */
export function formatScopes(scopes: readonly ScopeStatus[]): string {
  const header = ['table', 'cycle', 'scope', 'status', 'complete to', 'rows', 'calls', 'last try'];
  const lines = scopes.map((scope) => [
    scope.table,
    String(scope.cycle),
    scope.scope,
    scope.status,
    scope.completeTo ?? '-',
    scope.windowRows.toLocaleString('en-US'),
    scope.calls.toLocaleString('en-US'),
    scope.error === null ? (scope.lastAttempt ?? '-') : `${scope.lastAttempt}: ${scope.error}`,
  ]);
  return formatTable(header, lines, [false, true, false, false, false, true, true, false]);
}

/** Lays the status out as a table for people. */
export function formatStatus(units: readonly UnitStatus[]): string {
  if (units.length === 0) {
    return 'nothing is loaded yet; load the sample with `extract bulk --cycle 2020 --from extract/sample/2019-03-17`';
  }
  const header = [
    'table',
    'cycle',
    'rows',
    'rejected',
    'repaired',
    'load',
    'loaded at',
    'last try',
  ];
  const lines = units.map((unit) => [
    unit.table,
    String(unit.cycle),
    unit.rows?.toLocaleString('en-US') ?? '-',
    unit.rejected?.toLocaleString('en-US') ?? '-',
    unit.repaired?.toLocaleString('en-US') ?? '-',
    unit.loadId === null ? '-' : String(unit.loadId),
    unit.loadedAt ?? '-',
    unit.lastAttempt,
  ]);
  return formatTable(header, lines, [false, true, true, true, true, true, false, false]);
}

function formatTable(
  header: readonly string[],
  lines: readonly (readonly string[])[],
  isNumber: readonly boolean[],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  return [header, ...lines]
    .map((line) =>
      line
        .map((cell, column) =>
          isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
