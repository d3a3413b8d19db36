// `extract api` and `extract retry`: scopes of the API into Bronze, one after the other.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { ApiError, BudgetSpent, isRefusedKey, isTransientApiFailure } from '../api/failure.ts';
import { dayOf } from '../api/windows.ts';
import { readFreshCommittees } from '../bronze/fresh-committees.ts';
import {
  findApiDatasets,
  parseScope,
  type Scope,
  scopeFilter,
  scopeName,
} from '../datasets/api-catalog.ts';
import type { ApiDataset } from '../datasets/api-types.ts';
import { checkCycle } from '../datasets/catalog.ts';
import { type ApiRun, type ApiRunOptions, type ApiSeams, withApi } from './api-run.ts';
import { isScopeFault, loadScope, type ScopeTask } from './load-scope.ts';
import { type ApiTally, createApiTally, reportApiTotal, reportScope } from './report-api.ts';

/** Options of `extract api`. */
export interface ApiOptions extends ApiRunOptions {
  /** Even years. */
  readonly cycles: readonly number[];
  /** Names of datasets; none means all that can be asked for these scopes. */
  readonly datasets: readonly string[];
  readonly scopes: readonly Scope[];
  /** As YYYY-MM-DD. */
  readonly since: string | undefined;
  /** Undefined for the default. */
  readonly lookbackDays: number | undefined;
  readonly full: boolean;
}

/** Options of `extract retry`. */
export interface RetryOptions extends ApiRunOptions {
  /** None means every cycle. */
  readonly cycles: readonly number[];
  readonly datasets: readonly string[];
}

/** Brings datasets of the API up to date. */
export async function api(
  context: ProgramContext,
  options: ApiOptions,
  seams: ApiSeams = {},
): Promise<ExitCode> {
  for (const cycle of options.cycles) checkCycle(cycle);
  const tasks = listTasks(options);
  return withApi(context, options, seams, (run) => runTasks(run, tasks));
}

/** Goes on with every scope that is not read to its end. */
export async function retry(
  context: ProgramContext,
  options: RetryOptions,
  seams: ApiSeams = {},
): Promise<ExitCode> {
  const datasets = findApiDatasets(options.datasets);
  return withApi(context, options, seams, async (run) => {
    const tasks = await run.databases.rows.withClient((client) =>
      readIncomplete(client, datasets, options.cycles),
    );
    if (tasks.length === 0) {
      context.reporter.result('nothing is incomplete');
      return 0;
    }
    return runTasks(run, tasks);
  });
}

/**
 * Returns what is to be loaded, masters first.
 * @throws {UserError} where a dataset is named that cannot be asked for a scope.
 */
export function listTasks(options: ApiOptions): readonly ScopeTask[] {
  const datasets = findApiDatasets(options.datasets);
  const tasks: ScopeTask[] = [];
  for (const dataset of datasets) {
    for (const scope of options.scopes) {
      const canAsk = scope.kind === 'national' || scopeFilter(dataset, scope) !== undefined;
      if (!canAsk && options.datasets.length > 0) {
        throw new UserError(`the API cannot be asked for \`${dataset.name}\` by ${scope.kind}`, {
          where: '--dataset',
          hint: `leave \`${dataset.name}\` out, or --${scope.kind}`,
        });
      }
      if (!canAsk) continue;
      for (const cycle of options.cycles) {
        const { since, lookbackDays, full } = options;
        tasks.push({ dataset, cycle, scope, since, lookbackDays, isFull: full });
      }
    }
  }
  return tasks;
}

async function readIncomplete(
  client: Client,
  datasets: readonly ApiDataset[],
  cycles: readonly number[],
): Promise<readonly ScopeTask[]> {
  const { rows } = await client.query<{ dataset: string; cycle: number; scope: string }>(
    `select dataset, cycle, scope from bronze.extraction_state
      where status = 'incomplete' and dataset = any($1) and ($2::int[] = '{}' or cycle = any($2))
      order by array_position($1, dataset), cycle, scope`,
    [datasets.map(({ name }) => name), cycles],
  );
  return rows.flatMap(({ dataset: name, cycle, scope: text }) => {
    const dataset = datasets.find((known) => known.name === name);
    const scope = parseScope(text);
    if (dataset === undefined || scope === undefined) return [];
    return [{ dataset, cycle, scope, since: undefined, lookbackDays: undefined, isFull: false }];
  });
}

/** Runs the tasks; a scope that fails is tried once more at the end. */
async function runTasks(run: ApiRun, tasks: readonly ScopeTask[]): Promise<ExitCode> {
  const tally = createApiTally();
  const failed: ScopeTask[] = [];
  try {
    for (const task of tasks) {
      for (const single of await spread(run, task)) await tryTask(run, single, tally, failed);
    }
    if (failed.length > 0) await retryFailed(run, failed, tally);
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    tally.stopped = error;
  }
  tally.calls = run.client.calls();
  if (tally.stopped !== undefined) run.context.reporter.fault(tally.stopped);
  reportApiTotal(run.context.reporter, tally);
  return tally.failed === 0 && tally.stopped === undefined ? 0 : 1;
}

/** The disbursements of the country are those of the committees whose filings are new. */
async function spread(run: ApiRun, task: ScopeTask): Promise<readonly ScopeTask[]> {
  if (task.dataset.national === 'whole' || task.scope.kind !== 'national') return [task];
  const committees = await run.databases.rows.withClient((client) =>
    readFreshCommittees(client, task.dataset.name, task.cycle, {
      now: run.now(),
      lookbackDays: task.lookbackDays,
      isFull: task.isFull,
    }),
  );
  run.context.reporter.info(
    `${task.dataset.name} ${task.cycle}: ${committees.length} ${committees.length === 1 ? 'committee has' : 'committees have'} filings that are new`,
    { dataset: task.dataset.name, cycle: task.cycle, committees: committees.length },
  );
  return committees.map((committee) => ({ ...task, scope: { kind: 'committee', committee } }));
}

async function tryTask(
  run: ApiRun,
  task: ScopeTask,
  tally: ApiTally,
  failed: ScopeTask[],
): Promise<void> {
  const { reporter, signal } = run.context;
  try {
    await loadTask(run, task, tally);
  } catch (error) {
    if (signal.aborted || error instanceof Interrupted) throw error;
    if (!isScopeFault(error) || isFinal(error)) throw error;
    reporter.warn(`${nameOf(task)}: ${sentenceOf(error)}; the others go on`);
    failed.push(task);
  }
}

async function retryFailed(
  run: ApiRun,
  failed: readonly ScopeTask[],
  tally: ApiTally,
): Promise<void> {
  const { reporter, signal } = run.context;
  const waitMs = run.patience.scopeRetryMs;
  const what = failed.length === 1 ? '1 scope' : `${failed.length} scopes`;
  reporter.info(`trying ${what} once more in ${Math.round(waitMs / 1000)} s`);
  await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  for (const task of failed) {
    signal.throwIfAborted();
    try {
      // What was opened goes on, even where all of it was asked for.
      await loadTask(run, { ...task, isFull: false, since: undefined }, tally);
    } catch (error) {
      if (signal.aborted || error instanceof Interrupted) throw error;
      if (!isScopeFault(error)) throw error;
      tally.failed += 1;
      reporter.fault(error);
    }
  }
}

/** Loads a scope; where it only finished what an earlier day began, it is brought up to date as well. */
async function loadTask(run: ApiRun, task: ScopeTask, tally: ApiTally): Promise<void> {
  const outcome = await loadScope(run, task);
  reportScope(run.context.reporter, tally, task, outcome);
  const isOld = outcome.isResumed && dayOf(outcome.openedAt) !== dayOf(run.now());
  if (isOld) reportScope(run.context.reporter, tally, task, await loadScope(run, task));
}

/** A key that is refused, or a request that is wrong, fails for every scope. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { failure } = error;
  return isRefusedKey(failure) || !isTransientApiFailure(failure);
}

function nameOf({ dataset, cycle, scope }: ScopeTask): string {
  return `${dataset.name} ${cycle} ${scopeName(scope)}`;
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
