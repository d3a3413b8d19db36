// Performs one step on one connection; here an error of the database becomes a ModelError, once.

import {
  type Client,
  type Database,
  errorCode,
  openDatabase,
  queryOneStatement,
  queryOneStatementAsLists,
} from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Manifest, NodeId } from '../compile/types.ts';
import type {
  BuildStep,
  PublishedStep,
  RelationState,
  Statement,
  TestQuery,
} from '../plan/types.ts';
import { type AroundOptions, checkContract, partitionsFor, runNodeHook } from './around.ts';
import { loadSeed } from './load-seed.ts';
import { ModelError, modelError } from './model-error.ts';
import { type Published, type PublishOptions, publish } from './publish.ts';
import { readRelations } from './read-catalog.ts';
import type { Sample, Status } from './types.ts';

/** What a step needs from the run. */
export interface StepContext {
  readonly database: Database;
  readonly manifest: Manifest;
  readonly projectDir: string;
  readonly signal: AbortSignal | undefined;
  readonly publish: PublishOptions;
  readonly planFinish: (
    step: PublishedStep,
    current: RelationState | undefined,
    staged: RelationState | undefined,
  ) => readonly Statement[];
  readonly compiledPath: (node: NodeId) => string;
  readonly around: AroundOptions;
  /** Told of each test as it begins and ends. */
  readonly testStarted: (test: NodeId) => void;
  readonly testEnded: (test: NodeId, ended: Ended) => void;
}

/** How a node ended, without its times. */
export interface Ended {
  readonly status: Status;
  readonly rows?: number | undefined;
  readonly failures?: number | undefined;
  readonly error?: UserError | undefined;
  readonly skippedBecause?: NodeId | 'interrupted' | undefined;
  readonly sample?: Sample | undefined;
}

/** What a build came to; what is published may have something to retire. */
export interface BuildEnded {
  readonly ended: Ended;
  readonly published: Published | undefined;
}

/** Builds a node aside, audits it and publishes it; whatever fails, nothing of the stage stays. */
export async function buildNode(step: BuildStep, context: StepContext): Promise<BuildEnded> {
  try {
    return await withOwnSession(context, step, async (client) => {
      const rows = await fillStage(client, step, context);
      await finishStage(client, step, context);
      reachFaultPoint('runner:after-stage');
      const failed = await runAudits(client, step, context);
      if (failed !== undefined) {
        await discardStage(step, context);
        return { ended: { status: 'skipped', rows, skippedBecause: failed }, published: undefined };
      }
      const published = await publish(client, step, context.publish, () =>
        runPostHooks(client, step, 'inside', context),
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

/** Runs a test on published relations. */
export async function runTest(query: TestQuery, context: StepContext): Promise<Ended> {
  try {
    return await context.database.withClient((client) => askTest(client, query, context));
  } catch (error) {
    return endedBy(error, query.test, context);
  }
}

/** Turns what a step threw into data; what is no fault of the user's goes on as it is. */
export function endedBy(error: unknown, node: NodeId, context: StepContext): Ended {
  const code = error instanceof ModelError ? error.sqlstate : errorCode(error);
  const isCancelled = error instanceof Interrupted || code === '57014';
  if (context.signal?.aborted && (isCancelled || isLost(error))) {
    return { status: 'skipped', skippedBecause: 'interrupted' };
  }
  if (error instanceof UserError) return { status: 'error', error };
  const told = modelError(error, originOf(node, context));
  if (told instanceof UserError) return { status: 'error', error: told };
  if (isLost(error)) {
    const message = error instanceof Error ? error.message : String(error);
    const lost = new ModelError(`the connection was lost: ${message}`, {
      node,
      hint: 'look at the log of the server, and build again',
      cause: error,
    });
    return { status: 'error', error: lost };
  }
  throw error;
}

async function fillStage(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<number | undefined> {
  let rows: number | undefined;
  for (const statement of step.stage) {
    rows = (await perform(client, step, statement, context)) ?? rows;
  }
  if (step.load === undefined) return step.materialized === 'view' ? undefined : rows;
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
  published: Published,
  context: StepContext,
): Promise<Ended> {
  try {
    const after = 'after' in published ? (published.after ?? []) : [];
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
  const leavesTraces = step.stage.length > 1 || step.postHooks !== undefined;
  return database.withClient(async (client) => {
    try {
      return await use(client);
    } finally {
      // Where this fails, the connection is not idle and is closed instead of lent again.
      if (leavesTraces) await client.query('reset all; discard temp').catch(() => undefined);
    }
  });
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

/** Runs every audit, so that all failures are seen at once; returns the first that holds the stage back. */
async function runAudits(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<NodeId | undefined> {
  let failed: NodeId | undefined;
  for (const query of step.audits) {
    stopIfInterrupted(context);
    context.testStarted(query.test);
    let ended: Ended;
    try {
      ended = await askTest(client, query, context);
    } catch (error) {
      ended = endedBy(error, query.test, context);
    }
    context.testEnded(query.test, ended);
    if (ended.skippedBecause === 'interrupted') throw new Interrupted();
    if (holdsBack(ended, query)) failed ??= query.test;
  }
  return failed;
}

/** Tells whether a test's outcome keeps what follows it from being built. */
export function holdsBack(ended: Ended, query: TestQuery): boolean {
  return ended.status === 'fail' || (ended.status === 'error' && query.severity === 'error');
}

interface TestRow {
  readonly failures: string | number | null;
  readonly should_warn: boolean | null;
  readonly should_error: boolean | null;
}

async function askTest(client: Client, query: TestQuery, context: StepContext): Promise<Ended> {
  stopIfInterrupted(context);
  try {
    const { rows } = await queryOneStatement<TestRow>(client, query.sql);
    const ended = judge(rows[0], query.severity);
    return ended.status === 'fail' ? { ...ended, sample: await readSample(client, query) } : ended;
  } catch (error) {
    throw modelError(error, {
      ...originOf(query.test, context),
      sql: query.rowsSql,
      sent: query.sql,
      bodyOffset: query.bodyOffset,
    });
  }
}

const sampleRows = 5;

/** Reads a few of the rows that a test found: a stage that it holds back is gone afterwards. */
async function readSample(client: Client, query: TestQuery): Promise<Sample> {
  const sql = `select * from (\n${query.rowsSql}\n) as failing limit ${sampleRows}`;
  const { fields, rows } = await queryOneStatementAsLists(client, sql);
  return { columns: fields.map((field) => field.name), rows };
}

function judge(row: TestRow | undefined, severity: TestQuery['severity']): Ended {
  const failures = Number(row?.failures ?? 0);
  if (severity === 'error' && row?.should_error === true) return { status: 'fail', failures };
  return { status: row?.should_warn === true ? 'warn' : 'pass', failures };
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

function originOf(node: NodeId, context: StepContext) {
  const found = context.manifest.nodes.get(node);
  const isSql = found?.kind === 'model' || found?.kind === 'test';
  const sql = isSql ? found.compiledSql : '';
  return {
    node,
    sql,
    mappedSql: sql,
    sqlMap: isSql ? found.sqlMap : [],
    path: found?.path ?? node,
    sent: '',
    bodyOffset: 1,
    compiledPath: isSql ? context.compiledPath(node) : undefined,
  };
}

function stopIfInterrupted(context: StepContext): void {
  if (context.signal?.aborted) throw new Interrupted();
}

// The server ended the session, or the socket did: pg has no class for the latter.
function isLost(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) {
    return code.startsWith('08') || code.startsWith('57P') || /^E[A-Z]+$/.test(code);
  }
  return error instanceof Error && /connection (?:terminated|ended|error)/i.test(error.message);
}
