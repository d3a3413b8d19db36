// Keeps the rows that a test found: as its config says, and so that a failure does not take them away.

import type { Client } from '../../core/database.ts';
import type { TestQuery } from '../plan/types.ts';
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
  // What the test read is published later, or not yet seen by anyone else.
  const isLater = as === 'view' ? readsStage : false;
  await context.storeFailures(step, isLater ? undefined : client);
}
