// Publishing by DML: rows that are gone, changed or new are written, nothing is replaced, no reader waits.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { partitionName } from './names.ts';
import { commentStatements } from './plan-finish.ts';
import { alone, planReconcile } from './reconcile.ts';
import { quoteRelation } from './statements.ts';
import type { ColumnState, Publication, PublishedStep, RelationState, Statement } from './types.ts';

/** Plans a diff of stage and published table, which must have the same columns. */
export function planInPlace(
  step: PublishedStep,
  current: RelationState,
  because: readonly string[],
  staged?: RelationState | undefined,
): Publication {
  const key = keyOf(current);
  const target = quoteRelation(step.relation);
  const rows: RowsOf = {
    step,
    // A partitioned table alone has no rows: they are in its partitions.
    only: current.kind === 'partitioned-table' ? '' : 'only ',
    columns: current.columns,
  };
  const reconciled = planReconcile(step, current);
  return {
    kind: 'in-place',
    because,
    // Waiting here stalls writers only, and outlasts deadlock_timeout, so that autovacuum gives way.
    prepare: [
      setting("set local lock_timeout = '5s'"),
      setting('set local search_path = pg_catalog'),
      // The image of a row is its text: these settings make equal text mean equal values.
      setting('set local extra_float_digits = 1'),
      {
        sql: `lock table ${rows.only}${target} in share row exclusive mode`,
        purpose: 'keep other writers out',
      },
    ],
    statements: [
      ...partitionsOfStage(step, current, staged),
      ...freed(reconciled.before),
      ...(key ? diffByKey(rows, key) : diffByImage(rows)),
      ...reconciled.inside,
      ...commentStatements(step, step.relation, current, current.columns),
      { sql: `drop table ${quoteRelation(step.staged)}`, purpose: 'drop the stage' },
    ],
    after: reconciled.after,
    retire:
      step.finishing.design?.analyze === false
        ? []
        : [{ sql: `analyze ${target}`, purpose: 'analyze' }],
  };
}

/** Rows that come next may wait again as long as before. */
function freed(before: readonly Statement[]): readonly Statement[] {
  return before.length === 0 ? [] : [...alone(before), setting("set local lock_timeout = '5s'")];
}

/** The columns that a foreign key may refer to: of a constraint, else of a plain unique index. */
function keyOf(current: RelationState): readonly string[] | undefined {
  const constraint =
    current.constraints.find(({ kind }) => kind === 'primary-key') ??
    current.constraints.find(({ kind }) => kind === 'unique');
  const index = current.indexes.find(
    ({ unique, tail }) => unique && /^USING btree \([^()]*\)(?! WHERE)/.test(tail),
  );
  return constraint?.columns ?? index?.columns;
}

interface RowsOf {
  readonly step: PublishedStep;
  readonly only: '' | 'only ';
  readonly columns: readonly ColumnState[];
}

/** Without a key, rows are equal when all their columns print the same; the nth copy meets the nth copy. */
function diffByImage({ step, only, columns }: RowsOf): readonly Statement[] {
  const target = quoteRelation(step.relation);
  const staged = quoteRelation(step.staged);
  const image = rowImage('source', columns);
  const numbered = (from: string) =>
    `select source.tableoid as part, source.ctid as place, ${image} as image,\n` +
    `    row_number() over (partition by ${image}) as nth\n  from ${only}${from} as source`;
  const list = columnList(columns);
  return [
    {
      sql:
        'create temporary table fundlens_diff on commit drop as\n' +
        'select published.part as gone_part, published.place as gone,\n' +
        '  next.part as came_part, next.place as came\n' +
        `from (\n  ${numbered(target)}\n) as published\nfull join (\n  ${numbered(staged)}\n) as next\n` +
        `  on next.image = published.image and next.nth = published.nth\n` +
        'where published.place is null or next.place is null',
      purpose: 'compare the stage with what is published',
    },
    {
      sql:
        `delete from ${only}${target} as published using pg_temp.fundlens_diff as diff\n` +
        'where published.ctid = diff.gone and published.tableoid = diff.gone_part',
      purpose: 'delete rows that are gone',
    },
    {
      sql:
        `insert into ${target} (${list})\nselect ${qualified('next', columns)}\n` +
        `from ${staged} as next\njoin pg_temp.fundlens_diff as diff\n` +
        '  on diff.came = next.ctid and diff.came_part = next.tableoid',
      purpose: 'insert rows that are new',
    },
  ];
}

/** With a key, a changed row is updated, so that what refers to it stays. */
function diffByKey({ step, only, columns }: RowsOf, key: readonly string[]): readonly Statement[] {
  const target = quoteRelation(step.relation);
  const staged = quoteRelation(step.staged);
  const match = key
    .map((name) => `next.${quoteIdentifier(name)} = published.${quoteIdentifier(name)}`)
    .join(' and ');
  const rest = columns.filter((column) => !key.includes(column.name));
  const list = columnList(columns);
  const update: Statement = {
    sql:
      `update ${only}${target} as published set ${rest.map((column) => `${quoteIdentifier(column.name)} = next.${quoteIdentifier(column.name)}`).join(', ')}\n` +
      `from ${staged} as next\nwhere ${match}\n` +
      `  and ${rowImage('next', rest)} <> ${rowImage('published', rest)}`,
    purpose: 'update rows that changed',
  };
  return [
    {
      sql: `delete from ${only}${target} as published\nwhere not exists (select from ${staged} as next where ${match})`,
      purpose: 'delete rows that are gone',
    },
    ...(rest.length === 0 ? [] : [update]),
    {
      sql:
        `insert into ${target} (${list})\nselect ${qualified('next', columns)}\nfrom ${staged} as next\n` +
        `where not exists (select from ${only}${target} as published where ${match})`,
      purpose: 'insert rows that are new',
    },
  ];
}

/** Rows of the stage may need partitions that are not there yet; attaching one stops no reader. */
function partitionsOfStage(
  step: PublishedStep,
  current: RelationState,
  staged: RelationState | undefined,
): readonly Statement[] {
  const there = new Set((current.partitions ?? []).map(({ bound }) => bound));
  const target = quoteRelation(step.relation);
  if (current.kind !== 'partitioned-table') return [];
  return (staged?.partitions ?? [])
    .filter(({ bound }) => !there.has(bound))
    .flatMap(({ bound }) => {
      const { schema } = step.relation;
      const part = quoteRelation({ schema, identifier: partitionName(step.relation, bound) });
      return [
        { sql: `create table ${part} (like ${target} including all)`, purpose: 'a new partition' },
        { sql: `alter table ${target} attach partition ${part} ${bound}`, purpose: 'attach it' },
      ];
    });
}

function rowImage(alias: string, columns: readonly ColumnState[]): string {
  return `row(${qualified(alias, columns)})::text`;
}

function qualified(alias: string, columns: readonly ColumnState[]): string {
  return columns.map((column) => `${alias}.${quoteIdentifier(column.name)}`).join(', ');
}

function columnList(columns: readonly ColumnState[]): string {
  return columns.map((column) => quoteIdentifier(column.name)).join(', ');
}

function setting(sql: string): Statement {
  return { sql, purpose: 'setting of this transaction' };
}
