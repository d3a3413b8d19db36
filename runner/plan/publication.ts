// How a stage becomes the published relation, decided from what the catalog says at that moment.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { type BrokenView, brokenViews, canReplaceView, sameColumns } from './compare-columns.ts';
import { withoutContracted } from './constraints.ts';
import { liveGrants } from './grants.ts';
import { planInPlace } from './in-place.ts';
import { nameFinally } from './name-finally.ts';
import { commentStatements } from './plan-finish.ts';
import { dropWord, kindOfStep, quoteRelation, withOptions } from './statements.ts';
import type {
  Dependent,
  DependentMaterializedView,
  DependentView,
  Publication,
  PublicationInput,
  PublishedStep,
  RelationState,
  Statement,
} from './types.ts';

/** Decides how a stage is published: nothing that hangs on the relation before is ever lost. */
export function planPublication(input: PublicationInput): Publication {
  const { step } = input;
  if (input.current === undefined) return planCreate(input);
  const current = withoutContracted(step, input.current, input.staged);
  if (!isReplaceable(current)) return refuseKind(step, current);
  if (
    step.materialized === 'view' &&
    current.kind === 'view' &&
    canReplaceView(current, input.staged)
  ) {
    return planReplaceView(step, current, input.staged);
  }
  if (step.publishInPlace && areTables(step, current) && sameColumns(current, input.staged)) {
    return planInPlace(step, current, ['`publish: in_place` asks for it'], input.staged);
  }
  const because = lostBySwap(input, current);
  if (because.length > 0) return planWithoutSwap(input, current, because);
  const broken = brokenViews(current, input.staged);
  const refused = broken.filter(({ view }) => !input.pending.has(quoteRelation(view.relation)));
  if (refused.length > 0) return refuseViews(step, refused);
  const left = new Set<DependentView | DependentMaterializedView>(broken.map(({ view }) => view));
  for (const dependent of current.dependents) {
    if (dependent.kind === 'materialized-view') left.add(dependent);
  }
  return planSwap(input, current, left);
}

function planCreate(input: PublicationInput): Publication {
  const { step } = input;
  return {
    kind: 'create',
    prepare: lockStage(step),
    statements: [...shortLocks, renameStage(step), ...nameFinally(step, undefined, input.staged)],
  };
}

function planReplaceView(
  step: PublishedStep,
  current: RelationState,
  staged: RelationState | undefined,
): Publication {
  const columns = staged?.columns ?? current.columns;
  const definition = staged?.definition ?? step.viewSql ?? '';
  return {
    kind: 'replace-view',
    prepare: [],
    statements: [
      ...shortLocks,
      replaceView(step.relation, current.options, definition),
      ...commentStatements(step, step.relation, current, columns),
      ...liveGrants(step, current),
      { sql: `drop view ${quoteRelation(step.staged)}`, purpose: 'drop the stage' },
    ],
  };
}

function planSwap(
  input: PublicationInput,
  current: RelationState,
  left: ReadonlySet<DependentView | DependentMaterializedView>,
): Publication {
  const { step, staged } = input;
  const word = dropWord(current.kind);
  const old = quoteRelation(step.relation);
  // Views above come first: who reads a view locks it before what it reads, and so must we.
  const views = current.dependents
    .filter((dependent) => dependent.kind === 'view')
    .filter((view) => !left.has(view))
    .sort((a, b) => b.oid - a.oid);
  return {
    kind: 'swap',
    left: [...left].map((view) => view.relation),
    prepare: lockStage(step),
    statements: [
      ...shortLocks,
      ...views.map((view) => ({
        sql: `alter view ${quoteRelation(view.relation)} owner to ${quoteIdentifier(view.owner)}`,
        purpose: `lock dependent view ${view.relation.identifier}; its owner stays`,
      })),
      lockCurrent(step, current),
      {
        sql: `alter ${word} ${old} rename to ${quoteIdentifier(step.retired.identifier)}`,
        purpose: 'retire the relation before',
      },
      renameStage(step),
      ...nameFinally(step, current, staged),
      ...views.map((view) => replaceView(view.relation, view.options, view.definition)),
    ],
    retire: [
      {
        sql: `drop ${word} if exists ${quoteRelation(step.retired)}`,
        purpose: 'drop the relation before',
      },
    ],
  };
}

/** A swap is out of the question: by DML where the columns are the same, else not at all. */
function planWithoutSwap(
  input: PublicationInput,
  current: RelationState,
  because: readonly string[],
): Publication {
  const { step, staged } = input;
  const isByRows = areTables(step, current);
  if (isByRows && sameColumns(current, staged)) {
    return planInPlace(step, current, because, staged);
  }
  const name = `\`${step.relation.schema}.${step.relation.identifier}\``;
  return {
    kind: 'refuse',
    reason: `${name} cannot be replaced: ${because.join('; ')}`,
    hint: isByRows
      ? 'its columns changed, so its rows cannot be exchanged in place either: drop what depends on it, build, and create it again'
      : 'drop what depends on it, build, and create it again',
  };
}

/** Names all that a relation under the same name would not get. */
function lostBySwap(input: PublicationInput, current: RelationState): readonly string[] {
  const { step, retired } = input;
  const reasons = current.dependents
    .filter((dependent) => dependent.kind !== 'view' && !isBuiltNext(dependent, input, current))
    .map((dependent) => ('description' in dependent ? dependent.description : ''));
  if (input.preferInPlace) reasons.push('its locks were not free in time');
  if (retired !== undefined) {
    const readers = retired.dependents.map((dependent) =>
      dependent.kind === 'view'
        ? `view ${dependent.relation.schema}.${dependent.relation.identifier}`
        : dependent.description,
    );
    reasons.push(
      `\`${step.retired.identifier}\` of a run before is still there` +
        (readers.length > 0 ? `, read by ${readers.join(', ')}: build that first` : ''),
    );
  }
  return reasons;
}

function areTables(step: PublishedStep, current: RelationState): boolean {
  return isTable(current) && kindOfStep(step) === 'table';
}

/**
 * A materialized view that this run builds next may stay on the rows before until then. Where the
 * rows can be exchanged in place it need not, and keeps its identity.
 */
function isBuiltNext(
  dependent: Exclude<Dependent, DependentView>,
  { step, staged, pending }: PublicationInput,
  current: RelationState,
): boolean {
  if (dependent.kind !== 'materialized-view') return false;
  if (areTables(step, current) && sameColumns(current, staged)) return false;
  return pending.has(quoteRelation(dependent.relation));
}

function refuseViews(step: PublishedStep, broken: readonly BrokenView[]): Publication {
  const name = `${step.relation.schema}.${step.relation.identifier}`;
  const parts = broken.map(({ view, column, was, becomes }) => {
    const change = becomes === undefined ? 'is gone' : `turns from ${was} into ${becomes}`;
    const reader = `${view.relation.schema}.${view.relation.identifier}`;
    return `view \`${reader}\` reads column \`${column}\`, which ${change}`;
  });
  return {
    kind: 'refuse',
    reason: `\`${name}\` is not published: ${parts.join('; ')}`,
    hint: 'build that view in the same run, or drop it, or keep the column as it was',
  };
}

function refuseKind(step: PublishedStep, current: RelationState): Publication {
  return {
    kind: 'refuse',
    reason: `\`${step.relation.schema}.${step.relation.identifier}\` exists and is a ${current.kind.replace('-', ' ')}`,
    hint: 'rename or drop it: the runner replaces only tables and views',
  };
}

function isTable({ kind }: RelationState): boolean {
  return kind === 'table' || kind === 'partitioned-table';
}

function isReplaceable(current: RelationState): boolean {
  return isTable(current) || current.kind === 'view' || current.kind === 'materialized-view';
}

// Far below deadlock_timeout (1 s): a reader is stalled for this long at most, and never the victim.
const shortLocks: readonly Statement[] = [
  { sql: "set local lock_timeout = '100ms'", purpose: 'stall readers no longer than this' },
  { sql: 'set local search_path = pg_catalog', purpose: 'every name in a view is qualified' },
];

/** Nobody reads the stage, but autovacuum may be at it, and gives way after deadlock_timeout. */
function lockStage(step: PublishedStep): readonly Statement[] {
  const kind = kindOfStep(step);
  if (kind === 'view') return [];
  const staged = quoteRelation(step.staged);
  return [
    { sql: "set local lock_timeout = '5s'", purpose: 'autovacuum gives way after 1 s' },
    {
      // LOCK TABLE knows no materialized view: a change of nothing keeps autovacuum from it.
      sql:
        kind === 'materialized-view'
          ? `alter materialized view ${staged} set without cluster`
          : `lock table only ${staged} in access exclusive mode`,
      purpose: 'lock the stage',
    },
  ];
}

/** LOCK TABLE on a view would lock every table it reads: a view is locked by a change of nothing. */
function lockCurrent(step: PublishedStep, current: RelationState): Statement {
  const name = quoteRelation(step.relation);
  const sql = isTable(current)
    ? `lock table only ${name} in access exclusive mode`
    : `alter ${dropWord(current.kind)} ${name} owner to ${quoteIdentifier(current.owner)}`;
  return { sql, purpose: 'lock the relation before' };
}

function renameStage(step: PublishedStep): Statement {
  const word = dropWord(kindOfStep(step));
  return {
    sql: `alter ${word} ${quoteRelation(step.staged)} rename to ${quoteIdentifier(step.relation.identifier)}`,
    purpose: 'publish the stage',
  };
}

function replaceView(
  relation: PublishedStep['relation'],
  options: readonly string[],
  definition: string,
): Statement {
  return {
    sql: `create or replace view ${quoteRelation(relation)}${withOptions(options)} as\n${definition}`,
    purpose: `view ${relation.identifier} reads the new relation`,
  };
}
