// Performs one step on one connection; here an error of the database becomes a ModelError, once.

import { type Client, openDatabase, queryOneStatement } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { NodeId } from '../compile/types.ts';
import type { BuildStep, Delta, Statement, VersionDelta } from '../plan/types.ts';
import { checkContract, partitionsFor, runNodeHook } from './around.ts';
import { loadSeed } from './load-seed.ts';
import { guardStage, mergeStage } from './merge-stage.ts';
import { ModelError, modelError } from './model-error.ts';
import { type Published, publish } from './publish.ts';
import { readRelations } from './read-catalog.ts';
import { refreshInPlace } from './refresh.ts';
import { runMaterialization } from './run-materialization.ts';
import { runAudits } from './run-tests.ts';
import {
  type Ended,
  endedBy,
  lateSteps,
  originOf,
  type StepContext,
  stopIfInterrupted,
} from './step-context.ts';

/** What a build came to; what is published may have something to retire. */
export interface BuildEnded {
  readonly ended: Ended;
  readonly published: Published | undefined;
}

/** Builds a node aside, audits it and publishes it; whatever fails, nothing of the stage stays. */
export async function buildNode(planned: BuildStep, context: StepContext): Promise<BuildEnded> {
  let step = planned;
  try {
    return await withOwnSession(context, planned, async (client) => {
      if (planned.isLate) step = await lateSteps(context).build(planned, client);
      if (step.isOwnKind) {
        return { ended: await runMaterialization(client, step, context), published: undefined };
      }
      const rows = await fillStage(client, step, context);
      const refreshed = await refreshOrFill(client, step, context);
      if (refreshed !== undefined) return { ended: refreshed, published: undefined };
      if (step.delta !== undefined) return await mergeNode(client, step, step.delta, context);
      if (step.guard) await guardStage(client, step, step.guard, context.deltaPlanner);
      await finishStage(client, step, context);
      reachFaultPoint('runner:after-stage');
      const failed = await runAudits(client, step.audits, context, { staged: step.node });
      if (failed !== undefined) {
        await discardStage(step, context);
        return { ended: { status: 'skipped', rows, skippedBecause: failed }, published: undefined };
      }
      const built = step;
      const published = await publish(client, step, context.publish, () =>
        runPostHooks(client, built, 'inside', context),
      );
      const ended = await finishPublished(client, step, published, context);
      return { ended: { ...ended, rows }, published };
    });
  } catch (error) {
    const ended = endedBy(error, step.node, context);
    await discardStage(step, context);
    return { ended, published: undefined };
  }
}

/** Merges what the stage holds; a test that fails rolls it back. */
async function mergeNode(
  client: Client,
  step: BuildStep,
  delta: Delta | VersionDelta,
  context: StepContext,
): Promise<BuildEnded> {
  reachFaultPoint('runner:after-stage');
  const merged = await mergeStage(client, step, delta, {
    planner: context.deltaPlanner,
    signal: context.signal,
    budgetMs: context.publish.budgetMs,
    send: (statement) => send(client, step.node, statement, context),
    audit: () => runAudits(client, step.audits, context, { place: 'in-transaction' }),
    beforeCommit: () => runPostHooks(client, step, 'inside', context),
  });
  if (merged.kind === 'merged') {
    const { rows, publication } = merged;
    const ended = await finishPublished(client, step, publication, context);
    return { ended: { ...ended, rows }, published: publication };
  }
  await discardStage(step, context);
  return { ended: { status: 'skipped', skippedBecause: merged.because }, published: undefined };
}

async function fillStage(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<number | undefined> {
  let rows: number | undefined;
  for (const statement of step.stage) {
    const written = await perform(client, step, statement, context);
    // What holds no SQL of the node's own writes no row of its.
    if (statement.bodyOffset !== undefined && written !== undefined) rows = (rows ?? 0) + written;
  }
  if (step.load === undefined) return step.materialized === 'table' ? rows : undefined;
  stopIfInterrupted(context);
  const loaded = await loadSeed(client, step.staged, step.load, context.projectDir);
  // The hooks before a seed opened it, so that nothing of them stays where loading fails.
  if (client.getTransactionStatus() === 'T') await client.query('commit');
  return loaded;
}

/** Sends a statement, or does what stands in its place; returns the rows that it wrote. */
async function perform(
  client: Client,
  step: BuildStep,
  statement: Statement,
  context: StepContext,
): Promise<number | undefined> {
  const { hook, contract, partitioning } = statement;
  try {
    if (hook !== undefined) {
      stopIfInterrupted(context);
      await runNodeHook(client, step, { ...statement, hook }, context.around);
      return undefined;
    }
    if (contract !== undefined) {
      await checkContract(client, step, { ...statement, contract }, context.around);
      return undefined;
    }
  } catch (error) {
    const origin = originOf(step.node, context);
    const { sql: sent, bodyOffset = 1 } = statement;
    throw modelError(error, { ...origin, sent: contract ? sent : '', bodyOffset });
  }
  if (partitioning === undefined) return send(client, step.node, statement, context);
  for (const created of await partitionsFor(
    client,
    step,
    { ...statement, partitioning },
    context.around,
  )) {
    await send(client, step.node, created, context);
  }
  await client.query('reset timezone');
  return undefined;
}

async function runPostHooks(
  client: Client,
  step: BuildStep,
  when: 'inside' | 'outside',
  context: StepContext,
): Promise<void> {
  const hooks = when === 'inside' ? step.postHooks?.inside : step.postHooks?.outside;
  for (const statement of hooks ?? []) await perform(client, step, statement, context);
}

/**
 * What follows the publication: what would hold locks for long, and hooks outside the transaction. The
 * rows are published whatever becomes of it.
 */
async function finishPublished(
  client: Client,
  step: BuildStep,
  published: Published | undefined,
  context: StepContext,
): Promise<Ended> {
  try {
    const after = published && 'after' in published ? (published.after ?? []) : [];
    for (const statement of after) await send(client, step.node, statement, context);
    await runPostHooks(client, step, 'outside', context);
    return { status: 'success' };
  } catch (error) {
    return endedBy(error, step.node, context);
  }
}

/** Settings and temporary tables of a node's hooks are not for the next node on its connection. */
async function withOwnSession<T>(
  { database }: StepContext,
  step: BuildStep,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const leavesTraces =
    step.isLate === true || step.stage.length > 1 || step.postHooks !== undefined;
  return database.withClient(async (client) => {
    try {
      return await use(client);
    } finally {
      // Where this fails, the connection is not idle and is closed instead of lent again.
      if (leavesTraces)
        await client.query('reset role; reset all; discard temp').catch(() => undefined);
    }
  });
}

/**
 * Of a materialized view, whose stage is still empty: fills again the one that is published, where its
 * definition is the same, and returns how that ended; else fills the stage and returns undefined.
 */
async function refreshOrFill(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<Ended | undefined> {
  if (step.fill.length === 0) return undefined;
  const { current, staged } = await readStage(client, step);
  const { pending } = context.publish;
  const refresh =
    current && staged && !step.isFullRefresh
      ? context.planRefresh({ step, current, staged, pending: pending() })
      : undefined;
  if (refresh?.kind === 'refuse') {
    throw new ModelError(refresh.reason, { node: step.node, hint: refresh.hint });
  }
  if (refresh?.kind !== 'refresh') {
    for (const statement of step.fill) await send(client, step.node, statement, context);
    return undefined;
  }
  for (const { sql } of step.discard) await client.query(sql);
  const failed = await refreshInPlace({
    client,
    step,
    refresh,
    options: context.publish,
    audit: async () => {
      const held = await runAudits(client, step.auditsInPlace, context, {
        place: 'in-transaction',
      });
      if (held === undefined) await runPostHooks(client, step, 'inside', context);
      return held;
    },
  });
  if (failed !== undefined) return { status: 'skipped', skippedBecause: failed };
  const ended = await finishPublished(client, step, undefined, context);
  if (ended.status !== 'success') return ended;
  const notice = refresh.passedOver.join(', ');
  return { status: 'success', ...(notice ? { notice: `not applied: ${notice}` } : {}) };
}

async function readStage(client: Client, step: BuildStep) {
  await client.query('begin');
  const { relations } = await readRelations(client, [step.relation, step.staged]);
  await client.query('commit');
  const stateOf = (name: BuildStep['relation']) =>
    relations.get(quoteQualified(name.schema, name.identifier));
  return { current: stateOf(step.relation), staged: stateOf(step.staged) };
}

/** Fills the stage of a test's failing rows and publishes it; nothing of it stays where that fails. */
export async function storeFailures(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<Published> {
  try {
    await fillStage(client, step, context);
    await finishStage(client, step, context);
    return await publish(client, step, context.publish);
  } catch (error) {
    await discardStage(step, context);
    throw error;
  }
}

async function finishStage(client: Client, step: BuildStep, context: StepContext): Promise<void> {
  const { current, staged } = await readStage(client, step);
  for (const statement of context.planFinish(step, current, staged)) {
    await send(client, step.node, statement, context);
  }
}

async function send(
  client: Client,
  node: NodeId,
  statement: Statement,
  context: StepContext,
): Promise<number | undefined> {
  stopIfInterrupted(context);
  try {
    // What holds a node's own SQL must be one statement; ours may be several.
    const isNodes = statement.bodyOffset !== undefined;
    const { rowCount } = await (isNodes
      ? queryOneStatement(client, statement.sql)
      : client.query(statement.sql));
    return rowCount ?? undefined;
  } catch (error) {
    const origin = originOf(node, context);
    // A statement of ours has no place in the node's own SQL.
    const sent = statement.bodyOffset === undefined ? '' : statement.sql;
    throw modelError(error, { ...origin, sent, bodyOffset: statement.bodyOffset ?? 1 });
  }
}

/** Drops the stage over a connection that no interrupt has closed; what stays, the next run drops. */
async function discardStage(step: BuildStep, context: StepContext): Promise<void> {
  const database = openDatabase(context.database.connection, {
    applicationName: 'fundlens:runner:discard',
    maxClients: 1,
  });
  try {
    await database.withClient(async (client) => {
      await client.query("set lock_timeout = '5s'");
      for (const statement of step.discard) await client.query(statement.sql);
    });
  } catch {
    // Best effort: the step's own error is the one to tell, and cleanup drops left-overs.
  } finally {
    await database.close();
  }
}
