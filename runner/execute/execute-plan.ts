// Performs a plan: prepares, schedules its steps over threads, retires what they replaced.

import { type Client, type Database, errorCode, inTransaction } from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Manifest, NodeId } from '../compile/types.ts';
import type {
  BuildStep,
  Plan,
  Statement,
  Step,
  TestQuery,
  TestStep,
  UnitTestStep,
} from '../plan/types.ts';
import { modelError } from './model-error.ts';
import type { PublishOptions } from './publish.ts';
import { type RunHooks, runProjectHook } from './run-hooks.ts';
import { holdsBack, runTests } from './run-tests.ts';
import { nodesOf, type Settled, type SkipReason, schedule } from './schedule.ts';
import { buildNode, storeFailures } from './step.ts';
import { type Ended, endedBy, type StepContext } from './step-context.ts';
import type { Outcome, RunListener, RunResult } from './types.ts';
import { runUnitTest } from './unit-test.ts';

/** What a run needs beside its plan; the functions of other stages are handed in by the command. */
export interface ExecuteOptions {
  readonly database: Database;
  readonly manifest: Manifest;
  /** Steps at once; the database must lend as many clients. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly listener?: RunListener | undefined;
  readonly planPublication: PublishOptions['planPublication'];
  readonly planFinish: StepContext['planFinish'];
  readonly planRefresh: StepContext['planRefresh'];
  readonly deltaPlanner: StepContext['deltaPlanner'];
  readonly testPlanning: StepContext['testPlanning'];
  readonly around: StepContext['around'];
  /** Hooks of the project; none where absent. */
  readonly runHooks?: RunHooks;
  /** Seeds are read from here. */
  readonly projectDir: string;
  /** Where the compiled SQL of a node lies, as errors show it. */
  readonly compiledPath: (node: NodeId) => string;
  readonly late?: StepContext['late'];
  /** Start nothing after the first failure. */
  readonly failFast?: boolean;
  /** Milliseconds that a publication may try for its locks; 60,000 where not given. */
  readonly publishBudgetMs?: number;
}

/** Performs a plan and returns what came of each node; only bugs and failed preparations throw. */
export async function executePlan(plan: Plan, options: ExecuteOptions): Promise<RunResult> {
  const startedAtMs = Date.now();
  const record = new RunRecord(plan, options.listener);
  const pending = new Set(plan.steps.filter(isBuild).map(keyOf));
  const retire: Statement[] = [];
  const later: BuildStep[] = [];
  let failed: SkipReason | undefined;
  const isInterrupted = () => options.signal?.aborted === true;
  try {
    if (!isInterrupted()) await prepare(plan, options);
  } catch (error) {
    // Interrupted while preparing: every step is then skipped for that reason.
    if (!isInterrupted()) throw error;
  }

  const hooked = isInterrupted() ? undefined : await runStartHooks(options, record);
  await schedule(plan.steps, {
    threads: Math.max(1, options.threads),
    stopReason: () =>
      isInterrupted() ? 'interrupted' : (hooked ?? (options.failFast ? failed : undefined)),
    skip: (step, because) => {
      if (isBuild(step)) pending.delete(keyOf(step));
      record.skip(step, because);
    },
    perform: async (step, thread) => {
      const work = { thread, options, record, pending, retire, later };
      const settled = await performStep(step, work);
      failed ??= [...settled.values()].find((reason) => reason !== undefined);
      return settled;
    },
  });
  await storeLater(later, { thread: 0, options, record, pending, retire, later });
  if (!isInterrupted()) await runEndHooks(options, record);
  reachFaultPoint('runner:before-retire');
  await retireAll(retire, options);
  return {
    outcomes: record.outcomes,
    interrupted: isInterrupted(),
    elapsedMs: Date.now() - startedAtMs,
  };
}

interface Work {
  readonly thread: number;
  readonly options: ExecuteOptions;
  readonly record: RunRecord;
  readonly pending: Set<string>;
  readonly retire: Statement[];
  /** Views of failing rows, made when what they read is published. */
  readonly later: BuildStep[];
  /** The node whose stage is audited, while one is built. */
  readonly building?: NodeId;
}

function performStep(step: Step, work: Work): Promise<Settled> {
  switch (step.kind) {
    case 'build':
      return performBuild(step, work);
    case 'test':
      return performTests(step, work);
    case 'unit-test':
      return performUnitTest(step, work);
  }
}

async function performUnitTest(step: UnitTestStep, work: Work): Promise<Settled> {
  work.record.start(step.node, work.thread);
  const ended = await runUnitTest(
    step,
    contextOf(work, () => work.pending),
  );
  work.record.end(step.node, ended);
  const reason = ended.status === 'pass' ? undefined : (ended.skippedBecause ?? step.node);
  return new Map([[step.node, reason]]);
}

async function performBuild(step: BuildStep, work: Work): Promise<Settled> {
  const { record, pending, thread } = work;
  record.start(step.node, thread);
  const others = () => new Set([...pending].filter((key) => key !== keyOf(step)));
  const { ended, published } = await buildNode(
    step,
    contextOf({ ...work, building: step.node }, others),
  );
  pending.delete(keyOf(step));
  if (published && 'retire' in published) work.retire.push(...published.retire);
  // Audits that never ran because their stage failed are told of too.
  const because = ended.skippedBecause ?? step.node;
  if (ended.status !== 'success') record.skipAudits(step, because);
  record.end(step.node, ended);
  const reason = ended.status === 'success' ? undefined : nodeOf(because, step.node);
  return new Map([[step.node, reason]]);
}

async function performTests(step: TestStep, work: Work): Promise<Settled> {
  const context = contextOf(work, () => work.pending);
  const settled = new Map<NodeId, SkipReason | undefined>();
  const hear = (query: TestQuery, ended: Ended): void => {
    settled.set(query.test, holdsBack(ended, query) ? query.test : ended.skippedBecause);
  };
  try {
    const ended = await work.options.database.withClient((client) =>
      runTests(client, step.queries, context),
    );
    for (const query of step.queries) hear(query, ended.get(query.test) ?? { status: 'skipped' });
  } catch (error) {
    // The run was interrupted, or the connection is gone: so for each test that has not ended.
    for (const query of step.queries.filter(({ test }) => !work.record.hasEnded(test))) {
      work.record.start(query.test, work.thread);
      const ended = endedBy(error, query.test, context);
      work.record.end(query.test, ended);
      hear(query, ended);
    }
  }
  return settled;
}

/** Makes the views of failing rows; one that cannot be made is its test's error. */
async function storeLater(later: readonly BuildStep[], work: Work): Promise<void> {
  for (const step of later) {
    const context = contextOf(work, () => work.pending);
    if (work.options.signal?.aborted) return;
    try {
      await work.options.database.withClient((client) => context.storeFailures(step, client));
    } catch (error) {
      work.record.fail(step.node, endedBy(error, step.node, context));
    }
  }
}

function contextOf(work: Work, pending: () => ReadonlySet<string>): StepContext {
  const { options, record, thread } = work;
  const context: StepContext = {
    ...options,
    signal: options.signal,
    publish: {
      planPublication: options.planPublication,
      pending,
      signal: options.signal,
      budgetMs: options.publishBudgetMs ?? 60_000,
    },
    storeFailures: async (step, client) => {
      if (client === undefined) {
        work.later.push(step);
        return;
      }
      const published = await storeFailures(client, step, context);
      if ('retire' in published) work.retire.push(...published.retire);
    },
    testStarted: (test) => record.start(test, thread, work.building),
    testEnded: (test, ended) => record.end(test, ended, work.building),
  };
  return context;
}

/** Runs the hooks before all else; returns the first that failed, after which nothing is built. */
async function runStartHooks(
  options: ExecuteOptions,
  record: RunRecord,
): Promise<NodeId | undefined> {
  for (const hook of options.runHooks?.start ?? []) {
    const ended = await runProjectHook(hook, [], options);
    record.hook(hook.id, ended);
    if (ended.status !== 'success') return hook.id;
  }
  return undefined;
}

/** Runs the hooks after all else, whatever came of it, each with the results so far. */
async function runEndHooks(options: ExecuteOptions, record: RunRecord): Promise<void> {
  for (const hook of options.runHooks?.end ?? []) {
    record.hook(hook.id, await runProjectHook(hook, [...record.outcomes], options));
  }
}

/** Keeps the outcomes and tells the listener. */
class RunRecord {
  readonly outcomes: Outcome[] = [];
  readonly #listener: RunListener | undefined;
  readonly #total: number;
  #begun = 0;
  readonly #started = new Map<NodeId, { index: number; atMs: number; thread: number }>();

  constructor(plan: Plan, listener: RunListener | undefined) {
    this.#listener = listener;
    this.#total = plan.steps.flatMap(nodesOf).length;
  }

  /** Audits belong to the step of their node and have no number of their own. */
  start(node: NodeId, thread: number, auditOf?: NodeId): void {
    const index = this.#indexOf(auditOf);
    this.#started.set(node, { index, atMs: Date.now(), thread });
    if (auditOf === undefined) this.#listener?.started(node, index, this.#total);
  }

  #indexOf(auditOf: NodeId | undefined): number {
    if (auditOf !== undefined) return this.#started.get(auditOf)?.index ?? 0;
    this.#begun += 1;
    return this.#begun;
  }

  end(node: NodeId, ended: Ended, auditOf?: NodeId): void {
    const started = this.#started.get(node);
    const finishedAtMs = Date.now();
    const outcome: Outcome = {
      node,
      status: ended.status,
      rows: ended.rows,
      failures: ended.failures,
      sample: ended.sample,
      notice: ended.notice,
      diff: ended.diff,
      error: ended.error,
      skippedBecause: ended.skippedBecause,
      auditOf,
      startedAtMs: started?.atMs ?? finishedAtMs,
      finishedAtMs,
      thread: started?.thread ?? 0,
    };
    this.outcomes.push(outcome);
    this.#listener?.ended(outcome, started?.index ?? this.outcomes.length, this.#total);
  }

  hasEnded(node: NodeId): boolean {
    return this.outcomes.some((outcome) => outcome.node === node);
  }

  /** Makes an error of an outcome that was good; the listener has heard of the node already. */
  fail(node: NodeId, { error }: Ended): void {
    const index = this.outcomes.findIndex((outcome) => outcome.node === node);
    const outcome = this.outcomes[index];
    if (outcome !== undefined) this.outcomes[index] = { ...outcome, status: 'error', error };
  }

  /** Records a hook of the project, which is no step and has no number. */
  hook(id: NodeId, ended: Ended & { readonly startedAtMs: number }): void {
    this.#started.set(id, { index: 0, atMs: ended.startedAtMs, thread: 0 });
    this.end(id, ended);
  }

  /** Records a step that never began, and its audits. */
  skip(step: Step, because: SkipReason): void {
    for (const node of nodesOf(step)) this.#skipNode(node, because);
    if (isBuild(step)) this.skipAudits(step, because);
  }

  skipAudits(step: BuildStep, because: SkipReason): void {
    for (const { test } of step.audits) {
      if (!this.#started.has(test)) this.#skipNode(test, because, step.node);
    }
  }

  #skipNode(node: NodeId, skippedBecause: SkipReason, auditOf?: NodeId): void {
    const atMs = Date.now();
    this.#started.set(node, { index: this.#indexOf(auditOf), atMs, thread: 0 });
    this.end(node, { status: 'skipped', skippedBecause }, auditOf);
  }
}

/** Drops what killed runs left and creates schemas, before anything else. */
async function prepare(plan: Plan, { database }: ExecuteOptions): Promise<void> {
  if (plan.cleanup.length + plan.schemas.length === 0) return;
  await database.withClient(async (client) => {
    for (const statement of plan.cleanup) await dropIfFree(client, statement, 3);
    for (const statement of plan.schemas) {
      try {
        await client.query(statement.sql);
      } catch (error) {
        throw modelError(error, {
          node: statement.purpose,
          sql: '',
          sqlMap: [],
          path: statement.purpose,
        });
      }
    }
  });
}

/** Drops what swaps replaced; what somebody still reads stays for the next run. */
async function retireAll(statements: readonly Statement[], options: ExecuteOptions): Promise<void> {
  if (statements.length === 0 || options.signal?.aborted) return;
  try {
    await options.database.withClient(async (client) => {
      for (const statement of statements) await dropIfFree(client, statement, 3);
    });
  } catch (error) {
    // Everything is published: an interrupt or a lost connection now leaves only what cleanup drops.
    if (!(error instanceof Interrupted) && errorCode(error) === undefined) throw error;
  }
}

async function dropIfFree(client: Client, statement: Statement, tries: number): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    try {
      await inTransaction(client, async () => {
        // Longer than deadlock_timeout, so that autovacuum gives way; nobody new finds this name.
        await client.query("set local lock_timeout = '2s'");
        await client.query(statement.sql);
      });
      return;
    } catch (error) {
      const code = errorCode(error);
      // 2BP01: a view that this run did not build still reads it, and must not be lost.
      if (code === '2BP01') return;
      if (code !== '55P03' && code !== '40P01') throw error;
    }
  }
}

function isBuild(step: Step): step is BuildStep {
  return step.kind === 'build';
}

function keyOf(step: BuildStep): string {
  return quoteQualified(step.relation.schema, step.relation.identifier);
}

function nodeOf(because: SkipReason, node: NodeId): NodeId {
  return because === 'interrupted' ? node : because;
}
