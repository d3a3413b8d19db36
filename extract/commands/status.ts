// `extract status`: what Bronze holds, by its ledger.

import type { Client } from '../../core/database.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readStatus, type UnitStatus } from '../bronze/status.ts';
import { withBronze } from './open-bronze.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract status`. */
export interface StatusOptions extends CommonOptions {
  readonly json: boolean;
}

/** Prints one line for each dataset and cycle that was loaded, or tried. */
export async function status(context: ProgramContext, options: StatusOptions): Promise<ExitCode> {
  const units = await withBronze(context, options, 'status', ({ rows }) =>
    rows.withClient((client: Client) => readStatus(client)),
  );
  if (options.json) context.reporter.result(JSON.stringify(units, null, 2));
  else context.reporter.result(formatStatus(units));
  return 0;
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
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const isNumber = [false, true, true, true, true, true, false, false];
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
