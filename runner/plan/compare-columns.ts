// Whether a stage has the columns that others rely on.

import type { ColumnState, DependentView, RelationState } from './types.ts';

/** A dependent view that a stage cannot serve, with one column that says why. */
export interface BrokenView {
  readonly view: DependentView;
  readonly column: string;
  readonly was: string;
  /** Undefined where the column is gone. */
  readonly becomes: string | undefined;
}

/** Finds the dependent views that a stage with these columns cannot serve, one column for each. */
export function brokenViews(
  current: RelationState,
  staged: RelationState | undefined,
): readonly BrokenView[] {
  if (staged === undefined) return [];
  const before = typesOf(current.columns);
  const after = typesOf(staged.columns);
  return current.dependents
    .filter((dependent) => dependent.kind === 'view')
    .flatMap((view) =>
      view.readsColumns
        .filter((column) => before.get(column) !== after.get(column))
        .slice(0, 1)
        .map((column) => ({
          view,
          column,
          was: before.get(column) ?? 'unknown',
          becomes: after.get(column),
        })),
    );
}

/** `create or replace view` keeps names, types and order of the columns there; new ones come last. */
export function canReplaceView(current: RelationState, staged: RelationState | undefined): boolean {
  if (staged === undefined) return true;
  return current.columns.every((column, index) => {
    const next = staged.columns[index];
    return next?.name === column.name && next.type === column.type;
  });
}

/** Tells whether rows of the stage fit into the published table, whatever the order of columns. */
export function sameColumns(current: RelationState, staged: RelationState | undefined): boolean {
  if (staged === undefined) return true;
  const after = typesOf(staged.columns);
  return (
    current.columns.length === after.size &&
    current.columns.every((column) => after.get(column.name) === column.type)
  );
}

function typesOf(columns: readonly ColumnState[]): ReadonlyMap<string, string> {
  return new Map(columns.map((column) => [column.name, column.type]));
}
