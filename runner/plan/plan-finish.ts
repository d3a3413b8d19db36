// What a stage gets once its columns are known: indexes, constraints, comments, grants, owner, statistics.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import { constraintStatements } from './constraints.ts';
import { stageGrants } from './grants.ts';
import { indexStatements } from './indexes.ts';
import { dropWord, kindOfStep, quoteRelation } from './statements.ts';
import { statisticsStatements } from './statistics.ts';
import type { ColumnState, PublishedStep, RelationState, Statement } from './types.ts';

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
          ...constraintStatements(step, current, columns),
          ...statisticsStatements(step, current, columns),
        ]
      : []),
    ...commentStatements(step, step.staged, current, columns),
    ...stageGrants(step, current, staged),
    ...ownerStatements(step, current, staged),
    ...(kind !== 'view' && step.finishing.design?.analyze !== false
      ? [{ sql: `analyze ${quoteRelation(step.staged)}`, purpose: 'analyze' }]
      : []),
  ];
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
