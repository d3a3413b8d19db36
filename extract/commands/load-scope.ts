// One scope of the API into Bronze, page after page: each with its rows, its cursor and its ledger row in one commit.

import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { withLease } from '../../core/locks.ts';
import { ApiError, isQueryTimeout } from '../api/failure.ts';
import { nextStep, type PartEnd, StuckCursorError, type Walk } from '../api/next-step.ts';
import { parsePage } from '../api/page.ts';
import { pageUrl, rowsPerPage, type ScopeRequest } from '../api/request.ts';
import { usualCallsPerHour } from '../api/settings.ts';
import type { Page } from '../api/types.ts';
import { defaultLookbackDays, halvePart, planWindow } from '../api/windows.ts';
import { countPart, type PartRows, publishPage, withdrawUnseen } from '../bronze/api-publish.ts';
import {
  type ApiState,
  advanceState,
  closeWindow,
  dropWindow,
  noteError,
  openWindow,
  readApiState,
  readBulkWatermark,
  replaceParts,
  type StateKey,
} from '../bronze/api-state.ts';
import { type Attempt, closeCrashedAttempts, withAttempt } from '../bronze/attempts.ts';
import { claimLoadId, insertApiLoad } from '../bronze/ledger.ts';
import type { LoadUnit } from '../bronze/types.ts';
import { type Scope, scopeFilter, scopeName } from '../datasets/api-catalog.ts';
import type { ApiDataset } from '../datasets/api-types.ts';
import type { ApiRun } from './api-run.ts';

/** What is to be loaded. */
export interface ScopeTask {
  readonly dataset: ApiDataset;
  readonly cycle: number;
  readonly scope: Scope;
  /** A day that the user names, as YYYY-MM-DD. */
  readonly since: string | undefined;
  /** Undefined for the default. */
  readonly lookbackDays: number | undefined;
  readonly isFull: boolean;
}

/** What became of a scope. */
export interface ScopeOutcome {
  readonly pages: number;
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly withdrawn: number;
  readonly rejected: number;
  readonly duplicates: number;
  readonly calls: number;
  /** True where it went on with a window of a run before. */
  readonly isResumed: boolean;
  readonly openedAt: Date;
  /** Parts of which nothing had changed. */
  readonly unchangedParts: number;
}

/**
 * Brings a scope up to date. What was committed stays, whatever happens; the next run goes on there.
 * @throws {ApiError} when the API does not answer; {BudgetSpent} when no call may be made.
 */
export async function loadScope(run: ApiRun, task: ScopeTask): Promise<ScopeOutcome> {
  const { dataset, cycle } = task;
  const key: StateKey = { dataset: dataset.name, cycle, scope: scopeName(task.scope) };
  const lease = `extract:api:${key.dataset}:${key.cycle}:${key.scope}`;
  const { databases, context } = run;
  return withLease(databases.ledger, lease, async () => {
    const filter = scopeFilter(dataset, task.scope);
    const request: ScopeRequest = { baseUrl: run.settings.baseUrl, dataset, cycle, filter };
    const state = await openOrResume(run, task, key);
    const unit: LoadUnit = {
      ...key,
      source: pageUrl(request, state.parts[0] ?? { path: '' }, null),
    };
    await databases.rows.withClient((client) => closeCrashedAttempts(client, unit));
    const log = {
      database: databases.ledger,
      signal: context.signal,
      scrub: context.reporter.scrub,
    };
    const callsBefore = run.client.calls();
    const work: ScopeWork = {
      run,
      task,
      key,
      request,
      rowsOf: { dataset, key, filter },
      pages: state.state?.pages ?? 0,
      openedAt: state.openedAt,
      advances: state.advances,
      isFirst: state.state?.watermark === undefined && !state.isResumed,
      calls: callsBefore,
    };
    try {
      const tally = createTally(state);
      await withAttempt(log, unit, (attempt) => walkScope(work, attempt, state.walk, tally));
      return { ...tally, calls: run.client.calls() - callsBefore };
    } catch (error) {
      await keepError(work, error);
      throw error;
    }
  });
}

interface ScopeWork {
  readonly run: ApiRun;
  readonly task: ScopeTask;
  readonly key: StateKey;
  readonly request: ScopeRequest;
  readonly rowsOf: PartRows;
  readonly openedAt: Date;
  /** True where the end of the window moves the watermark. */
  readonly advances: boolean;
  /** True where the scope was never read to its end. */
  readonly isFirst: boolean;
  /** Answers of the scope stored so far, ever. */
  pages: number;
  /** Calls of the run that the state knows of. */
  calls: number;
}

type Tally = { -readonly [Field in keyof Omit<ScopeOutcome, 'calls'>]: ScopeOutcome[Field] };

function createTally({ isResumed, openedAt }: Opened): Tally {
  return {
    pages: 0,
    rows: 0,
    inserted: 0,
    updated: 0,
    withdrawn: 0,
    rejected: 0,
    duplicates: 0,
    isResumed,
    openedAt,
    unchangedParts: 0,
  };
}

interface Opened {
  readonly state: ApiState | undefined;
  readonly walk: Walk;
  readonly parts: Walk['parts'];
  readonly openedAt: Date;
  readonly advances: boolean;
  readonly isResumed: boolean;
}

/** Goes on with the window that a run before left, or opens one. */
async function openOrResume(run: ApiRun, task: ScopeTask, key: StateKey): Promise<Opened> {
  return run.databases.rows.withTransaction(async (client) => {
    const state = await readApiState(client, key);
    const mayResume = !task.isFull && task.since === undefined;
    if (state?.status === 'incomplete' && state.openedAt !== undefined && mayResume) {
      const { parts, proven, cursor, partRows, expected, drifted, passes } = state;
      const walk = { parts, proven, cursor, partRows, expected, drifted, passes };
      const { openedAt, advances } = state;
      return { state, walk, parts, openedAt, advances, isResumed: true };
    }
    const openedAt = run.now();
    const window = planWindow(task.dataset, {
      watermark: state?.watermark,
      bulkWatermark: await readBulkWatermark(client, task.dataset.bulk, task.cycle),
      since: task.since,
      lookbackDays: task.lookbackDays ?? defaultLookbackDays,
      isFull: task.isFull,
      now: openedAt,
    });
    const { parts, from, advances } = window;
    await openWindow(client, key, { from, parts, openedAt, advances });
    const walk = { ...atPartStart, parts, proven: [] };
    return { state, walk, parts, openedAt, advances, isResumed: false };
  });
}

const atPartStart = { cursor: null, partRows: 0, expected: null, drifted: false, passes: 0 };

async function walkScope(
  work: ScopeWork,
  attempt: Attempt,
  start: Walk,
  tally: Tally,
): Promise<{ readonly loadId: number }> {
  let walk = start;
  await attempt.enter('pages');
  for (;;) {
    const part = walk.parts[0];
    if (part === undefined) return { loadId: await endWindow(work, attempt, walk, tally) };
    const url = pageUrl(work.request, part, walk.cursor);
    let page: Page | undefined;
    let text: string;
    try {
      text = await work.run.client.get(url, (answer) => {
        page = parsePage(work.task.dataset, answer);
      });
    } catch (error) {
      const halves =
        error instanceof ApiError && isQueryTimeout(error.failure)
          ? halvePart(work.task.dataset, part)
          : undefined;
      if (halves === undefined) throw error;
      walk = await narrow(work, walk, halves);
      continue;
    }
    reachFaultPoint('api:after-answer');
    if (page === undefined) throw new Error('an answer came without being looked at');
    walk = await storePage(work, attempt, { walk, url, text, page }, tally);
    reachFaultPoint('api:after-commit');
  }
}

/** The API's own query took too long: the days are asked for in two halves, from their beginning. */
async function narrow(
  work: ScopeWork,
  walk: Walk,
  halves: readonly Walk['parts'][number][],
): Promise<Walk> {
  const parts = [...halves, ...walk.parts.slice(1)];
  const days = halves.map(({ from, to }) => `${from} to ${to}`).join(', then ');
  work.run.context.reporter.info(`the API's query took too long: asking for ${days}`);
  await work.run.databases.rows.withClient((client) => replaceParts(client, work.key, parts));
  return { ...walk, ...atPartStart, parts };
}

interface Answer {
  readonly walk: Walk;
  readonly url: string;
  readonly text: string;
  readonly page: Page;
}

/** Stores an answer: rows, rejects, ledger and cursor in one transaction. */
async function storePage(
  work: ScopeWork,
  attempt: Attempt,
  answer: Answer,
  tally: Tally,
): Promise<Walk> {
  const { run, task, key, rowsOf } = work;
  const { walk, url, text, page } = answer;
  await refuseWholeCycle(work, walk, page);
  const startedAt = run.now();
  const records = page.records.map((record, index) => ({ ...record, line: index + 1 }));
  const rejects = records.flatMap(({ line, json, fault }) =>
    fault === undefined ? [] : [{ line, json, reason: fault }],
  );
  const good = records.filter(({ fault }) => fault === undefined);
  const calls = run.client.calls() - work.calls;
  const stored = await run.databases.rows.withTransaction(async (client) => {
    const loadId = await claimLoadId(client);
    const published = await publishPage(client, {
      dataset: task.dataset,
      key,
      loadId,
      records: good,
      rejects,
    });
    const part = walk.parts[0];
    const isFirstPage = walk.cursor === null && part !== undefined;
    const step = nextStep(task.dataset, walk, page, {
      newlySeen: published.newlySeen,
      changed: published.inserted + published.updated,
      partRowsInBronze: isFirstPage ? await countPart(client, rowsOf, part) : undefined,
    });
    const duplicates = walk.passes > 0 ? 0 : good.length - published.newlySeen;
    await insertApiLoad(client, {
      ...key,
      source: url,
      loadId,
      attemptId: attempt.id,
      sha256: createHash('sha256').update(text).digest('hex'),
      bytes: Buffer.byteLength(text),
      rowsRead: records.length,
      rowsInserted: published.inserted,
      rowsUpdated: published.updated,
      rowsWithdrawn: 0,
      rowsUnchanged: published.unchanged,
      rowsReturned: published.returned,
      rowsRejected: rejects.length,
      watermark: undefined,
      startedAt,
      programVersion: run.programVersion,
    });
    await advanceState(client, key, {
      pagesBefore: work.pages,
      loadId,
      walk: step.walk,
      rows: published.newlySeen,
      duplicates,
      calls,
    });
    reachFaultPoint('api:before-commit');
    run.context.signal.throwIfAborted();
    return { published, step, duplicates };
  });
  work.pages += 1;
  work.calls += calls;
  addPage(tally, records.length, rejects.length, stored);
  tellPart(work, walk, stored.step.ended);
  return stored.step.walk;
}

interface Stored {
  readonly published: { readonly inserted: number; readonly updated: number };
  readonly step: { readonly ended: PartEnd | undefined };
  readonly duplicates: number;
}

function addPage(tally: Tally, rows: number, rejected: number, stored: Stored): void {
  tally.pages += 1;
  tally.rows += rows;
  tally.rejected += rejected;
  tally.inserted += stored.published.inserted;
  tally.updated += stored.published.updated;
  tally.duplicates += stored.duplicates;
  if (stored.step.ended === 'unchanged') tally.unchangedParts += 1;
}

function tellPart(work: ScopeWork, walk: Walk, ended: PartEnd | undefined): void {
  if (ended !== 'drifted') return;
  const part = walk.parts[0];
  const days = part?.from === undefined ? '' : ` from ${part.from} to ${part.to}`;
  work.run.context.reporter.warn(
    `${work.key.dataset} ${work.key.cycle} ${work.key.scope}: fewer rows${days} came than the API counts: its rows moved between the pages, and the next window reads them again`,
    { ...work.key },
  );
}

/** A whole cycle of a country or state is hundreds of thousands of calls: not by accident. */
async function refuseWholeCycle(work: ScopeWork, walk: Walk, page: Page): Promise<void> {
  const { task, key, run } = work;
  const isAsked = task.isFull || task.since !== undefined || task.scope.kind === 'committee';
  const isStart = work.isFirst && walk.cursor === null && walk.parts[0]?.from === undefined;
  if (isAsked || !isStart || task.dataset.bulk.length === 0) return;
  const calls = Math.ceil((page.count ?? 0) / rowsPerPage);
  const hourly = run.settings.callsPerHour ?? usualCallsPerHour;
  if (calls <= hourly) return;
  // The next run is to begin where the bulk files end, not here.
  await run.databases.rows.withClient((client) => dropWindow(client, key));
  throw new UserError(
    `nothing of ${key.dataset} ${key.cycle} is loaded, and all of it takes ${calls.toLocaleString('en-US')} calls: ${Math.ceil(calls / hourly)} hours`,
    {
      where: `${key.dataset} ${key.scope}`,
      exitCode: 1,
      hint: `load the bulk files first (\`extract bulk --cycle ${key.cycle}\`), name a day with --since, or say --full-refresh`,
    },
  );
}

/** Closes a window: what is gone is marked, and the scope is complete up to when the window was opened. */
async function endWindow(
  work: ScopeWork,
  attempt: Attempt,
  walk: Walk,
  tally: Tally,
): Promise<number> {
  const { run, task, key, rowsOf, request } = work;
  await attempt.enter('close');
  const calls = run.client.calls() - work.calls;
  const parts = provenParts(task.dataset, walk);
  const { loadId, gone, live, withdrawn } = await run.databases.rows.withTransaction(
    async (client) => {
      const id = await claimLoadId(client);
      const result = await withdrawUnseen(client, rowsOf, parts, {
        loadId: id,
        most: (rows) => mostWithdrawn(task, parts, rows),
      });
      await insertApiLoad(client, {
        ...key,
        source: pageUrl(request, { path: task.dataset.paths[0] ?? '' }, null),
        loadId: id,
        attemptId: attempt.id,
        sha256: createHash('sha256').digest('hex'),
        bytes: 0,
        rowsRead: 0,
        rowsInserted: 0,
        rowsUpdated: 0,
        rowsWithdrawn: result.withdrawn,
        rowsUnchanged: 0,
        rowsReturned: 0,
        rowsRejected: 0,
        watermark: work.advances ? work.openedAt : undefined,
        startedAt: run.now(),
        programVersion: run.programVersion,
      });
      await advanceState(client, key, {
        pagesBefore: work.pages,
        loadId: id,
        walk,
        rows: 0,
        duplicates: 0,
        calls,
      });
      await closeWindow(client, key);
      reachFaultPoint('api:before-close');
      return { loadId: id, ...result };
    },
  );
  work.pages += 1;
  work.calls += calls;
  tally.withdrawn += withdrawn;
  if (gone > withdrawn) {
    run.context.reporter.warn(
      `${key.dataset} ${key.cycle} ${key.scope}: ${gone} of ${live} rows are no longer in the API, which is too many to believe: nothing is withdrawn; --full-refresh believes it`,
      { ...key, gone, live },
    );
  }
  return loadId;
}

/** An endpoint that is read whole is proven when all of its paths are. */
function provenParts(dataset: ApiDataset, walk: Walk): Walk['proven'] {
  const whole = walk.proven.filter(({ from }) => from === undefined);
  const isWhole = whole.length === dataset.paths.length;
  return walk.proven.filter(({ from }) => from !== undefined || isWhole);
}

/**
 * How many rows of the parts may go. Days and committees are amended in bulk, and the API counted them:
 * all but the last row is believed. Of a whole list a twentieth may go, as with bulk files.
 */
function mostWithdrawn(task: ScopeTask, parts: Walk['proven'], live: number): number {
  if (task.isFull || live <= 10) return live;
  const isPart = task.scope.kind === 'committee' || parts.some(({ from }) => from !== undefined);
  return isPart ? live - 1 : Math.max(10, Math.floor(live * 0.05));
}

async function keepError(work: ScopeWork, error: unknown): Promise<void> {
  const { run, key } = work;
  const text = run.context.reporter.scrub(error instanceof Error ? error.message : String(error));
  const calls = run.client.calls() - work.calls;
  // The first error is the one to tell.
  await run.databases.ledger
    .withClient((client) => noteError(client, key, text, calls))
    .catch(() => undefined);
}

/** Tells whether an error is the fault of one scope, so that others may still be loaded. */
export function isScopeFault(error: unknown): boolean {
  return error instanceof ApiError || error instanceof StuckCursorError;
}
