// Constraints of a stage and of a live table: from an enforced contract, and made by hand.

import { quoteIdentifier, quoteLiteral } from '../../core/identifiers.ts';
import type { ConstraintConfig } from '../compile/design.ts';
import type { RelationName } from '../compile/types.ts';
import {
  configuredMark,
  constraintHash,
  constraintName,
  isConfiguredConstraint,
  nextName,
} from './names.ts';
import { quoteRelation } from './statements.ts';
import type {
  ColumnState,
  ConstraintState,
  Dependent,
  PublishedStep,
  RelationState,
  Statement,
} from './types.ts';

/** The constraints and not-null marks of a stage that is filled. */
export function constraintStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const on = step.staged;
  const carried = carriedConstraints(current, columns, step).map((constraint) => {
    const name = ownsIndex(constraint) ? nextName(step.relation, constraint.name) : constraint.name;
    return {
      sql: `alter table ${quoteRelation(on)} add constraint ${quoteIdentifier(name)} ${constraint.definition}`,
      purpose: `constraint ${constraint.name}, made by hand`,
    };
  });
  const isPartitioned = step.finishing.design?.partitioning !== undefined;
  const configured = configuredConstraints(step).flatMap((constraint) => {
    const name = nextName(step.relation, constraintName(step.relation, constraint));
    const how = constraint.type === 'foreign_key' && !isPartitioned ? 'in-two-steps' : 'at-once';
    return addConstraint(constraint, name, on, how);
  });
  return [...notNullStatements(step, current, columns), ...configured, ...carried];
}

/** Returns the constraints of an enforced contract. */
export function configuredConstraints(step: PublishedStep): readonly ConstraintConfig[] {
  return step.finishing.design?.contract?.constraints ?? [];
}

/**
 * Adds a constraint from a config. In two steps it is checked only after it is there: that check
 * shuts out nobody who reads or writes the table, nor the table that a foreign key points to.
 */
export function addConstraint(
  constraint: ConstraintConfig,
  name: string,
  on: RelationName,
  how: 'at-once' | 'in-two-steps',
): readonly Statement[] {
  const table = quoteRelation(on);
  const quoted = quoteIdentifier(name);
  const purpose = `constraint ${describe(constraint)}`;
  const add = `alter table ${table} add constraint ${quoted} ${definitionOf(constraint)}`;
  const mark = quoteLiteral(configuredMark(constraintHash(constraint)));
  return [
    { sql: how === 'at-once' ? add : `${add} not valid`, purpose },
    ...(how === 'at-once' ? [] : [validateConstraint(name, on)]),
    ...(constraint.name === undefined
      ? []
      : [{ sql: `comment on constraint ${quoted} on ${table} is ${mark}`, purpose: 'mark it' }]),
  ];
}

/** Checks the rows there against a constraint that was added without. */
export function validateConstraint(name: string, on: RelationName): Statement {
  return {
    sql: `alter table ${quoteRelation(on)} validate constraint ${quoteIdentifier(name)}`,
    purpose: 'check the rows against a constraint',
  };
}

/** Returns the constraints of the relation before that no config made, and whose columns live on. */
export function carriedConstraints(
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
  step: PublishedStep,
): readonly ConstraintState[] {
  if (current?.kind !== 'table' && current?.kind !== 'partitioned-table') return [];
  const configured = configuredConstraints(step);
  const names = new Set(configured.map((it) => constraintName(step.relation, it)));
  const hasKey = configured.some(({ type }) => type === 'primary_key');
  return current.constraints.filter(
    ({ name, comment, kind, columns: read }) =>
      !isConfiguredConstraint(name, comment) &&
      !names.has(name) &&
      !(hasKey && kind === 'primary-key') &&
      read.every((column) => columns?.some((it) => it.name === column)),
  );
}

/** Tells whether a constraint owns an index, whose name is unique in the whole schema. */
export function ownsIndex(constraint: ConstraintState): boolean {
  return constraint.kind !== 'check' && constraint.kind !== 'foreign-key';
}

/**
 * Returns the relation without the defaults and sequences that a swap does not lose: those that its
 * contract makes anew with every stage, and those of columns that are gone.
 */
export function withoutContracted(
  step: PublishedStep,
  current: RelationState,
  staged: RelationState | undefined,
): RelationState {
  const own = (step.finishing.design?.contract?.columns ?? [])
    .filter(({ custom }) => custom.length > 0)
    .map(({ name }) => name);
  const isKept = (dependent: Dependent): boolean => {
    const column = dependent.kind === 'other' ? dependent.column : undefined;
    if (column === undefined) return true;
    const isGone = staged !== undefined && !staged.columns.some(({ name }) => name === column);
    return !isGone && !own.includes(column);
  };
  return { ...current, dependents: current.dependents.filter(isKept) };
}

/** Changes of a live table that make its constraints those of the contract, by when they can be made. */
export interface ConstraintChanges {
  /** Before rows are written that what is dropped would refuse. */
  readonly dropped: readonly Statement[];
  /** Once the rows are as they are to be. */
  readonly added: readonly Statement[];
  /** Checks of all rows, which can wait until after the commit. */
  readonly after: readonly Statement[];
}

/** Plans the changes of a live table that make its constraints those of the contract. */
export function constraintChanges(step: PublishedStep, current: RelationState): ConstraintChanges {
  const { contract } = step.finishing.design ?? {};
  const on = step.relation;
  const table = quoteRelation(on);
  const wanted = new Map(configuredConstraints(step).map((it) => [constraintName(on, it), it]));
  const isKept = (state: ConstraintState): boolean => {
    const constraint = wanted.get(state.name);
    if (constraint === undefined) return !isConfiguredConstraint(state.name, state.comment);
    return (
      constraint.name === undefined || state.comment === configuredMark(constraintHash(constraint))
    );
  };
  const obsolete = current.constraints.filter((state) => !isKept(state));
  const kept = new Map(current.constraints.filter(isKept).map((state) => [state.name, state]));
  const dropped: Statement[] = obsolete.map(({ name }) => ({
    sql: `alter table ${table} drop constraint ${quoteIdentifier(name)}`,
    purpose: 'drop a constraint that the contract no longer has',
  }));
  const added: Statement[] = [];
  const after: Statement[] = [];
  const isPartitioned = current.kind === 'partitioned-table';
  for (const [name, constraint] of wanted) {
    const canWait = ['foreign_key', 'check'].includes(constraint.type) && !isPartitioned;
    const state = kept.get(name);
    if (state === undefined) {
      const made = addConstraint(constraint, name, on, canWait ? 'in-two-steps' : 'at-once');
      added.push(...made.filter(({ sql }) => !sql.includes(' validate constraint ')));
    }
    if (canWait && state?.isValid !== true) after.push(validateConstraint(name, on));
  }
  const marks = contract === undefined ? [] : notNullChanges(step, current, table);
  dropped.push(...marks.filter(({ sql }) => sql.endsWith(' drop not null')));
  added.push(...marks.filter(({ sql }) => !sql.endsWith(' drop not null')));
  return { dropped, added, after };
}

/** Without a contract what is published keeps its not-null marks; with one they are as it says. */
function notNullStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  // A contract's stage is created with its not-null marks.
  if (step.finishing.design?.contract !== undefined) return [];
  if (current?.kind !== 'table' && current?.kind !== 'partitioned-table') return [];
  return current.columns
    .filter(({ name, notNull }) => notNull && columns?.some((column) => column.name === name))
    .map(({ name }) => ({
      sql: `alter table ${quoteRelation(step.staged)} alter column ${quoteIdentifier(name)} set not null`,
      purpose: `column ${name} is not null, said by hand`,
    }));
}

function notNullChanges(
  step: PublishedStep,
  current: RelationState,
  table: string,
): readonly Statement[] {
  const contract = step.finishing.design?.contract;
  const keys = new Set([
    ...configuredConstraints(step)
      .filter(({ type }) => type === 'primary_key')
      .flatMap(({ columns }) => columns),
    ...current.constraints
      .filter(({ kind }) => kind === 'primary-key')
      .flatMap(({ columns }) => columns),
  ]);
  return current.columns.flatMap(({ name, notNull }) => {
    const promised = contract?.columns.find((column) => column.name === name);
    if (promised === undefined || promised.notNull === notNull || keys.has(name)) return [];
    const verb = promised.notNull ? 'set' : 'drop';
    const sql = `alter table ${table} alter column ${quoteIdentifier(name)} ${verb} not null`;
    return [{ sql, purpose: `column ${name}, as the contract says` }];
  });
}

function definitionOf({ type, columns, expression, to, toColumns }: ConstraintConfig): string {
  const list = `(${columns.map(quoteIdentifier).join(', ')})`;
  const given = expression === undefined ? '' : ` ${expression}`;
  switch (type) {
    case 'unique':
      return `unique${given} ${list}`;
    case 'primary_key':
      return `primary key${given} ${list}`;
    case 'foreign_key': {
      if (to === undefined) return `foreign key ${list} references${given}`;
      const others = toColumns.map(quoteIdentifier).join(', ');
      return `foreign key ${list} references ${to}${others === '' ? '' : ` (${others})`}${given}`;
    }
    case 'check':
      return `check (${expression ?? 'true'})`;
    case 'not_null':
      return `check (${columns.map((column) => `${quoteIdentifier(column)} is not null`).join(' and ')})`;
    case 'custom':
      return expression ?? '';
  }
}

function describe({ type, columns, name }: ConstraintConfig): string {
  const what = type.replace('_', ' ');
  return name ?? (columns.length === 0 ? what : `${what} on ${columns.join(', ')}`);
}
