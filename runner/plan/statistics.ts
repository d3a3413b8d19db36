// Statistics for the planner: on several columns or expressions, and how much is kept of a column.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { RelationName } from '../compile/types.ts';
import { columnOrSql } from './indexes.ts';
import { isConfiguredStatistics, nextName, statisticsName } from './names.ts';
import { quoteRelation } from './statements.ts';
import type {
  ColumnState,
  PublishedStep,
  RelationState,
  Statement,
  StatisticsState,
} from './types.ts';

/** The statistics objects and targets of a stage, made before it is analyzed. */
export function statisticsStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const carried = carriedStatistics(current, columns).map(
    ({ name, middle }): Statement => ({
      sql: `create statistics ${inSchema(step.staged, nextName(step.relation, name))} ${middle} from ${quoteRelation(step.staged)}`,
      purpose: `statistics ${name}, made by hand`,
    }),
  );
  return [
    ...targetStatements(step, step.staged),
    ...(step.finishing.design?.statistics ?? []).map((one) =>
      createStatistics(
        one,
        nextName(step.relation, statisticsName(step.relation, one)),
        step.staged,
      ),
    ),
    ...carried,
  ];
}

/** Changes of a live table that make its statistics those of the config. */
export function statisticsChanges(
  step: PublishedStep,
  current: RelationState,
): readonly Statement[] {
  const wanted = new Map(
    (step.finishing.design?.statistics ?? []).map((one) => [
      statisticsName(step.relation, one),
      one,
    ]),
  );
  const there = new Set((current.statistics ?? []).map(({ name }) => name));
  return [
    ...targetStatements(step, step.relation),
    ...[...there]
      .filter((name) => isConfiguredStatistics(name) && !wanted.has(name))
      .map((name) => ({
        sql: `drop statistics ${inSchema(step.relation, name)}`,
        purpose: 'drop statistics that the config no longer has',
      })),
    ...[...wanted]
      .filter(([name]) => !there.has(name))
      .map(([name, one]) => createStatistics(one, name, step.relation)),
  ];
}

/** Returns the statistics of the relation before that no config made, and whose columns live on. */
export function carriedStatistics(
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly StatisticsState[] {
  return (current?.statistics ?? []).filter(
    ({ name, columns: read }) =>
      !isConfiguredStatistics(name) &&
      read.every((column) => columns?.some((it) => it.name === column)),
  );
}

function createStatistics(
  { columns, kinds }: { readonly columns: readonly string[]; readonly kinds: readonly string[] },
  name: string,
  on: RelationName,
): Statement {
  // One expression alone has one kind of statistics, and no list of kinds.
  const list = columns.map((column) => {
    const sql = columnOrSql(column);
    return sql.startsWith('"') || sql.startsWith('(') ? sql : `(${sql})`;
  });
  const kind = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  return {
    sql: `create statistics ${inSchema(on, name)}${kind} on ${list.join(', ')} from ${quoteRelation(on)}`,
    purpose: `statistics on ${columns.join(', ')}`,
  };
}

function targetStatements(step: PublishedStep, on: RelationName): readonly Statement[] {
  return Object.entries(step.finishing.design?.statisticsTargets ?? {}).map(([column, target]) => ({
    sql: `alter table ${quoteRelation(on)} alter column ${quoteIdentifier(column)} set statistics ${target}`,
    purpose: `statistics target of ${column}`,
  }));
}

function inSchema({ schema }: RelationName, identifier: string): string {
  return quoteRelation({ schema, identifier });
}
