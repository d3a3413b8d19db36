// Builds a node by a materialization of the project's own: one transaction, in which the node's tests run.

import type { Client } from '../../core/database.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import type { BuildStep } from '../plan/types.ts';
import { answerInPlace } from './around.ts';
import { runAudits } from './run-tests.ts';
import type { Ended, StepContext } from './step-context.ts';

/**
 * Runs the materialization and the tests of a node; a test that fails takes back all that it did.
 * @throws {ModelError} for what the database says of its statements
 */
export async function runMaterialization(
  client: Client,
  step: BuildStep,
  context: StepContext,
): Promise<Ended> {
  const { newJournal, materialize } = context.around;
  await client.query('begin');
  try {
    const asker = { node: step.node, label: 'materialization' };
    await answerInPlace(client, asker, newJournal(), (answers) => materialize(step.node, answers));
    reachFaultPoint('runner:before-publish');
    const failed = await runAudits(client, step.audits, context, { place: 'in-transaction' });
    if (failed !== undefined) {
      await client.query('rollback');
      return { status: 'skipped', skippedBecause: failed };
    }
    await client.query('commit');
    reachFaultPoint('runner:after-publish');
    return { status: 'success' };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
