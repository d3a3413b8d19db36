// An operation that is no part of a run: one connection, one transaction, each statement carried out once.

import { type Client, type Database, inTransaction } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { Answers, Attempt } from '../compile/answers.ts';
import type { NodeId } from '../compile/types.ts';
import { type Journal, runHook } from './around.ts';
import { ModelError } from './model-error.ts';
import type { RunResult } from './types.ts';

/** What to run, and what errors call it. */
export interface OperationRun {
  readonly id: NodeId;
  readonly label: string;
  readonly render: (answers: Answers) => Attempt<string>;
}

/** Runs an operation; what it did is taken back where anything of it fails. */
export async function executeOperation(
  operation: OperationRun,
  options: {
    readonly database: Database;
    readonly journal: Journal;
    readonly signal: AbortSignal;
  },
): Promise<RunResult> {
  const { id, label, render } = operation;
  const startedAtMs = Date.now();
  const endWith = (status: 'success' | 'error' | 'skipped', error?: UserError): RunResult => {
    const finishedAtMs = Date.now();
    const nothing = {
      rows: undefined,
      failures: undefined,
      notice: undefined,
      sample: undefined,
      diff: undefined,
      auditOf: undefined,
    };
    const skippedBecause = status === 'skipped' ? ('interrupted' as const) : undefined;
    const times = { startedAtMs, finishedAtMs, thread: 1 };
    return {
      outcomes: [{ node: id, status, error, skippedBecause, ...nothing, ...times }],
      interrupted: status === 'skipped',
      elapsedMs: finishedAtMs - startedAtMs,
    };
  };
  const run = (client: Client) =>
    inTransaction(client, () => runHook(client, { node: id, label }, options.journal, render));
  try {
    await options.database.withClient(run);
    return endWith('success');
  } catch (error) {
    if (error instanceof Interrupted || options.signal.aborted) return endWith('skipped');
    if (!(error instanceof UserError)) throw error;
    return endWith('error', faultOf(operation, error));
  }
}

function faultOf({ id, label }: OperationRun, error: UserError): UserError {
  if (!(error instanceof ModelError)) {
    const { where, hint } = error;
    return new ModelError(`${label}: ${error.message}`, { node: id, where, hint, cause: error });
  }
  if (error.sqlstate !== '25001') return error;
  return new ModelError(error.message, {
    node: id,
    hint: "end the transaction before it: {% do run_query('commit') %}",
    cause: error,
    sqlstate: error.sqlstate,
  });
}
