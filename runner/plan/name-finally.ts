// Names of what belongs to a relation do not follow its rename: the old ones make room, the new ones move in.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { carriedConstraints, configuredConstraints, ownsIndex } from './constraints.ts';
import { carriedIndexes } from './indexes.ts';
import {
  constraintName,
  indexName,
  isConfiguredIndex,
  isConfiguredStatistics,
  nextName,
  oldName,
  partitionName,
  statisticsName,
} from './names.ts';
import { quoteRelation } from './statements.ts';
import { carriedStatistics } from './statistics.ts';
import type { ColumnState, PublishedStep, RelationState, Statement } from './types.ts';

/** Gives the parts of the published relation their names, those of the retired one moved aside first. */
export function nameFinally(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  const columns = staged?.columns ?? current?.columns;
  const isView = step.materialized === 'view';
  return [
    ...renameParts(step, 'index', {
      named: isView ? [] : newIndexes(step, current, columns),
      before: (current?.indexes ?? []).map(({ name }) => name),
      isOurs: (name) => isConfiguredIndex(name),
    }),
    ...renameParts(step, 'statistics', {
      named: isView ? [] : newStatistics(step, current, columns),
      before: (current?.statistics ?? []).map(({ name }) => name),
      isOurs: isConfiguredStatistics,
    }),
    ...(isView ? [] : constraintNames(step, current, columns)),
    ...partitionNames(step, current, staged),
  ];
}

function newIndexes(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly string[] {
  return [
    ...step.finishing.indexes.map((index) => indexName(step.relation, index)),
    ...carriedIndexes(current, columns, step).map((index) => index.name),
  ];
}

function newStatistics(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly string[] {
  return [
    ...(step.finishing.design?.statistics ?? []).map((one) => statisticsName(step.relation, one)),
    ...carriedStatistics(current, columns).map(({ name }) => name),
  ];
}

/** Both indexes and statistics have names that are unique in their schema. */
function renameParts(
  step: PublishedStep,
  word: 'index' | 'statistics',
  names: {
    readonly named: readonly string[];
    readonly before: readonly string[];
    readonly isOurs: (name: string) => boolean;
  },
): readonly Statement[] {
  const rename = (from: string, to: string): Statement => ({
    sql: `alter ${word} ${quoteRelation({ schema: step.relation.schema, identifier: from })} rename to ${quoteIdentifier(to)}`,
    purpose: word === 'index' ? 'name an index' : 'name statistics',
  });
  return [
    ...names.before
      .filter((name) => names.named.includes(name) || names.isOurs(name))
      .map((name) => rename(name, oldName(step.relation, name))),
    ...names.named.map((name) => rename(nextName(step.relation, name), name)),
  ];
}

function constraintNames(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const named = [
    ...configuredConstraints(step).map((constraint) => constraintName(step.relation, constraint)),
    ...carriedConstraints(current, columns, step)
      .filter(ownsIndex)
      .map(({ name }) => name),
  ];
  // An index of that name, as a unique constraint of before may have become, is in the way as well.
  const before = new Set((current?.constraints ?? []).map(({ name }) => name));
  return named.flatMap((name) => [
    ...(before.has(name)
      ? [renameConstraint(step.retired, name, oldName(step.relation, name))]
      : []),
    renameConstraint(step.relation, nextName(step.relation, name), name),
  ]);
}

function renameConstraint(on: PublishedStep['relation'], from: string, to: string): Statement {
  return {
    sql: `alter table ${quoteRelation(on)} rename constraint ${quoteIdentifier(from)} to ${quoteIdentifier(to)}`,
    purpose: 'name a constraint',
  };
}

function partitionNames(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  const rename = (from: string, to: string): Statement => ({
    sql: `alter table ${quoteRelation({ schema: step.relation.schema, identifier: from })} rename to ${quoteIdentifier(to)}`,
    purpose: 'name a partition',
  });
  return [
    ...(current?.partitions ?? []).map(({ name }) => rename(name, oldName(step.relation, name))),
    ...(staged?.partitions ?? []).map(({ name, bound }) =>
      rename(name, partitionName(step.relation, bound)),
    ),
  ];
}
