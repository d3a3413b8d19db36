// Runs a unit test: made-up rows, the model's query over them, and what differs; nothing of it stays.

import { type Client, queryOneStatement } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { UnitTest } from '../compile/types.ts';
import type { UnitTestStep } from '../plan/types.ts';
import { columnsOfNode, columnsOfRelation } from './input-columns.ts';
import { modelError } from './model-error.ts';
import {
  type Ended,
  endedBy,
  lateSteps,
  originOf,
  type StepContext,
  stopIfInterrupted,
} from './step-context.ts';
import type { RowDiff } from './types.ts';
import { makeRows, type TypedColumn } from './unit-test-rows.ts';

const actualTable = 'fundlens_actual';
const expectedTable = 'fundlens_expected';

/** Runs a unit test. */
export async function runUnitTest(step: UnitTestStep, context: StepContext): Promise<Ended> {
  try {
    return await context.database.withClient(async (client) => {
      stopIfInterrupted(context);
      if (step.isLate) await lateSteps(context).unitTest(step.node, client);
      const test = context.manifest.nodes.get(step.node);
      if (test?.kind !== 'unit-test') throw new Error(`${step.node} is no unit test`);
      if (test.fault !== undefined) return { status: 'error', error: test.fault };
      await client.query('begin');
      try {
        return judge(await compare(client, test, context));
      } finally {
        await client.query('rollback').catch(() => undefined);
      }
    });
  } catch (error) {
    return endedBy(error, step.node, context);
  }
}

function judge(diff: RowDiff): Ended {
  const failures = diff.missingCount + diff.unexpectedCount;
  return failures === 0 ? { status: 'pass', failures } : { status: 'fail', failures, diff };
}

async function compare(client: Client, test: UnitTest, context: StepContext): Promise<RowDiff> {
  for (const { node, table, written, rows } of test.inputs) {
    const columns = await columnsOfNode(client, node, context);
    const what = `\`${written}\` in unit test \`${test.name}\``;
    await makeRows(client, { table, what, rows, columns, isPartial: false });
  }
  await runModel(client, test, context);
  const actual = await columnsOfRelation(client, { schema: 'pg_temp', identifier: actualTable });
  const columns = await makeRows(client, {
    table: expectedTable,
    what: `the model in unit test \`${test.name}\``,
    rows: test.expected,
    columns: actual ?? [],
    isPartial: true,
  });
  return readDiff(client, columns);
}

/** The types of what is expected are those of what the model gives. */
async function runModel(client: Client, test: UnitTest, context: StepContext): Promise<void> {
  const head = `create temporary table ${quoteIdentifier(actualTable)} on commit drop as\n`;
  const sent = head + test.compiledSql;
  try {
    await queryOneStatement(client, sent);
  } catch (error) {
    throw modelError(error, {
      ...originOf(test.uniqueId, context),
      sql: test.compiledSql,
      sent,
      bodyOffset: head.length,
    });
  }
}

/** Rows shown of each side; all of them are counted. */
const shownRows = 20;

interface DiffRow {
  readonly side: 'missing' | 'unexpected';
  readonly total: string;
  readonly cells: readonly (string | null)[];
}

/** What either side has that the other has not, a row that stands twice counted twice; NULL equals NULL. */
async function readDiff(client: Client, columns: readonly TypedColumn[]): Promise<RowDiff> {
  if (columns.length === 0) throw noColumns();
  const compared = columns.map((column) => comparable(column)).join(', ');
  const texts = columns.map(({ name }) => `${quoteIdentifier(name)}::text`).join(', ');
  const side = (name: string, has: string, hasNot: string): string =>
    `(select '${name}' as side, count(*) over ()::text as total, array[${texts}] as cells\n` +
    `from (\nselect ${compared} from ${quoteQualified('pg_temp', has)}\n` +
    `except all\nselect ${compared} from ${quoteQualified('pg_temp', hasNot)}\n) as rows\n` +
    `order by cells limit ${shownRows})`;
  const { rows } = await client.query<DiffRow>(
    `${side('missing', expectedTable, actualTable)}\nunion all\n${side('unexpected', actualTable, expectedTable)}`,
  );
  const of = (wanted: DiffRow['side']) => rows.filter((row) => row.side === wanted);
  const missing = of('missing');
  const unexpected = of('unexpected');
  return {
    columns: columns.map(({ name }) => name),
    missing: missing.map(({ cells }) => cells),
    unexpected: unexpected.map(({ cells }) => cells),
    missingCount: Number(missing[0]?.total ?? 0),
    unexpectedCount: Number(unexpected[0]?.total ?? 0),
  };
}

/** Types without an equality are compared as something that has one. */
function comparable({ name, type }: TypedColumn): string {
  const column = quoteIdentifier(name);
  if (type === 'json') return `${column}::jsonb as ${column}`;
  return /^(json|xml|point|line|lseg|box|path|polygon|circle)\b/.test(type)
    ? `${column}::text as ${column}`
    : column;
}

function noColumns(): UserError {
  return new UserError('the model has no columns to compare', {
    hint: 'name at least one column in its select',
    exitCode: 1,
  });
}
