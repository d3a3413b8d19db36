// Fills a materialized view again where it stands; its tests run before the transaction commits.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import type { NodeId } from '../compile/types.ts';
import type { BuildStep, Refresh } from '../plan/types.ts';
import {
  findBlocker,
  isLockFailure,
  lockFault,
  oneMessage,
  type PublishOptions,
} from './publish.ts';

/** What a refresh needs from the step that it is part of. */
export interface RefreshWork {
  readonly client: Client;
  readonly step: BuildStep;
  readonly refresh: Extract<Refresh, { readonly kind: 'refresh' }>;
  readonly options: PublishOptions;
  /** Runs the tests inside the transaction; returns the first that holds the new rows back. */
  readonly audit: () => Promise<NodeId | undefined>;
}

/**
 * Refreshes and audits in one transaction, in tries that wait for locks no longer than one second.
 * Returns the test that held it back, or undefined once it is committed.
 * @throws {ModelError} when its lock was not free within the budget.
 */
export async function refreshInPlace(work: RefreshWork): Promise<NodeId | undefined> {
  const { client, step, options } = work;
  const deadline = Date.now() + options.budgetMs;
  let blocker: string | undefined;
  for (;;) {
    if (options.signal?.aborted) throw new Interrupted();
    let isAudited = false;
    const audit = () => {
      isAudited = true;
      return work.audit();
    };
    try {
      return await refreshOnce({ ...work, audit });
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      // Tests that were told of as begun are not run a second time.
      if (!isLockFailure(error) || isAudited) throw error;
      blocker = (await findBlocker(client, step)) ?? blocker;
      if (Date.now() >= deadline) throw lockFault(step, blocker, options.budgetMs, error);
    }
    await sleep(20 + Math.random() * 80);
  }
}

async function refreshOnce({
  client,
  step,
  refresh,
  audit,
}: RefreshWork): Promise<NodeId | undefined> {
  reachFaultPoint('runner:before-publish');
  const settings = { sql: "begin; set local lock_timeout = '1s'" };
  await client.query(oneMessage(step, [settings, ...refresh.statements]));
  reachFaultPoint('runner:in-publish');
  const failed = await audit();
  await client.query(failed === undefined ? 'commit' : 'rollback');
  if (failed === undefined) reachFaultPoint('runner:after-publish');
  return failed;
}
