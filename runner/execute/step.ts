// Performs one step on one connection; here an error of the database becomes a ModelError, once.

import { type Client, openDatabase, queryOneStatement } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { NodeId } from '../compile/types.ts';
import type { BuildStep, Statement } from '../plan/types.ts';
import { loadSeed } from './load-seed.ts';
import { modelError } from './model-error.ts';
import { type Published, publish } from './publish.ts';
import { readRelations } from './read-catalog.ts';
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
    return await context.database.withClient(async (client) => {
      if (planned.isLate) step = await lateSteps(context).build(planned, client);
      const rows = await fillStage(client, step, context);
      await finishStage(client, step, context);
      reachFaultPoint('runner:after-stage');
      const failed = await runAudits(client, step.audits, context, { staged: step.node });
      if (failed !== undefined) {
        await discardStage(step, context);
        return { ended: { status: 'skipped', rows, skippedBecause: failed }, published: undefined };
      }
      const published = await publish(client, step, context.publish);
      return { ended: { status: 'success', rows }, published };
    });
  } catch (error) {
    const ended = endedBy(error, step.node, context);
    await discardStage(step, context);
    return { ended, published: undefined };
  }
}

async function fillStage(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<number | undefined> {
  let rows: number | undefined;
  for (const statement of step.stage) rows = await send(client, step.node, statement, context);
  if (step.load === undefined) return step.materialized === 'view' ? undefined : rows;
  stopIfInterrupted(context);
  return loadSeed(client, step.staged, step.load, context.projectDir);
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
  await client.query('begin');
  const { relations } = await readRelations(client, [step.relation, step.staged]);
  await client.query('commit');
  const stateOf = (name: BuildStep['relation']) =>
    relations.get(quoteQualified(name.schema, name.identifier));
  for (const statement of context.planFinish(step, stateOf(step.relation), stateOf(step.staged))) {
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
