// Runs tests: those of one relation together where that tells the same, each other one alone.

import {
  type Client,
  isServerError,
  queryOneStatement,
  queryOneStatementAsLists,
} from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';
import type { HashedTest, SharedScan, TestQuery } from '../plan/types.ts';
import { type FoundRows, keepRows } from './keep-rows.ts';
import { modelError } from './model-error.ts';
import { readFacts } from './read-facts.ts';
import {
  type Ended,
  endedBy,
  lateSteps,
  originOf,
  type StepContext,
  stopIfInterrupted,
} from './step-context.ts';
import type { Sample } from './types.ts';

/** Whether the client is in a transaction that goes on after the tests, and whose rows they see. */
export type TestPlace = 'apart' | 'in-transaction';

/** Where tests run. */
export interface TestSite {
  /** `apart` where not given. */
  readonly place?: TestPlace;
  /** The node whose stage they read. */
  readonly staged?: NodeId | undefined;
}

interface Asking {
  readonly client: Client;
  readonly context: StepContext;
  readonly place: TestPlace;
  readonly staged: NodeId | undefined;
  end(query: TestQuery, ended: Ended): void;
}

/** Runs every audit, so that all failures are seen at once; returns the first that holds the stage back. */
export async function runAudits(
  client: Client,
  audits: readonly TestQuery[],
  context: StepContext,
  site: TestSite = {},
): Promise<NodeId | undefined> {
  const ended = await runTests(client, audits, context, site);
  return audits.find((query) => {
    const outcome = ended.get(query.test);
    return outcome !== undefined && holdsBack(outcome, query);
  })?.test;
}

/**
 * Runs tests and tells the context of each; an error of one keeps none of the others from running.
 * @throws {Interrupted} when the run is to end
 */
export async function runTests(
  client: Client,
  queries: readonly TestQuery[],
  context: StepContext,
  { place = 'apart', staged }: TestSite = {},
): Promise<ReadonlyMap<NodeId, Ended>> {
  const outcomes = new Map<NodeId, Ended>();
  const asking: Asking = {
    client,
    context,
    place,
    staged,
    end: (query, ended) => {
      context.testEnded(query.test, ended);
      outcomes.set(query.test, ended);
      if (ended.skippedBecause === 'interrupted') throw new Interrupted();
    },
  };
  for (const group of groupsOf(queries)) await runGroup(asking, group);
  return outcomes;
}

/** Tells whether a test's outcome keeps what follows it from being built. */
export function holdsBack(ended: Ended, query: TestQuery): boolean {
  return ended.status === 'fail' || (ended.status === 'error' && query.severity === 'error');
}

/** Tests of the same rows are a group; so is each other test. */
function groupsOf(queries: readonly TestQuery[]): readonly (readonly TestQuery[])[] {
  const groups = new Map<string, TestQuery[]>();
  for (const query of queries) {
    const key = query.shape === undefined ? `test ${query.test}` : `rows ${query.shape.from}`;
    const group = groups.get(key);
    if (group) group.push(query);
    else groups.set(key, [query]);
  }
  return [...groups.values()];
}

async function runGroup(asking: Asking, queries: readonly TestQuery[]): Promise<void> {
  const { client, context, end } = asking;
  const shape = queries[0]?.shape;
  if (shape === undefined) {
    for (const query of queries) await runAlone(asking, query);
    return;
  }
  stopIfInterrupted(context);
  const facts = await readFacts(client, shape.subject);
  const { proven, scan, hashed, alone } = context.testPlanning.shareTests(queries, facts);
  for (const query of proven) {
    context.testStarted(query.test);
    end(query, { status: 'pass', failures: 0 });
  }
  const left = [...(scan === undefined ? [] : await runScan(asking, scan)), ...alone];
  for (const test of hashed) await runHashed(asking, test);
  for (const query of left) await runAlone(asking, query);
}

/** Runs a scan and ends the tests that it decides; returns the others. */
async function runScan(asking: Asking, given: SharedScan): Promise<readonly TestQuery[]> {
  const { context } = asking;
  stopIfInterrupted(context);
  let scan: SharedScan | undefined = given;
  let answers: readonly TestRow[] | undefined;
  const left: TestQuery[] = [];
  for (const { query } of given.tests) context.testStarted(query.test);
  try {
    answers = await scratch(asking, async () => {
      if (given.looksUp && !(await looksUpByHash(asking.client, given))) {
        const without = context.testPlanning.withoutLookUps(given);
        scan = without.scan;
        left.push(...without.alone);
      }
      return scan === undefined ? [] : askScan(asking.client, scan);
    });
  } catch (error) {
    // Which of them it is that fails, each tells by itself.
    if (!isServerError(error)) throw error;
    return given.tests.map(({ query }) => query);
  }
  for (const [index, { query, isExact }] of (scan?.tests ?? []).entries()) {
    const row = answers[index];
    if (Number(row?.failures ?? 0) > 0 && !isExact) left.push(query);
    else await endJudged(asking, query, row);
  }
  return left;
}

async function endJudged(
  asking: Asking,
  query: TestQuery,
  row: TestRow | undefined,
): Promise<void> {
  const { client, context, end } = asking;
  try {
    const ended = judge(row, query.severity);
    const isEmpty = Number(row?.failures ?? 0) === 0;
    await keep(asking, query, { ended, found: isEmpty ? 'none' : 'unknown' });
    const sample = ended.status === 'fail' ? await readSample(client, query) : undefined;
    end(query, sample === undefined ? ended : { ...ended, sample });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    end(query, endedBy(error, query.test, context));
  }
}

/** A shared hash is no proof of a duplicate: where there is one, the test itself is asked. */
async function runHashed(asking: Asking, { query, sql }: HashedTest): Promise<void> {
  const { client, context } = asking;
  stopIfInterrupted(context);
  context.testStarted(query.test);
  let row: (TestRow & { readonly has_duplicate: boolean }) | undefined;
  try {
    const asked = () => queryOneStatement<TestRow & { has_duplicate: boolean }>(client, sql);
    row = (await scratch(asking, asked)).rows[0];
  } catch (error) {
    if (!isServerError(error)) throw error;
  }
  if (row === undefined || row.has_duplicate) await runAlone(asking, query);
  else await endJudged(asking, query, row);
}

async function runAlone(asking: Asking, query: TestQuery): Promise<void> {
  const { context, end } = asking;
  stopIfInterrupted(context);
  context.testStarted(query.test);
  let ended: Ended;
  try {
    ended = await askTest(asking, query);
  } catch (error) {
    ended = endedBy(error, query.test, context);
  }
  end(query, ended);
}

interface TestRow {
  readonly failures: string | number | null;
  readonly should_warn: boolean | null;
  readonly should_error: boolean | null;
}

async function askTest(asking: Asking, planned: TestQuery): Promise<Ended> {
  const { client, context, place, staged } = asking;
  const query = planned.isLate ? await lateSteps(context).query(planned, staged, client) : planned;
  const ask = async (): Promise<Ended> => {
    const { rows } = await queryOneStatement<TestRow>(client, query.sql);
    const ended = judge(rows[0], query.severity);
    return ended.status === 'fail' ? { ...ended, sample: await readSample(client, query) } : ended;
  };
  try {
    // One statement needs no transaction of its own; inside one, an error must not end it.
    const ended = place === 'apart' ? await ask() : await scratch(asking, ask);
    const found: FoundRows =
      ended.failures === 0 && query.failCalc === 'count(*)' ? 'none' : 'unknown';
    await keep(asking, query, { ended, found });
    return ended;
  } catch (error) {
    throw modelError(error, {
      ...originOf(query.test, context),
      sql: query.rowsSql,
      sent: query.sql,
      bodyOffset: query.bodyOffset,
    });
  }
}

/** Keeps the rows of a test; where that fails, a transaction that goes on stays whole. */
async function keep(
  asking: Asking,
  query: TestQuery,
  how: { readonly ended: Ended; readonly found: FoundRows },
): Promise<void> {
  if (query.stored === undefined) return;
  if (asking.place === 'apart') await keepRows(asking, query, how);
  else await scratch(asking, () => keepRows(asking, query, how));
}

/** Runs what only reads, and takes back what it set; inside a transaction, that goes on as it was. */
async function scratch<T>({ client, place }: Asking, use: () => Promise<T>): Promise<T> {
  const isApart = place === 'apart';
  await client.query(isApart ? 'begin' : 'savepoint fundlens_test');
  try {
    await client.query(settings);
    return await use();
  } finally {
    // A connection that is lost has nothing to take back, and its own error is the one to tell.
    await client
      .query(isApart ? 'rollback' : 'rollback to savepoint fundlens_test')
      .catch(() => undefined);
  }
}

// Values are looked up in a hash table that must fit; compiling the many small expressions of a scan
// costs more than it gives.
const settings = `select
  set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')) / 1024, 65536) || 'kB', true),
  set_config('jit', 'off', true)`;

/** A look-up that is no hash is a scan of the other relation for each row. */
async function looksUpByHash(client: Client, { sql }: SharedScan): Promise<boolean> {
  const { rows } = await queryOneStatementAsLists(client, `explain (verbose, costs off) ${sql}`);
  const plan = rows.map(([line]) => String(line)).join('\n');
  return !/(?<!hashed )SubPlan \d+/.test(plan.replace(/^\s*SubPlan \d+$/gm, ''));
}

async function askScan(client: Client, { sql, tests }: SharedScan): Promise<readonly TestRow[]> {
  const { rows } = await queryOneStatement<Record<string, unknown>>(client, sql);
  return tests.map((_, index) => {
    const value = (name: string) => rows[0]?.[`${name}_${index + 1}`];
    return {
      failures: Number(value('failures')),
      should_warn: value('warn') === true,
      should_error: value('error') === true,
    };
  });
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
