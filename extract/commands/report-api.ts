// What `extract api` says: a line per scope while it works, and the total as its result.

import type { UserError } from '../../core/errors.ts';
import type { Reporter } from '../../core/reporter.ts';
import { scopeName } from '../datasets/api-catalog.ts';
import type { ScopeOutcome, ScopeTask } from './load-scope.ts';

/** The sums of a run so far. */
export interface ApiTally {
  scopes: number;
  failed: number;
  rows: number;
  inserted: number;
  updated: number;
  withdrawn: number;
  rejected: number;
  duplicates: number;
  pages: number;
  calls: number;
  /** Why the run stopped before its end. */
  stopped: UserError | undefined;
  readonly startedAt: number;
}

/** Starts the sums of a run. */
export function createApiTally(): ApiTally {
  return {
    scopes: 0,
    failed: 0,
    rows: 0,
    inserted: 0,
    updated: 0,
    withdrawn: 0,
    rejected: 0,
    duplicates: 0,
    pages: 0,
    calls: 0,
    stopped: undefined,
    startedAt: performance.now(),
  };
}

/** Tells what became of a scope and adds it to the sums. */
export function reportScope(
  reporter: Reporter,
  tally: ApiTally,
  task: ScopeTask,
  outcome: ScopeOutcome,
): void {
  const { rows, inserted, updated, withdrawn, rejected, duplicates, pages, calls } = outcome;
  tally.scopes += 1;
  for (const name of sums) tally[name] += outcome[name];
  const scope = scopeName(task.scope);
  const parts = [
    `${count(rows)} rows`,
    `${count(inserted)} inserted`,
    `${count(updated)} updated`,
    ...(withdrawn === 0 ? [] : [`${count(withdrawn)} withdrawn`]),
    ...(rejected === 0 ? [] : [`${count(rejected)} rejected`]),
    ...(duplicates === 0 ? [] : [`${count(duplicates)} came twice`]),
    `${calls} ${calls === 1 ? 'call' : 'calls'}`,
    ...(outcome.isResumed ? ['went on where the run before stopped'] : []),
  ];
  reporter.info(`${task.dataset.name} ${task.cycle} ${scope}: ${parts.join(', ')}`, {
    dataset: task.dataset.name,
    cycle: task.cycle,
    scope,
    rows,
    inserted,
    updated,
    withdrawn,
    rejected,
    duplicates,
    pages,
    calls,
    resumed: outcome.isResumed,
    unchangedParts: outcome.unchangedParts,
  });
  if (rejected > 0) {
    reporter.warn(
      `${count(rejected)} ${rejected === 1 ? 'record' : 'records'} set aside: select * from bronze.rejects where dataset = '${task.dataset.name}'`,
    );
  }
}

const sums = [
  'rows',
  'inserted',
  'updated',
  'withdrawn',
  'rejected',
  'duplicates',
  'pages',
] as const;

/** Prints the total, the result of the command. */
export function reportApiTotal(reporter: Reporter, tally: ApiTally): void {
  const { startedAt, stopped, ...numbers } = tally;
  const seconds = (performance.now() - startedAt) / 1000;
  if (reporter.format === 'json') {
    reporter.result(JSON.stringify({ ...numbers, stopped: stopped !== undefined, seconds }));
    return;
  }
  const parts = [
    `${tally.scopes} ${tally.scopes === 1 ? 'scope' : 'scopes'} up to date`,
    ...(tally.failed === 0 ? [] : [`${tally.failed} failed`]),
    ...(stopped === undefined ? [] : ['stopped before the end']),
    `${count(tally.rows)} rows`,
    `${count(tally.inserted)} inserted`,
    `${count(tally.updated)} updated`,
    `${count(tally.withdrawn)} withdrawn`,
    `${count(tally.calls)} calls`,
    `${seconds.toFixed(1)} s`,
  ];
  reporter.result(parts.join(', '));
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
