// How staged rows are merged into a published table, decided once both are known.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { askFacts, columnNamed, inWindows, refuseFacts } from './delta-facts.ts';
import { isUniqueKey, matchKeys, resolveKey } from './merge-keys.ts';
import { missingPartitions } from './partitions.ts';
import { commentStatements } from './plan-finish.ts';
import { alone, planReconcile } from './reconcile.ts';
import {
  appendRows,
  changeByKey,
  changeBySet,
  destAlias,
  insertOnConflict,
  type RowChange,
  sourceAlias,
} from './row-changes.ts';
import { planSchemaChange, type WrittenColumn } from './schema-change.ts';
import { planVersions } from './snapshot.ts';
import { quoteRelation } from './statements.ts';
import type {
  Delta,
  DeltaFacts,
  DeltaInput,
  DeltaPlanner,
  Publication,
  PublishedStep,
  RelationState,
  Statement,
} from './types.ts';

/** The decisions of a merge, as the executor takes them. */
export const deltaPlanner: DeltaPlanner = { askFacts, planMerge, refuseFacts };

/** Plans the merge, or says why there is none. */
function planMerge(input: DeltaInput): Publication {
  const { step, delta, current } = input;
  const staged = input.staged ?? current;
  const facts = input.facts ?? { nullKeys: [], duplicates: [], strays: 0 };
  const wrong = refuseFacts({ ...input, facts });
  if (wrong !== undefined) return wrong;
  if (!('versions' in delta)) return planDelta({ ...input, delta, facts });
  // Before the stage is there, the table's columns stand for those of the query, its own apart.
  const own = new Set(Object.values(delta.versions.snapshotColumns));
  const columns = staged.columns.filter(({ name }) => input.staged || !own.has(name));
  const { versions } = delta;
  return planVersions({ step, versions, current, staged: { ...staged, columns }, facts });
}

interface MergeInput extends DeltaInput {
  readonly delta: Delta;
  readonly facts: DeltaFacts;
}

function planDelta(input: MergeInput): Publication {
  const { step, delta, current, facts } = input;
  const { incremental } = delta;
  const staged = input.staged ?? current;
  const columnsOf = (state: RelationState) => resolveKey(incremental.uniqueKey, state.columns);
  const key = columnsOf(staged);
  if (key.kind === 'unknown') return refuseKey(step, key.name, key.hint, 'the query');
  if (columnsOf(current).kind === 'unknown') {
    const hint = 'build it with --full-refresh, so that the table gets the column';
    return refuseKey(step, incremental.uniqueKey.join(', '), hint, 'the table');
  }
  const change = planSchemaChange(step, incremental, current, staged);
  if (change.kind === 'refuse') return change;
  const rows: RowChange = {
    target: quoteRelation(step.relation),
    isPartitioned: current.kind === 'partitioned-table',
    staged: quoteRelation(step.staged),
    columns: change.columns,
  };
  const parts = { input, staged, rows, key: key.columns, nullKeys: facts.nullKeys };
  const writes = planWrites(parts);
  if ('kind' in writes) return writes;
  const reconciled = planReconcile(step, current);
  const isShared = ['append', 'insert_on_conflict'].includes(incremental.strategy);
  return {
    kind: 'merge',
    prepare: isShared ? [] : lockTable(rows),
    changes: alone([
      ...change.statements,
      ...reconciled.before,
      ...missingPartitions(step, current),
    ]),
    statements: [
      { sql: 'set local lock_timeout to default', purpose: 'the locks are held' },
      ...writes,
      ...reconciled.inside,
      ...commentStatements(step, step.relation, current, change.columns.map(asState)),
      { sql: `drop table ${rows.staged}`, purpose: 'drop the stage' },
    ],
    after: reconciled.after,
    retire: [{ sql: `analyze ${rows.target}`, purpose: 'analyze' }],
  };
}

/** Waiting here stalls writers only, and outlasts deadlock_timeout, so that autovacuum gives way. */
function lockTable({ target, isPartitioned }: RowChange): readonly Statement[] {
  return [
    { sql: "set local lock_timeout = '5s'", purpose: 'autovacuum gives way after 1 s' },
    {
      sql: `lock table ${isPartitioned ? '' : 'only '}${target} in share row exclusive mode`,
      purpose: 'keep other writers out',
    },
  ];
}

interface WriteParts {
  readonly input: MergeInput;
  readonly staged: RelationState;
  readonly rows: RowChange;
  readonly key: readonly string[];
  readonly nullKeys: readonly string[];
}

type Refused = Extract<Publication, { readonly kind: 'refuse' }>;

function planWrites(parts: WriteParts): readonly Statement[] | Refused {
  const { input, rows, key } = parts;
  const { incremental } = input.delta;
  switch (incremental.strategy) {
    case 'append':
      return appendRows(rows);
    case 'microbatch':
      return writeWindows(parts);
    case 'insert_on_conflict':
      return writeOnConflict(parts);
    case 'merge':
    case 'delete+insert':
      // As in dbt: without a key every row is new.
      if (key.length === 0) return appendRows(rows);
      return incremental.mayRepeatKeys ? writeSets(parts) : writeKeyed(parts);
  }
}

function matchOf({ input, staged, key, nullKeys }: WriteParts, dest: string, source: string) {
  return matchKeys({ key, current: input.current, staged, nullKeys }, dest, source);
}

function writeKeyed(parts: WriteParts): readonly Statement[] | Refused {
  const { input, rows, key, nullKeys } = parts;
  const { strategy, predicates } = input.delta.incremental;
  const isMerge = strategy === 'merge';
  const updated = updatedColumns(parts);
  if (!Array.isArray(updated)) return updated;
  return changeByKey({
    ...rows,
    match: matchOf(parts, destAlias, sourceAlias),
    destPredicates: isMerge ? [] : predicates,
    joinPredicates: isMerge ? predicates : [],
    updated,
    removesSurplus: !isMerge && !isUniqueKey(input.current, key, nullKeys),
    marker: markerOf(parts),
  });
}

/** Rows that are replaced lose what the query no longer says; a merge leaves it. */
function updatedColumns({ input, rows, staged }: WriteParts): WrittenColumn[] | Refused {
  const { strategy, updateColumns, excludeColumns } = input.delta.incremental;
  const staging = rows.columns.filter((column) => column.isStaged);
  if (strategy === 'delete+insert') return [...rows.columns];
  for (const name of [...(updateColumns ?? []), ...excludeColumns]) {
    const resolved = resolveKey([name], staged.columns);
    if (resolved.kind === 'unknown') {
      const config = updateColumns === undefined ? 'merge_exclude_columns' : 'merge_update_columns';
      return {
        kind: 'refuse',
        reason: `\`${config}\` names \`${name}\`, which the query does not have`,
        hint: resolved.hint,
      };
    }
  }
  const isAmong = (names: readonly string[], column: WrittenColumn): boolean =>
    names.some((name) => name === column.name || name.toLowerCase() === column.name.toLowerCase());
  return staging.filter((column) =>
    updateColumns === undefined ? !isAmong(excludeColumns, column) : isAmong(updateColumns, column),
  );
}

function writeSets(parts: WriteParts): readonly Statement[] {
  const { input, rows } = parts;
  const conditions = [
    `exists (select from ${rows.staged} as ${sourceAlias}\n  where ${matchOf(parts, 'published', sourceAlias)})`,
    ...input.delta.incremental.predicates.map(
      (text) =>
        `(published.tableoid, published.ctid) in (select tableoid, ctid from ${rows.target} as ${destAlias} where ${text}\n)`,
    ),
  ];
  return changeBySet({ ...rows, replaced: conditions.join(' and '), alsoDeleted: undefined });
}

function writeWindows(parts: WriteParts): readonly Statement[] | Refused {
  const { input, rows, key } = parts;
  const { windows } = input.delta;
  const eventTime = columnNamed(input.delta.eventTime, parts.staged);
  if (eventTime === undefined || !rows.columns.some(({ name }) => name === eventTime)) {
    return {
      kind: 'refuse',
      reason: `\`event_time\` is \`${input.delta.eventTime ?? ''}\`, which the table does not have`,
      hint: 'name a column of the query as `event_time`',
    };
  }
  const within = inWindows(windows, `published.${quoteIdentifier(eventTime)}`);
  const sameKey =
    key.length === 0
      ? undefined
      : `exists (select from ${rows.staged} as ${sourceAlias}\n  where ${matchOf(parts, 'published', sourceAlias)})`;
  return changeBySet({
    ...rows,
    replaced: `(${within})`,
    alsoDeleted: sameKey === undefined ? undefined : `(${within}) is not true and ${sameKey}`,
  });
}

function writeOnConflict(parts: WriteParts): readonly Statement[] | Refused {
  const { input, rows, key, nullKeys } = parts;
  const name = shown(input.step);
  if (!isUniqueKey(input.current, key, nullKeys)) {
    const isNull = isUniqueKey(input.current, key, []);
    return {
      kind: 'refuse',
      reason: isNull
        ? `the staged rows have NULL in \`${nullKeys.join('`, `')}\`, and to the unique index of ${name} two NULLs are two keys`
        : `${name} has no unique index on (${key.join(', ')}), on which \`insert_on_conflict\` rests`,
      hint: isNull
        ? 'make the index `nulls not distinct`, or leave those rows out'
        : `add \`indexes: [{columns: [${key.join(', ')}], unique: true}]\` and build with --full-refresh`,
    };
  }
  const updated = updatedColumns(parts);
  if (!Array.isArray(updated)) return updated;
  return insertOnConflict({
    ...rows,
    key,
    match: matchOf(parts, destAlias, sourceAlias),
    updated: updated.filter((column) => !key.includes(column.name)),
    marker: markerOf(parts),
  });
}

function markerOf({ input }: WriteParts): string | undefined {
  const { deleteMarker } = input.delta.incremental;
  if (deleteMarker === undefined) return undefined;
  return `${sourceAlias}.${quoteIdentifier(deleteMarker)} is true`;
}

function refuseKey(step: PublishedStep, name: string, hint: string, what: string): Refused {
  return {
    kind: 'refuse',
    reason: `\`unique_key\` of ${shown(step)} names \`${name}\`, which ${what} does not have`,
    hint,
  };
}

function asState({ name, type }: WrittenColumn) {
  return { name, type, notNull: false, comment: undefined };
}

function shown({ relation }: PublishedStep): string {
  return `\`${relation.schema}.${relation.identifier}\``;
}
