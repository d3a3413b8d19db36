// Merges staged rows into the published table: one transaction, in which the node's tests run.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { NodeId } from '../compile/types.ts';
import type {
  BuildStep,
  Delta,
  DeltaFacts,
  DeltaPlanner,
  Merging,
  Statement,
  VersionDelta,
} from '../plan/types.ts';
import { ModelError } from './model-error.ts';
import { findBlocker, isLockFailure, lockFault } from './publish.ts';
import { readRelations } from './read-catalog.ts';

/** What merging needs of the step's run. */
export interface MergeActions {
  readonly planner: DeltaPlanner;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds to try for the locks. */
  readonly budgetMs: number;
  /** Sends a statement of the step; returns the rows that it wrote. */
  send(statement: Statement): Promise<number | undefined>;
  /** Runs the tests of the node; returns the first that holds it back. */
  audit(): Promise<NodeId | undefined>;
  /** Runs the hooks in the transaction. */
  beforeCommit(): Promise<void>;
}

/** What came of a merge: committed, or rolled back because of a test. */
export type Merged =
  | { readonly kind: 'merged'; readonly rows: number; readonly publication: Merging }
  | { readonly kind: 'held-back'; readonly because: NodeId };

/**
 * Merges the stage of a step, which is filled.
 * @throws {ModelError} when the merge is refused, or its locks were not free within the budget.
 */
export async function mergeStage(
  client: Client,
  step: BuildStep,
  delta: Delta | VersionDelta,
  actions: MergeActions,
): Promise<Merged> {
  const publication = await decide(client, step, delta, actions.planner);
  const deadline = Date.now() + actions.budgetMs;
  let blocker: string | undefined;
  for (;;) {
    if (actions.signal?.aborted) throw new Interrupted();
    const tried = { isAudited: false };
    try {
      return await mergeOnce({ client, step, publication, actions, tried });
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      // Tests that were told of as begun are not run a second time.
      const told = error instanceof ModelError ? error.cause : error;
      if (!isLockFailure(told) || tried.isAudited) throw error;
      blocker = (await findBlocker(client, step)) ?? blocker;
      if (Date.now() >= deadline) throw lockFault(step, blocker, actions.budgetMs, error);
    }
    await sleep(20 + Math.random() * 80);
  }
}

async function mergeOnce(work: {
  readonly client: Client;
  readonly step: BuildStep;
  readonly publication: Merging;
  readonly actions: MergeActions;
  readonly tried: { isAudited: boolean };
}): Promise<Merged> {
  const { client, step, publication, actions, tried } = work;
  reachFaultPoint('runner:before-merge');
  await client.query('begin');
  let rows = 0;
  for (const statement of [
    ...publication.prepare,
    ...publication.changes,
    ...publication.statements,
    ...(step.record ?? []),
  ]) {
    const written = await actions.send(statement);
    if (statement.writes === true) rows += written ?? 0;
  }
  tried.isAudited = step.audits.length > 0;
  const because = await actions.audit();
  if (because !== undefined) {
    await client.query('rollback');
    return { kind: 'held-back', because };
  }
  await actions.beforeCommit();
  reachFaultPoint('runner:in-merge');
  await client.query('commit');
  reachFaultPoint('runner:after-merge');
  return { kind: 'merged', rows, publication };
}

/** Asks catalog and stage, and decides with both. */
async function decide(
  client: Client,
  step: BuildStep,
  delta: Delta | VersionDelta,
  planner: DeltaPlanner,
): Promise<Merging> {
  await client.query('begin');
  const { relations } = await readRelations(client, [step.relation, step.staged]);
  await client.query('commit');
  const stateOf = (name: BuildStep['relation']) =>
    relations.get(quoteQualified(name.schema, name.identifier));
  const current = stateOf(step.relation);
  if (current === undefined) {
    throw new ModelError(
      `\`${step.relation.schema}.${step.relation.identifier}\` went away while its rows were staged`,
      { node: step.node, hint: 'build it again' },
    );
  }
  const input = { step, delta, current, staged: stateOf(step.staged), facts: undefined };
  const question = planner.askFacts(input);
  const facts = question === undefined ? undefined : await askFacts(client, question);
  const publication = planner.planMerge({ ...input, facts });
  if (publication.kind === 'merge') return publication;
  const { reason, hint } =
    publication.kind === 'refuse' ? publication : { reason: publication.kind, hint: undefined };
  throw new ModelError(reason, { node: step.node, hint });
}

async function askFacts(client: Client, question: Statement): Promise<DeltaFacts | undefined> {
  const { rows } = await client.query<{ facts: DeltaFacts }>(question.sql);
  return rows[0]?.facts;
}

/**
 * Asks a stage that is a whole table whether other rows can be merged into it later.
 * @throws {ModelError} where they cannot.
 */
export async function guardStage(
  client: Client,
  step: BuildStep,
  guard: Delta | VersionDelta,
  planner: DeltaPlanner,
): Promise<void> {
  await client.query('begin');
  const { relations } = await readRelations(client, [step.staged]);
  await client.query('commit');
  const staged = relations.get(quoteQualified(step.staged.schema, step.staged.identifier));
  if (staged === undefined) return;
  const input = { step, delta: guard, current: staged, staged, facts: undefined };
  const question = planner.askFacts(input);
  if (question === undefined) return;
  const refused = planner.refuseFacts({ ...input, facts: await askFacts(client, question) });
  if (refused?.kind !== 'refuse') return;
  throw new ModelError(refused.reason, { node: step.node, hint: refused.hint });
}
