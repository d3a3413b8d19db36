// Hooks of the whole run: on-run-start and on-run-end.

import type { Database } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { Answers, Attempt } from '../compile/answers.ts';
import type { NodeId } from '../compile/types.ts';
import { type AroundOptions, runHook } from './around.ts';
import { ModelError } from './model-error.ts';
import type { Ended } from './step-context.ts';
import type { Outcome } from './types.ts';

/** One hook of the project or of a package. */
export interface ProjectHookRun {
  /** As dbt names it: `operation.shop.shop-on-run-start-0`. */
  readonly id: NodeId;
  /** How errors name it. */
  readonly label: string;
  /** Renders its template; `outcomes` are those so far. */
  readonly render: (outcomes: readonly Outcome[], answers: Answers) => Attempt<string>;
}

/** The hooks of a run in the order in which they run. */
export interface RunHooks {
  readonly start: readonly ProjectHookRun[];
  readonly end: readonly ProjectHookRun[];
}

/**
 * Runs one hook as one message: its statements are one transaction, unless it is a single statement
 * that takes none.
 */
export async function runProjectHook(
  hook: ProjectHookRun,
  outcomes: readonly Outcome[],
  options: {
    readonly database: Database;
    readonly around: AroundOptions;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Ended & { readonly startedAtMs: number }> {
  const startedAtMs = Date.now();
  try {
    await options.database.withClient(async (client) => {
      try {
        await runHook(
          client,
          { node: hook.id, label: hook.label },
          options.around.newJournal(),
          (answers) => hook.render(outcomes, answers),
        );
      } finally {
        // Its settings are not for the nodes; where this fails, the connection is not lent again.
        await client.query('reset role; reset all; discard temp').catch(() => undefined);
      }
    });
    return { status: 'success', startedAtMs };
  } catch (error) {
    if (error instanceof Interrupted || options.signal?.aborted) {
      return { status: 'skipped', skippedBecause: 'interrupted', startedAtMs };
    }
    if (!(error instanceof UserError)) throw error;
    const told =
      error instanceof ModelError
        ? error
        : new ModelError(`${hook.label}: ${error.message}`, {
            node: hook.id,
            where: error.where,
            hint: error.hint,
            cause: error,
          });
    return { status: 'error', error: told, startedAtMs };
  }
}
