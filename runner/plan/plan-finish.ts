// What a stage gets once its columns are known: indexes, constraints, comments, grants, owner, statistics.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import { indexName, isConfiguredIndex, nextName } from './names.ts';
import { dropWord, kindOfStep, quoteRelation } from './statements.ts';
import type {
  ColumnState,
  ConstraintState,
  Grant,
  IndexState,
  PublishedStep,
  RelationState,
  Statement,
} from './types.ts';

/**
 * Plans what follows the rows: all that the config asks for and all that was given to the published
 * relation by hand, as far as its columns are still there.
 */
export function planFinish(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  const columns = staged?.columns ?? current?.columns;
  const kind = kindOfStep(step);
  return [
    ...(kind === 'view' ? [] : indexStatements(step, current, columns)),
    ...(kind === 'table'
      ? [
          ...notNullStatements(step, current, columns),
          ...constraintStatements(step, current, columns),
        ]
      : []),
    ...commentStatements(step, step.staged, current, columns),
    ...grantStatements(step, current, staged),
    ...ownerStatements(step, current, staged),
    ...(kind === 'view'
      ? []
      : [{ sql: `analyze ${quoteRelation(step.staged)}`, purpose: 'analyze' }]),
  ];
}

/** Returns the indexes of the relation before that no config made, and whose columns live on. */
export function carriedIndexes(
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly IndexState[] {
  if (current?.kind !== 'table' && current?.kind !== 'materialized-view') return [];
  return current.indexes.filter(
    (index) => !isConfiguredIndex(index.name) && hasColumns(columns, index.columns),
  );
}

/** Returns the constraints of the relation before whose columns live on. */
export function carriedConstraints(
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly ConstraintState[] {
  if (current?.kind !== 'table') return [];
  return current.constraints.filter((constraint) => hasColumns(columns, constraint.columns));
}

/** Tells whether a constraint owns an index, whose name is unique in the whole schema. */
export function ownsIndex(constraint: ConstraintState): boolean {
  return constraint.kind !== 'check' && constraint.kind !== 'foreign-key';
}

/** Comments from YAML, else those that the relation before had. */
export function commentStatements(
  step: PublishedStep,
  target: PublishedStep['relation'],
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const word = dropWord(kindOfStep(step));
  const statements: Statement[] = [];
  const comment = step.finishing.comment ?? current?.comment;
  if (comment !== undefined) {
    const sql = `comment on ${word} ${quoteRelation(target)} is ${quoteLiteral(comment)}`;
    statements.push({ sql, purpose: 'comment' });
  }
  const names = columns?.map((column) => column.name) ?? Object.keys(step.finishing.columnComments);
  for (const name of names) {
    const text = columnComment(step, current, name);
    if (text === undefined) continue;
    const column = quoteQualified(target.schema, target.identifier, name);
    statements.push({
      sql: `comment on column ${column} is ${quoteLiteral(text)}`,
      purpose: 'comment on a column',
    });
  }
  return statements;
}

function columnComment(
  step: PublishedStep,
  current: RelationState | undefined,
  name: string,
): string | undefined {
  const documented = step.finishing.columnComments;
  if (Object.hasOwn(documented, name)) return documented[name];
  return current?.columns.find((column) => column.name === name)?.comment;
}

/** Creates an index from a config under a name. */
export function createIndex(
  index: PublishedStep['finishing']['indexes'][number],
  name: string,
  on: PublishedStep['relation'],
): Statement {
  const method = quoteIdentifier(index.type ?? 'btree');
  const list = index.columns.map(quoteIdentifier).join(', ');
  return {
    sql: `create ${index.unique ? 'unique ' : ''}index ${quoteIdentifier(name)} on ${quoteRelation(on)} using ${method} (${list})`,
    purpose: `index on ${index.columns.join(', ')}`,
  };
}

function indexStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const on = quoteRelation(step.staged);
  const configured = step.finishing.indexes.map((index) =>
    createIndex(index, nextName(step.relation, indexName(step.relation, index)), step.staged),
  );
  const carried = carriedIndexes(current, columns).map((index): Statement => {
    const name = quoteIdentifier(nextName(step.relation, index.name));
    return {
      sql: `create ${index.unique ? 'unique ' : ''}index ${name} on ${on} ${index.tail}`,
      purpose: `index ${index.name}, made by hand`,
    };
  });
  return [...configured, ...carried];
}

function notNullStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  if (current?.kind !== 'table') return [];
  return current.columns
    .filter(({ name, notNull }) => notNull && hasColumns(columns, [name]))
    .map(({ name }) => ({
      sql: `alter table ${quoteRelation(step.staged)} alter column ${quoteIdentifier(name)} set not null`,
      purpose: `column ${name} is not null, said by hand`,
    }));
}

function constraintStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  return carriedConstraints(current, columns).map((constraint) => {
    const name = ownsIndex(constraint) ? nextName(step.relation, constraint.name) : constraint.name;
    return {
      sql: `alter table ${quoteRelation(step.staged)} add constraint ${quoteIdentifier(name)} ${constraint.definition}`,
      purpose: `constraint ${constraint.name}, made by hand`,
    };
  });
}

/** Makes the rights on the stage those on the relation before, default privileges undone. */
function grantStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  if (current === undefined) return [];
  const names = (staged ?? current).columns.map((column) => column.name);
  const wanted = current.grants.filter(
    (grant) =>
      grant.grantee !== current.owner &&
      (grant.column === undefined || names.includes(grant.column)),
  );
  const had = (staged?.grants ?? []).filter((grant) => grant.grantee !== staged?.owner);
  const on = quoteRelation(step.staged);
  const revoked = had.filter((grant) => !wanted.some((other) => sameGrant(grant, other)));
  const granted = wanted.filter((grant) => !had.some((other) => sameGrant(grant, other)));
  return [
    ...revoked.map((grant) => ({
      sql: `revoke ${right(grant)} on ${on} from ${role(grant.grantee)}`,
      purpose: 'take back a default grant',
    })),
    ...granted.map((grant) => ({
      sql: `grant ${right(grant)} on ${on} to ${role(grant.grantee)}${grant.grantable ? ' with grant option' : ''}`,
      purpose: 'grant',
    })),
  ];
}

function ownerStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  if (current === undefined || staged === undefined || staged.owner === current.owner) return [];
  const word = dropWord(kindOfStep(step));
  const sql = `alter ${word} ${quoteRelation(step.staged)} owner to ${quoteIdentifier(current.owner)}`;
  return [{ sql, purpose: 'owner' }];
}

function sameGrant(a: Grant, b: Grant): boolean {
  return (
    a.grantee === b.grantee &&
    a.privilege === b.privilege &&
    a.column === b.column &&
    a.grantable === b.grantable
  );
}

function right(grant: Grant): string {
  return grant.column === undefined
    ? grant.privilege
    : `${grant.privilege} (${quoteIdentifier(grant.column)})`;
}

// An empty grantee is PUBLIC, which is a keyword and no role's name.
function role(grantee: string): string {
  return grantee === '' ? 'public' : quoteIdentifier(grantee);
}

function hasColumns(
  columns: readonly ColumnState[] | undefined,
  names: readonly string[],
): boolean {
  return names.every((name) => columns?.some((column) => column.name === name));
}
