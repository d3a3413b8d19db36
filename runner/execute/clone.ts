// Clones: views that stand in a schema for the relations of an earlier run.

import { type Database, inTransaction } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';
import type { Statement } from '../plan/types.ts';
import { modelError } from './model-error.ts';
import type { Outcome, RunResult } from './types.ts';

/** What is done for one node; with no statement, it has a relation already. */
export interface CloneStep {
  readonly node: NodeId;
  readonly statements: readonly Statement[];
}

/** Performs the steps one after the other, each in a transaction; only bugs and lost connections throw. */
export async function executeClones(
  steps: readonly CloneStep[],
  options: {
    readonly database: Database;
    readonly signal: AbortSignal;
    readonly ended: (outcome: Outcome, index: number) => void;
  },
): Promise<RunResult> {
  const startedAtMs = Date.now();
  const outcomes: Outcome[] = [];
  for (const [index, step] of steps.entries()) {
    const outcome = await cloneOne(step, options);
    outcomes.push(outcome);
    options.ended(outcome, index + 1);
  }
  const interrupted = options.signal.aborted;
  return { outcomes, interrupted, elapsedMs: Date.now() - startedAtMs };
}

async function cloneOne(
  { node, statements }: CloneStep,
  { database, signal }: { readonly database: Database; readonly signal: AbortSignal },
): Promise<Outcome> {
  const startedAtMs = Date.now();
  const perform = async (): Promise<Pick<Outcome, 'status' | 'error' | 'skippedBecause'>> => {
    if (signal.aborted) throw new Interrupted();
    if (statements.length > 0) {
      await database.withClient((client) =>
        inTransaction(client, async () => {
          for (const { sql, purpose } of statements) {
            await client.query(sql).catch((error: unknown) => {
              throw modelError(error, { node, sql, sqlMap: [], path: purpose });
            });
          }
        }),
      );
    }
    return { status: 'success', error: undefined, skippedBecause: undefined };
  };
  const ended = await perform().catch((error: unknown) => {
    if (signal.aborted) {
      return { status: 'skipped', error: undefined, skippedBecause: 'interrupted' } as const;
    }
    if (!(error instanceof UserError)) throw error;
    return { status: 'error', error, skippedBecause: undefined } as const;
  });
  return {
    node,
    ...ended,
    rows: undefined,
    failures: undefined,
    notice: undefined,
    sample: undefined,
    diff: undefined,
    auditOf: undefined,
    startedAtMs,
    finishedAtMs: Date.now(),
    thread: 1,
  };
}
