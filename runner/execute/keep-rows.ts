// Keeps the rows that a test found: as its config says, and so that a failure does not take them away.

import { copyIn, copyOut } from '../../core/copy.ts';
import { type Client, queryOneStatementAsLists } from '../../core/database.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { BuildStep, TestQuery } from '../plan/types.ts';
import type { Ended, StepContext } from './step-context.ts';

/** Whether a test is known to have found nothing. */
export type FoundRows = 'none' | 'unknown';

interface Keeping {
  readonly client: Client;
  readonly context: StepContext;
  readonly place: 'apart' | 'in-transaction';
}

/**
 * Keeps the rows of a test that has ended. A view of a stage would be gone with it where the test holds
 * it back, and the rows with it: then they are kept as a table.
 */
export async function keepRows(
  { client, context, place }: Keeping,
  query: TestQuery,
  { ended, found }: { readonly ended: Ended; readonly found: FoundRows },
): Promise<void> {
  const { stored } = query;
  if (stored === undefined) return;
  const holdsBack = ended.status === 'fail';
  const readsStage = stored.readsStage || place === 'in-transaction';
  const as = stored.as === 'view' && !(readsStage && holdsBack) ? 'view' : 'table';
  const step = context.testPlanning.storedStep(query, { as, isEmpty: found === 'none' });
  if (step === undefined) return;
  if (place === 'in-transaction' && as === 'table') {
    await copyRows(client, step, query, context);
    // Publishing waits for other publications, and the transaction that goes on may be one.
    await context.storeFailures({ ...step, stage: [] }, undefined);
    return;
  }
  // A view must read what is published, which the stage is not yet.
  const isLater = as === 'view' && readsStage;
  await context.storeFailures(step, isLater ? undefined : client);
}

/** Rows that nobody else sees yet, and that a rollback takes away, go to their table over another connection. */
async function copyRows(
  client: Client,
  { staged }: BuildStep,
  { rowsSql }: TestQuery,
  { database }: StepContext,
): Promise<void> {
  const table = quoteQualified(staged.schema, staged.identifier);
  const columns = await columnsOf(client, rowsSql);
  await database.withClient(async (other) => {
    await other.query(`create table ${table} (${columns.join(', ')})`);
    const rows = copyOut(client, `copy (\n${rowsSql}\n) to stdout`);
    await copyIn(other, `copy ${table} from stdin`, rows);
  });
}

async function columnsOf(client: Client, rowsSql: string): Promise<readonly string[]> {
  const { fields } = await queryOneStatementAsLists(
    client,
    `select * from (\n${rowsSql}\n) as failing limit 0`,
  );
  const { rows } = await client.query<{ readonly type: string }>(
    'select format_type(type, modifier) as type from unnest($1::oid[], $2::int[]) as field (type, modifier)',
    [
      fields.map(({ dataTypeID }) => dataTypeID),
      fields.map(({ dataTypeModifier }) => dataTypeModifier),
    ],
  );
  return fields.map(({ name }, index) => `${quoteIdentifier(name)} ${rows[index]?.type ?? 'text'}`);
}
