// Publishes a stage: short tries under the publish lock, each decided anew from the catalog.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, errorCode } from '../../core/database.ts';
import { Interrupted } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { BuildStep, Publication, PublicationInput } from '../plan/types.ts';
import { ModelError } from './model-error.ts';
import { readRelations } from './read-catalog.ts';

/** What publishing needs from the run. */
export interface PublishOptions {
  readonly planPublication: (input: PublicationInput) => Publication;
  /** Keys of relations that the run has yet to build. */
  readonly pending: () => ReadonlySet<string>;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for swaps; then one try in place. */
  readonly budgetMs: number;
}

/** A publication that took place. */
export type Published = Exclude<Publication, { readonly kind: 'refuse' }>;

interface Attempt {
  readonly client: Client;
  readonly step: BuildStep;
  readonly options: PublishOptions;
  readonly preferInPlace: boolean;
  readonly beforeCommit: () => Promise<void>;
}

/**
 * Publishes the stage of a step; `beforeCommit` is done in the publishing transaction, in each try.
 * @throws {ModelError} when the publication is refused, or its locks were not free within the budget.
 */
export async function publish(
  client: Client,
  step: BuildStep,
  options: PublishOptions,
  beforeCommit: () => Promise<void> = async () => undefined,
): Promise<Published> {
  const deadline = Date.now() + options.budgetMs;
  let blocker: string | undefined;
  for (;;) {
    if (options.signal?.aborted) throw new Interrupted();
    const preferInPlace = Date.now() >= deadline;
    try {
      return await publishOnce({ client, step, options, preferInPlace, beforeCommit });
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (preferInPlace && (isLockFailure(error) || error instanceof ModelError)) {
        throw lockFault(step, blocker, options.budgetMs, error);
      }
      if (!isLockFailure(error)) throw error;
      blocker = (await findBlocker(client, step)) ?? blocker;
    }
    // Between tries, those who queued behind us go on; the jitter keeps two publishers out of step.
    await sleep(20 + Math.random() * 80);
  }
}

async function publishOnce(attempt: Attempt): Promise<Published> {
  const { client, step, options, preferInPlace, beforeCommit } = attempt;
  reachFaultPoint('runner:before-publish');
  // One publisher at a time in a database, so that the definitions captured next stay true.
  await client.query(
    "begin; select pg_advisory_xact_lock(hashtextextended('fundlens:publish', 0))",
  );
  const { relations } = await readRelations(client, [step.relation, step.staged, step.retired]);
  const stateOf = (name: BuildStep['relation']) =>
    relations.get(quoteQualified(name.schema, name.identifier));
  const publication = options.planPublication({
    step,
    current: stateOf(step.relation),
    staged: stateOf(step.staged),
    retired: stateOf(step.retired),
    pending: options.pending(),
    preferInPlace,
  });
  if (publication.kind === 'refuse') {
    throw new ModelError(publication.reason, { node: step.node, hint: publication.hint });
  }
  if (publication.prepare.length > 0) await client.query(oneMessage(step, publication.prepare));
  reachFaultPoint('runner:in-publish');
  const statements = [...publication.statements, ...(step.record ?? [])];
  if ((step.postHooks?.inside ?? []).length === 0) {
    await client.query(oneMessage(step, [...statements, { sql: 'commit' }]));
  } else {
    // Names in hooks are found as in any session; a lock that they wait for stalls readers no longer.
    const settings = "set local search_path to default; set local lock_timeout = '1s'";
    await client.query(oneMessage(step, [...statements, { sql: settings }]));
    await beforeCommit();
    await client.query('commit');
  }
  reachFaultPoint('runner:after-publish');
  return publication;
}

/** Joins statements into one message, which pg_stat_activity shows with its node. */
export function oneMessage(
  step: BuildStep,
  statements: readonly { readonly sql: string }[],
): string {
  const note = JSON.stringify({ app: 'fundlens', node_id: step.node }).replaceAll('*/', '*\\/');
  return `/* ${note.replaceAll('/*', '/\\*')} */\n${statements.map(({ sql }) => sql).join(';\n')}`;
}

/**
 * Tells whether a try may be made again: lock_not_available, deadlock_detected, and what a catalog
 * read says of a relation dropped under it.
 */
export function isLockFailure(error: unknown): boolean {
  const code = error instanceof ModelError ? error.sqlstate : errorCode(error);
  if (code === '55P03' || code === '40P01') return true;
  return (
    code === 'XX000' &&
    error instanceof Error &&
    /could not open relation|cache lookup failed|concurrently/.test(error.message)
  );
}

/** Names the session that holds a lock on the relation or on a view that reads it. */
export async function findBlocker(client: Client, step: BuildStep): Promise<string | undefined> {
  const { rows } = await client.query<{ pid: number; application: string; query: string }>(
    `with target as (
       select class.oid from pg_class as class
       join pg_namespace as namespace on namespace.oid = class.relnamespace
       where namespace.nspname = $1 and class.relname = any ($2)
     ), reached as (
       select oid from target
       union
       select rule.ev_class from pg_depend as depend
       join pg_rewrite as rule on rule.oid = depend.objid
       where depend.classid = 'pg_rewrite'::regclass and depend.refobjid in (select oid from target)
     )
     select activity.pid, activity.application_name as application,
       left(regexp_replace(activity.query, '\\s+', ' ', 'g'), 200) as query
     from pg_locks as locks
     join pg_stat_activity as activity on activity.pid = locks.pid
     where locks.granted and locks.locktype = 'relation' and locks.pid <> pg_backend_pid()
       and locks.relation in (select oid from reached)
     order by activity.xact_start limit 1`,
    [step.relation.schema, [step.relation.identifier, step.staged.identifier]],
  );
  const found = rows[0];
  if (found === undefined) return undefined;
  const who = found.application
    ? `backend ${found.pid} (${found.application})`
    : `backend ${found.pid}`;
  return `${who}, whose last statement was \`${found.query}\``;
}

/** The error of a publication whose budget is spent, with who holds the locks. */
export function lockFault(
  step: BuildStep,
  blocker: string | undefined,
  budgetMs: number,
  cause: unknown,
): ModelError {
  const name = `\`${step.relation.schema}.${step.relation.identifier}\``;
  const holder = blocker === undefined ? '' : `; they are held by ${blocker}`;
  return new ModelError(
    `the locks to publish ${name} were not free within ${Math.round(budgetMs / 1000)} s${holder}`,
    {
      node: step.node,
      hint: 'end that session (`select pg_terminate_backend(…)`) or build again when it is done',
      cause,
    },
  );
}
