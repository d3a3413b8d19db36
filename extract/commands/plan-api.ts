// `extract plan api`: the calls that `extract api` would make now, and how many of them are for the overlap.

import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { parsePage } from '../api/page.ts';
import { pageUrl, rowsPerPage, type ScopeRequest } from '../api/request.ts';
import { usualCallsPerHour } from '../api/settings.ts';
import type { Page, Part } from '../api/types.ts';
import { defaultLookbackDays, planWindow } from '../api/windows.ts';
import { countPart } from '../bronze/api-publish.ts';
import { readApiState, readBulkWatermark, type StateKey } from '../bronze/api-state.ts';
import { readFreshCommittees } from '../bronze/fresh-committees.ts';
import { hashKey, readSpent } from '../bronze/quota.ts';
import { scopeFilter, scopeName } from '../datasets/api-catalog.ts';
import { type ApiOptions, listTasks } from './api.ts';
import { type ApiRun, type ApiSeams, withApi } from './api-run.ts';
import type { ScopeTask } from './load-scope.ts';

/** Options of `extract plan api`. */
export interface PlanApiOptions extends ApiOptions {
  readonly json: boolean;
}

/** What a scope would cost. */
export interface PlannedScope {
  readonly dataset: string;
  readonly cycle: number;
  readonly scope: string;
  /** `resume`: a window of a run before is not read to its end; `committees`: one scope for each. */
  readonly action: 'window' | 'whole' | 'resume' | 'committees';
  /** First day of the window. */
  readonly from: string | null;
  /** Rows that would be read, as the API counts them. */
  readonly rows: number;
  readonly calls: number;
  /** Among them, for days that were read before. */
  readonly overlapCalls: number;
  /** True where the number of calls is a least. */
  readonly isLeast: boolean;
}

/** What a run would cost, and what the quota has left. */
export interface ApiPlan {
  readonly scopes: readonly PlannedScope[];
  readonly calls: number;
  readonly overlapCalls: number;
  readonly callsPerHour: number;
  readonly callsOfLastHour: number;
  /** Calls that making the plan took. */
  readonly planCalls: number;
}

/** Prints what `extract api` would cost; nothing is loaded. */
export async function planApi(
  context: ProgramContext,
  options: PlanApiOptions,
  seams: ApiSeams = {},
): Promise<ExitCode> {
  const tasks = listTasks(options);
  const plan = await withApi(context, options, seams, async (run) => {
    const scopes: PlannedScope[] = [];
    for (const task of tasks) scopes.push(await planScope(run, task));
    const { settings, patience, databases } = run;
    const spent = await databases.rows.withClient((client) =>
      readSpent(client, hashKey(settings.key), patience.quotaMs),
    );
    return {
      scopes,
      calls: sum(scopes.map(({ calls }) => calls)),
      overlapCalls: sum(scopes.map(({ overlapCalls }) => overlapCalls)),
      callsPerHour: settings.callsPerHour ?? spent.serverLimit ?? usualCallsPerHour,
      callsOfLastHour: spent.calls,
      planCalls: run.client.calls(),
    };
  });
  context.reporter.result(options.json ? JSON.stringify(plan, null, 2) : formatApiPlan(plan));
  return 0;
}

async function planScope(run: ApiRun, task: ScopeTask): Promise<PlannedScope> {
  const { dataset, cycle } = task;
  const key: StateKey = { dataset: dataset.name, cycle, scope: scopeName(task.scope) };
  const common = { ...key, from: null, overlapCalls: 0, isLeast: false };
  if (dataset.national === 'filings' && task.scope.kind === 'national') {
    const committees = await run.databases.rows.withClient((client) =>
      readFreshCommittees(client, dataset.name, cycle, {
        now: run.now(),
        lookbackDays: task.lookbackDays,
        isFull: task.isFull,
      }),
    );
    // A page and the empty one after it, for each.
    const calls = committees.length * 2;
    return { ...common, action: 'committees', rows: 0, calls, isLeast: true };
  }
  const facts = await run.databases.rows.withClient(async (client) => ({
    state: await readApiState(client, key),
    bulkWatermark: await readBulkWatermark(client, dataset.bulk, cycle),
  }));
  const { state } = facts;
  if (state?.status === 'incomplete' && !task.isFull && task.since === undefined) {
    const sizes = await Promise.all(state.parts.map((part) => sizeOf(run, task, key, part)));
    const rows = Math.max(0, sum(sizes.map((size) => size.rows)) - state.partRows);
    const calls = Math.ceil(rows / rowsPerPage) + state.parts.length;
    return { ...common, action: 'resume', from: state.windowFrom ?? null, rows, calls };
  }
  const window = planWindow(dataset, {
    watermark: state?.watermark,
    bulkWatermark: facts.bulkWatermark,
    since: task.since,
    lookbackDays: task.lookbackDays ?? defaultLookbackDays,
    isFull: task.isFull,
    now: run.now(),
  });
  let rows = 0;
  let calls = 0;
  let overlapCalls = 0;
  for (const [index, part] of window.parts.entries()) {
    const size = await sizeOf(run, task, key, part);
    rows += size.rows;
    calls += size.calls;
    if (index < window.overlapParts) overlapCalls += size.calls;
  }
  const action = window.from === undefined ? 'whole' : 'window';
  return { ...common, action, from: window.from ?? null, rows, calls, overlapCalls };
}

/** Asks how many rows a part has, and compares with Bronze: one call. */
async function sizeOf(
  run: ApiRun,
  task: ScopeTask,
  key: StateKey,
  part: Part,
): Promise<{ readonly rows: number; readonly calls: number }> {
  const { dataset, cycle } = task;
  const filter = scopeFilter(dataset, task.scope);
  const request: ScopeRequest = { baseUrl: run.settings.baseUrl, dataset, cycle, filter };
  let page: Page | undefined;
  await run.client.get(pageUrl(request, part, { per_page: '1' }), (text) => {
    page = parsePage(dataset, text);
  });
  const count = page?.count ?? 0;
  const inBronze = await run.databases.rows.withClient((client) =>
    countPart(client, { dataset, key, filter }, part),
  );
  const isUnchanged =
    part.from !== undefined && page?.isCountExact === true && inBronze === count && count > 0;
  const isSeek = dataset.paging.kind === 'seek';
  if (isUnchanged) return { rows: Math.min(count, rowsPerPage), calls: 1 };
  const pages = Math.max(1, Math.ceil(count / rowsPerPage));
  return { rows: count, calls: pages + (isSeek && count > 0 ? 1 : 0) };
}

/** Lays a plan out for people. */
export function formatApiPlan(plan: ApiPlan): string {
  const lines = plan.scopes.map((scope) =>
    [
      scope.dataset.padEnd(16),
      String(scope.cycle),
      scope.scope.padEnd(19),
      scope.action.padEnd(10),
      (scope.from ?? '-').padEnd(10),
      scope.rows.toLocaleString('en-US').padStart(11),
      `${scope.isLeast ? 'from ' : ''}${scope.calls.toLocaleString('en-US')}`.padStart(12),
      scope.overlapCalls.toLocaleString('en-US').padStart(8),
    ].join('  '),
  );
  const header = `${'dataset'.padEnd(16)}  cycle ${'scope'.padEnd(18)}  ${'action'.padEnd(10)}  ${'from'.padEnd(10)}  ${'rows'.padStart(11)}  ${'calls'.padStart(12)}  ${'overlap'.padStart(8)}`;
  const share = plan.calls === 0 ? 0 : Math.round((100 * plan.overlapCalls) / plan.calls);
  const hours = plan.calls / plan.callsPerHour;
  return [
    header,
    ...lines,
    `${plan.calls.toLocaleString('en-US')} calls, ${share} % of them for days read before; ${plan.callsPerHour.toLocaleString('en-US')} an hour are allowed${hours > 1 ? `: ${Math.ceil(hours)} hours` : ''}`,
    `${plan.callsOfLastHour.toLocaleString('en-US')} calls in the last hour, ${plan.planCalls} of them for this plan`,
  ].join('\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
