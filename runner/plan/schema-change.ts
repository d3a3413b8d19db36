// What becomes of an incremental table when its query has other columns than before.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { Incremental } from '../compile/types.ts';
import { quoteRelation } from './statements.ts';
import type { ColumnState, PublishedStep, RelationState, Statement } from './types.ts';

/** The changes to make first, and the columns to write then; or why nothing is done. */
export type SchemaChange =
  | {
      readonly kind: 'change';
      readonly statements: readonly Statement[];
      /** As the table has them once it is changed. */
      readonly columns: readonly WrittenColumn[];
    }
  | { readonly kind: 'refuse'; readonly reason: string; readonly hint: string };

/** A column of the table that the staged rows say something of. */
export interface WrittenColumn {
  readonly name: string;
  /** Its type in the table. */
  readonly type: string;
  /** False where the query lacks the column: rows that are replaced lose its value. */
  readonly isStaged: boolean;
  /** Whether the staged column has another type. */
  readonly isCast: boolean;
}

interface Retyped {
  readonly column: ColumnState;
  readonly type: string;
}

/** Compares table and stage as `on_schema_change` wants it. */
export function planSchemaChange(
  step: PublishedStep,
  { onSchemaChange }: Pick<Incremental, 'onSchemaChange'>,
  current: RelationState,
  staged: RelationState,
): SchemaChange {
  const added = staged.columns.filter((column) => !has(current, column.name));
  const removed = current.columns.filter((column) => !has(staged, column.name));
  const retyped = retypedColumns(current, staged);
  const other = retyped.filter(
    ({ column, type }) => !isWider(column.type, type) && !isWider(type, column.type),
  );
  const isChanged = added.length + removed.length + other.length > 0;
  if (onSchemaChange === 'fail' && isChanged) return refuseChange(step, added, removed, other);
  if (onSchemaChange === 'ignore' && removed.length > 0) return refuseMissing(step, removed);
  const isSynced = onSchemaChange === 'sync_all_columns';
  const grown = isSynced || onSchemaChange === 'append_new_columns' ? added : [];
  const dropped = isSynced ? removed : [];
  const isRead = (name: string): boolean =>
    current.dependents.some((it) => it.kind === 'view' && it.readsColumns.includes(name));
  const turned = [
    ...(isSynced ? other : []),
    // As dbt does in every mode; a column that a view reads stays as it is, where values still fit.
    ...retyped.filter(({ column, type }) => isWider(column.type, type) && !isRead(column.name)),
  ];
  const broken = isSynced ? refuseBroken(step, current, dropped, turned) : undefined;
  if (broken !== undefined) return broken;
  const types = new Map(turned.map(({ column, type }) => [column.name, type]));
  const alter = [...grown.map(addColumn), ...dropped.map(dropColumn), ...turned.map(changeType)];
  return {
    kind: 'change',
    statements: alter.map(({ sql, purpose }) => ({
      sql: `alter table ${quoteRelation(step.relation)} ${sql}`,
      purpose,
    })),
    columns: [...current.columns.filter((it) => !dropped.includes(it)), ...grown].map((column) => {
      const type = types.get(column.name) ?? column.type;
      const given = staged.columns.find(({ name }) => name === column.name)?.type;
      return {
        name: column.name,
        type,
        isStaged: given !== undefined,
        isCast: given !== undefined && given !== type,
      };
    }),
  };
}

function has(state: RelationState, name: string): boolean {
  return state.columns.some((column) => column.name === name);
}

function retypedColumns(current: RelationState, staged: RelationState): readonly Retyped[] {
  return current.columns.flatMap((column) => {
    const type = staged.columns.find((it) => it.name === column.name)?.type;
    return type === undefined || type === column.type ? [] : [{ column, type }];
  });
}

const varying = /^character varying\((\d+)\)$/;

/** Whether a text of type `from` fits into type `to`, which holds longer ones. */
function isWider(from: string, to: string): boolean {
  const before = Number(varying.exec(from)?.[1]);
  const after = Number(varying.exec(to)?.[1]);
  if (Number.isNaN(before)) return false;
  return to === 'character varying' || to === 'text' || after > before;
}

function addColumn({ name, type }: ColumnState): Statement {
  return { sql: `add column ${quoteIdentifier(name)} ${type}`, purpose: `new column ${name}` };
}

function dropColumn({ name }: ColumnState): Statement {
  return { sql: `drop column ${quoteIdentifier(name)}`, purpose: `column ${name} is gone` };
}

function changeType({ column: { name, type: was }, type }: Retyped): Statement {
  const column = quoteIdentifier(name);
  return {
    sql: `alter column ${column} type ${type} using ${column}::${type}`,
    purpose: `column ${name} turns from ${was} into ${type}`,
  };
}

function refuseChange(
  step: PublishedStep,
  added: readonly ColumnState[],
  removed: readonly ColumnState[],
  other: readonly Retyped[],
): SchemaChange {
  const parts = [
    ...added.map(({ name, type }) => `\`${name}\` (${type}) is new`),
    ...removed.map(({ name }) => `\`${name}\` is gone`),
    ...other.map(({ column, type }) => `\`${column.name}\` turns from ${column.type} into ${type}`),
  ];
  return {
    kind: 'refuse',
    reason: `the columns of ${shown(step)} changed: ${parts.join('; ')}`,
    hint: 'build it with --full-refresh, or set `on_schema_change` to `append_new_columns` or `sync_all_columns`',
  };
}

function refuseMissing(step: PublishedStep, removed: readonly ColumnState[]): SchemaChange {
  const names = removed.map(({ name }) => `\`${name}\``).join(', ');
  return {
    kind: 'refuse',
    reason: `the query no longer has ${removed.length === 1 ? 'column' : 'columns'} ${names} of ${shown(step)}`,
    hint: 'keep the column, build with --full-refresh, or set `on_schema_change` to `append_new_columns` (older rows keep it) or `sync_all_columns` (it is dropped)',
  };
}

/** PostgreSQL neither drops nor turns a column that a view reads, and no view is ever dropped here. */
function refuseBroken(
  step: PublishedStep,
  current: RelationState,
  dropped: readonly ColumnState[],
  turned: readonly Retyped[],
): SchemaChange | undefined {
  const changes = new Map([
    ...dropped.map(({ name }) => [name, 'is gone'] as const),
    ...turned.map(({ column, type }) => [column.name, `turns into ${type}`] as const),
  ]);
  for (const view of current.dependents) {
    if (view.kind !== 'view') continue;
    const column = view.readsColumns.find((name) => changes.has(name));
    if (column === undefined) continue;
    return {
      kind: 'refuse',
      reason: `${shown(step)} is not changed: view \`${view.relation.schema}.${view.relation.identifier}\` reads column \`${column}\`, which ${changes.get(column)}`,
      hint: 'build both with --full-refresh, or drop the view, or keep the column as it was',
    };
  }
  return undefined;
}

function shown({ relation }: PublishedStep): string {
  return `\`${relation.schema}.${relation.identifier}\``;
}

/**
 * Returns the type to which a staged value is cast to be compared with one of the table: as an
 * assignment would turn it, but never cut off, since a text that is too long is an error there.
 */
export function comparedType(type: string): string {
  return type
    .replace(/^character varying\(\d+\)/, 'character varying')
    .replace(/^character\(\d+\)/, 'bpchar');
}
