// What `extract bulk` says: a line per file while it works, and the total as its result.

import type { Reporter } from '../../core/reporter.ts';
import type { Load } from '../bronze/types.ts';
import type { BulkFile } from '../bulk/find-files.ts';
import type { FileOutcome } from './load-file.ts';

/** The sums of a run so far. */
export interface Tally {
  loaded: number;
  unchanged: number;
  failed: number;
  rows: number;
  rejected: number;
  /** Unpacked, of the files that were loaded. */
  bytes: number;
  readonly startedAt: number;
  /** Of the longest dataset's name, for lines that stand below each other. */
  readonly nameWidth: number;
}

/** Starts the sums of a run over these datasets. */
export function createTally(names: readonly string[]): Tally {
  return {
    nameWidth: Math.max(7, ...names.map((name) => name.length)),
    loaded: 0,
    unchanged: 0,
    failed: 0,
    rows: 0,
    rejected: 0,
    bytes: 0,
    startedAt: performance.now(),
  };
}

/** Tells what became of a file and adds it to the sums. */
export function reportFile(
  reporter: Reporter,
  tally: Tally,
  file: BulkFile,
  outcome: FileOutcome,
  elapsedMs: number,
): void {
  const common = { dataset: file.dataset.name, cycle: file.cycle, file: file.name };
  const name = file.dataset.name.padEnd(tally.nameWidth);
  const seconds = elapsedMs / 1000;
  if (outcome.kind === 'unchanged') {
    tally.unchanged += 1;
    reporter.info(`${name} unchanged, passed over: ${file.name} is load ${outcome.loadId}`, {
      ...common,
      status: 'unchanged',
      loadId: outcome.loadId,
    });
    return;
  }
  const { load } = outcome;
  const rows = load.rowsRead - load.rowsRejected;
  tally.loaded += 1;
  tally.rows += rows;
  tally.rejected += load.rowsRejected;
  tally.bytes += load.memberBytes;
  reporter.info(
    `${name} ${count(rows).padStart(11)} rows, ${count(load.rowsRejected)} rejected, ${size(load.memberBytes)}, ${seconds.toFixed(1)} s${describeChanges(load)}`,
    {
      ...common,
      status: 'loaded',
      loadId: load.loadId,
      rowsRead: load.rowsRead,
      rowsLoaded: rows,
      rowsRejected: load.rowsRejected,
      rowsRepaired: load.rowsRepaired,
      rowsInserted: load.rowsInserted,
      rowsUpdated: load.rowsUpdated,
      rowsWithdrawn: load.rowsWithdrawn,
      rowsUnchanged: load.rowsUnchanged,
      rowsReturned: load.rowsReturned,
      bytes: load.memberBytes,
      seconds,
    },
  );
  const asides = [
    { table: 'rejects', lines: load.rowsRejected, fate: 'not loaded' },
    { table: 'repairs', lines: load.rowsRepaired, fate: 'repaired' },
  ];
  for (const { table, lines, fate } of asides.filter(({ lines }) => lines > 0)) {
    reporter.warn(
      `${count(lines)} ${lines === 1 ? 'line' : 'lines'} of ${file.name} ${fate}: select * from bronze.${table} where load_id = ${load.loadId}`,
      { ...common, loadId: load.loadId, [table]: lines },
    );
  }
}

/** Says how a file differs from the one before; nothing of a first load, which only inserts. */
function describeChanges(load: Load): string {
  const { rowsUpdated, rowsWithdrawn, rowsUnchanged, rowsReturned } = load;
  if (rowsUpdated + rowsWithdrawn + rowsUnchanged + rowsReturned === 0) return '';
  const parts = [
    `${count(load.rowsInserted)} inserted`,
    ...(rowsReturned === 0 ? [] : [`${count(rowsReturned)} of them returned`]),
    `${count(rowsUpdated)} updated`,
    `${count(rowsWithdrawn)} withdrawn`,
    `${count(rowsUnchanged)} unchanged`,
  ];
  return `: ${parts.join(', ')}`;
}

/** Tells what is wrong with a file and counts it. */
export function reportFailure(reporter: Reporter, tally: Tally, error: unknown): void {
  tally.failed += 1;
  reporter.fault(error);
}

/** Prints the total, the result of the command. */
export function reportTotal(reporter: Reporter, tally: Tally): void {
  const { startedAt, nameWidth: _, ...sums } = tally;
  const seconds = (performance.now() - startedAt) / 1000;
  if (reporter.format === 'json') {
    reporter.result(JSON.stringify({ ...sums, seconds }));
    return;
  }
  const parts = [
    `${files(tally.loaded)} loaded`,
    `${tally.unchanged} unchanged`,
    ...(tally.failed === 0 ? [] : [`${tally.failed} failed`]),
    `${count(tally.rows)} rows`,
    `${count(tally.rejected)} rejected`,
    ...(tally.bytes === 0 ? [] : [size(tally.bytes)]),
    `${seconds.toFixed(1)} s`,
  ];
  reporter.result(parts.join(', '));
}

function files(number: number): string {
  return number === 1 ? '1 file' : `${number} files`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function size(bytes: number): string {
  return bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}
