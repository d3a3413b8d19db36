// How staged rows are merged into a published table, decided once both are known.

import { quoteIdentifier, quoteLiteral } from '../../core/identifiers.ts';
import { isUniqueKey, matchKeys, resolveKey } from './merge-keys.ts';
import { commentStatements } from './plan-finish.ts';
import { planReconcile } from './reconcile.ts';
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
  TimeWindow,
} from './types.ts';

/** The decisions of a merge, as the executor takes them. */
export const deltaPlanner: DeltaPlanner = { askFacts, planMerge };

/** How many of the keys are shown that several rows have. */
const shownKeys = 5;

/** Asks the stage which keys have NULLs or several rows, and how many rows lie outside the windows. */
function askFacts(input: DeltaInput): Statement | undefined {
  const { delta, step } = input;
  const state = input.staged ?? input.current;
  const resolved = resolveKey(delta.incremental.uniqueKey, state.columns);
  const key = resolved.kind === 'key' ? resolved.columns : [];
  const isKeyed = key.length > 0 && delta.incremental.strategy !== 'append';
  if (!isKeyed && delta.windows.length === 0) return undefined;
  const staged = quoteRelation(step.staged);
  const nulls = key.map(
    (name) =>
      `case when coalesce(bool_or(${quoteIdentifier(name)} is null), false) then ${quoteLiteral(name)} end`,
  );
  const values = key.map((name) => `${quoteIdentifier(name)}::text`).join(', ');
  const list = key.map(quoteIdentifier).join(', ');
  const duplicates =
    isKeyed && !delta.incremental.mayRepeatKeys
      ? `coalesce((select jsonb_agg(to_jsonb(repeated)) from (\n    select array[${values}] as key, count(*) as rows from ${staged}\n    group by ${list} having count(*) > 1 order by 1 limit ${shownKeys}\n  ) as repeated), '[]')`
      : "'[]'::jsonb";
  const strays = isKeyed ? '0' : straysOf(delta);
  return {
    sql:
      `select jsonb_build_object(\n  'nullKeys', to_jsonb(array_remove(array[${isKeyed ? nulls.join(', ') : ''}]::text[], null)),\n` +
      `  'duplicates', ${duplicates},\n  'strays', ${strays}\n) as facts\nfrom ${staged}`,
    purpose: 'ask the staged rows for NULLs and duplicates in their keys',
  };
}

/** Without a key nothing would ever remove a row that lies outside the windows. */
function straysOf({ windows, eventTime }: Delta): string {
  if (windows.length === 0 || eventTime === undefined) return '0';
  return `count(*) filter (where (${inWindows(windows, quoteIdentifier(eventTime))}) is not true)`;
}

/** Plans the merge, or says why there is none. */
function planMerge(input: DeltaInput): Publication {
  const { step, delta, current } = input;
  const { incremental } = delta;
  const staged = input.staged ?? current;
  const facts = input.facts ?? { nullKeys: [], duplicates: [], strays: 0 };
  const columnsOf = (state: RelationState) => resolveKey(incremental.uniqueKey, state.columns);
  const key = columnsOf(staged);
  if (key.kind === 'unknown') return refuseKey(step, key.name, key.hint, 'the query');
  if (columnsOf(current).kind === 'unknown') {
    const hint = 'build it with --full-refresh, so that the table gets the column';
    return refuseKey(step, incremental.uniqueKey.join(', '), hint, 'the table');
  }
  const wrong = refuseFacts(step, delta, key.columns, facts);
  if (wrong !== undefined) return wrong;
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
    changes:
      change.statements.length === 0
        ? []
        : [
            {
              sql: "set local lock_timeout = '100ms'",
              purpose: 'stall readers no longer than this',
            },
            ...change.statements,
          ],
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
  readonly input: DeltaInput;
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
  const { windows, eventTime } = input.delta;
  const column = rows.columns.find(({ name }) => name === eventTime);
  if (eventTime === undefined || column === undefined) {
    return {
      kind: 'refuse',
      reason: `\`event_time\` is \`${eventTime ?? ''}\`, which the table does not have`,
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

/** Windows that follow one another are one. */
function inWindows(windows: readonly TimeWindow[], column: string): string {
  const joined: { start: string; end: string }[] = [];
  for (const { start, end } of windows) {
    const last = joined.at(-1);
    if (last?.end === start) last.end = end;
    else joined.push({ start, end });
  }
  return joined
    .map(
      ({ start, end }) =>
        `(${column} >= ${quoteLiteral(start)} and ${column} < ${quoteLiteral(end)})`,
    )
    .join(' or ');
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

function refuseFacts(
  step: PublishedStep,
  { incremental, eventTime }: Delta,
  key: readonly string[],
  { duplicates, strays }: DeltaFacts,
): Refused | undefined {
  if (duplicates.length > 0) {
    const shownOnes = duplicates
      .map(
        ({ key: values, rows }) => `(${values.map((it) => it ?? 'NULL').join(', ')}) ${rows} times`,
      )
      .join(', ');
    return {
      kind: 'refuse',
      reason: `the query has several rows of one \`unique_key\` (${key.join(', ')}): ${shownOnes}${duplicates.length === shownKeys ? ', …' : ''}`,
      hint:
        incremental.strategy === 'delete+insert'
          ? 'make the query give one row for each key, or, where all rows of a key are to be replaced together, set `meta.runner.allow_duplicate_keys: true`'
          : 'make the query give one row for each key',
    };
  }
  if (strays === 0) return undefined;
  return {
    kind: 'refuse',
    reason: `${strays} ${strays === 1 ? 'row has' : 'rows have'} \`${eventTime ?? ''}\` outside the batches of ${shown(step)}: the next run of those batches would write them a second time`,
    hint: 'let the query keep the time of its input, or name a `unique_key`',
  };
}

function asState({ name, type }: WrittenColumn) {
  return { name, type, notNull: false, comment: undefined };
}

function shown({ relation }: PublishedStep): string {
  return `\`${relation.schema}.${relation.identifier}\``;
}
