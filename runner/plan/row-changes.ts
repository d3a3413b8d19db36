// Statements that bring staged rows into a table and write no row that stays as it was. What changes is
// found once, kept by its place, and then applied: the table is locked against other writers meanwhile.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { comparedType, type WrittenColumn } from './schema-change.ts';
import type { Statement } from './types.ts';

/** The names by which dbt's predicates call the two sides. */
export const destAlias = 'dbt_internal_dest';
/** The staged rows. */
export const sourceAlias = 'dbt_internal_source';

/** The two relations and the columns to write. */
export interface RowChange {
  /** Quoted name of the table. */
  readonly target: string;
  /** Whether its rows lie in partitions. */
  readonly isPartitioned: boolean;
  /** Quoted name of the stage. */
  readonly staged: string;
  readonly columns: readonly WrittenColumn[];
}

/** How rows of one key become the staged row. */
export interface KeyedChange extends RowChange {
  /** Condition on both aliases under which two rows have one key. */
  readonly match: string;
  /** Conditions on rows of the table, which may leave the alias out. */
  readonly destPredicates: readonly string[];
  /** Conditions on both aliases. */
  readonly joinPredicates: readonly string[];
  /** The columns to set in rows that are there. */
  readonly updated: readonly WrittenColumn[];
  /** Whether further rows of a key are removed, which only a table without a unique key can have. */
  readonly removesSurplus: boolean;
  /** Staged rows for which this is true remove the row of their key. */
  readonly marker: string | undefined;
}

/** Updates the rows of a key that changed, inserts the new ones, removes what the marker says. */
export function changeByKey(change: KeyedChange): readonly Statement[] {
  const { target, staged } = change;
  const only = change.isPartitioned ? '' : 'only ';
  const removes = change.removesSurplus || change.marker !== undefined;
  const removed = change.marker === undefined ? '' : ' and not change.is_removed';
  const set = change.updated.map(
    (column) => `${quoteIdentifier(column.name)} = ${stagedValue(column, 'next')}`,
  );
  const update: Statement = {
    sql:
      `update ${only}${target} as published set ${set.join(', ')}\n` +
      `from pg_temp.fundlens_change as change\njoin ${staged} as next on next.ctid = change.came\n` +
      `where ${samePlace} and change.is_changed and change.nth = 1${removed}`,
    purpose: 'update rows that changed',
    writes: true,
  };
  const remove: Statement = {
    sql:
      `delete from ${only}${target} as published\nusing pg_temp.fundlens_change as change\n` +
      `where ${samePlace} and (change.nth > 1${change.marker === undefined ? '' : ' or change.is_removed'})`,
    purpose: 'delete rows that are gone',
    writes: true,
  };
  return [
    findByKey(change),
    analyzeChange,
    ...(set.length === 0 ? [] : [update]),
    ...(removes ? [remove] : []),
    insertNew(change, `change.place is null${removed}`),
  ];
}

const samePlace = 'published.ctid = change.place and published.tableoid = change.part';
const analyzeChange: Statement = {
  sql: 'analyze pg_temp.fundlens_change',
  purpose: 'statistics of the changes',
};

function findByKey(change: KeyedChange): Statement {
  const { marker, updated } = change;
  const nth = change.removesSurplus
    ? `row_number() over (partition by ${sourceAlias}.ctid order by ${destAlias}.fundlens_part, ${destAlias}.fundlens_place)`
    : '1';
  const dest = `(select *, tableoid as fundlens_part, ctid as fundlens_place\n    from ${change.target} as ${destAlias}${whereAll(change.destPredicates)})`;
  const condition = [change.match, ...change.joinPredicates.map((text) => `(${text}\n)`)];
  const kept = [
    marker === undefined
      ? 'place is null'
      : '(place is null and not is_removed) or (place is not null and is_removed)',
    ...(updated.length > 0 ? ['is_changed'] : []),
    ...(change.removesSurplus ? ['nth > 1'] : []),
  ];
  return {
    sql:
      'create temporary table fundlens_change on commit drop as\nselect * from (\n' +
      `  select ${sourceAlias}.ctid as came, ${destAlias}.fundlens_part as part,\n` +
      `    ${destAlias}.fundlens_place as place, ${nth} as nth,\n` +
      `    ${imagesDiffer(updated)} as is_changed${marker === undefined ? '' : `,\n    ${marker} as is_removed`}\n` +
      `  from ${change.staged} as ${sourceAlias}\n  left join ${dest} as ${destAlias}\n` +
      `    on ${condition.join('\n    and ')}\n) as met\nwhere ${kept.join(' or ')}`,
    purpose: 'compare the staged rows with the table',
  };
}

/** The image of a row tells apart what equality does not, such as 1.0 and 1.00, and knows every type. */
function imagesDiffer(columns: readonly WrittenColumn[]): string {
  if (columns.length === 0) return 'false';
  const dest = columns.map(({ name }) => `${destAlias}.${quoteIdentifier(name)}`);
  const source = columns.map((column) => compared(column, sourceAlias));
  return `row(${dest.join(', ')})::record operator(pg_catalog.*<>) row(${source.join(', ')})::record`;
}

function compared(column: WrittenColumn, alias: string): string {
  const type = comparedType(column.type);
  const value = stagedValue(column, alias);
  return column.isStaged && !column.isCast ? value : `${value}::${type}`;
}

function stagedValue({ name, isStaged }: WrittenColumn, alias: string): string {
  return isStaged ? `${alias}.${quoteIdentifier(name)}` : 'null';
}

function insertNew(change: RowChange, condition: string): Statement {
  const columns = change.columns.filter((column) => column.isStaged);
  return {
    sql:
      `insert into ${change.target} (${listOf(columns)})\nselect ${listOf(columns, 'next')}\n` +
      `from pg_temp.fundlens_change as change\njoin ${change.staged} as next on next.ctid = change.came\n` +
      `where ${condition}`,
    purpose: 'insert rows that are new',
    writes: true,
  };
}

/** Rows that are replaced as a set: those that a condition says, by the staged ones. */
export interface SetChange extends RowChange {
  /** Condition on rows of the table, whose alias is `published`. */
  readonly replaced: string;
  /** Rows of the table to delete besides; their alias is `published`. */
  readonly alsoDeleted: string | undefined;
}

/** Replaces a set of rows by another; of rows that are alike, the nth stays for the nth. */
export function changeBySet(change: SetChange): readonly Statement[] {
  const { target, staged, alsoDeleted } = change;
  const only = change.isPartitioned ? '' : 'only ';
  const image = (alias: string, expression: (column: WrittenColumn) => string) =>
    `row(${change.columns.map(expression).join(', ')})::text as image` + ` from ${alias}`;
  const numbered = (from: string) =>
    `select *, row_number() over (partition by image) as nth from (\n    ${from}\n  ) as rows`;
  const before = numbered(
    `select tableoid as part, ctid as place, ${image(
      `${only}${target} as published where ${change.replaced}`,
      ({ name }) => `published.${quoteIdentifier(name)}`,
    )}`,
  );
  const after = numbered(
    `select ctid as came, ${image(`${staged} as next`, (column) => compared(column, 'next'))}`,
  );
  const extra: Statement[] =
    alsoDeleted === undefined
      ? []
      : [
          {
            sql: `delete from ${only}${target} as published\nwhere ${alsoDeleted}`,
            purpose: 'delete rows of the same keys elsewhere',
            writes: true,
          },
        ];
  return [
    { sql: 'set local extra_float_digits = 1', purpose: 'equal text means equal values' },
    {
      sql:
        'create temporary table fundlens_change on commit drop as\n' +
        'select before.part, before.place, after.came\n' +
        `from (\n  ${before}\n) as before\nfull join (\n  ${after}\n) as after\n` +
        '  on after.image = before.image and after.nth = before.nth\n' +
        'where before.place is null or after.came is null',
      purpose: 'compare the staged rows with those that they replace',
    },
    analyzeChange,
    {
      sql:
        `delete from ${only}${target} as published\nusing pg_temp.fundlens_change as change\n` +
        `where ${samePlace}`,
      purpose: 'delete rows that are gone',
      writes: true,
    },
    ...extra,
    insertNew(change, 'change.came is not null'),
  ];
}

/** Inserts all staged rows. */
export function appendRows(change: RowChange): readonly Statement[] {
  const columns = change.columns.filter((column) => column.isStaged);
  return [
    {
      sql: `insert into ${change.target} (${listOf(columns)})\nselect ${listOf(columns, 'next')}\nfrom ${change.staged} as next`,
      purpose: 'append the staged rows',
      writes: true,
    },
  ];
}

/** How rows are written that another session may be writing too. */
export interface ConflictChange extends RowChange {
  /** Columns of the unique index. */
  readonly key: readonly string[];
  readonly match: string;
  readonly updated: readonly WrittenColumn[];
  readonly marker: string | undefined;
}

/** Leaves conflicts to a unique index; rows that are alike are left out, since a conflict locks. */
export function insertOnConflict(change: ConflictChange): readonly Statement[] {
  const { target, staged, marker } = change;
  const columns = change.columns.filter((column) => column.isStaged);
  const updated = change.updated.filter((column) => column.isStaged);
  const set = updated.map(({ name }) => {
    const column = quoteIdentifier(name);
    return `${column} = excluded.${column}`;
  });
  const unchanged =
    `not exists (select from ${target} as ${destAlias}\n  where ${change.match}` +
    `${updated.length === 0 ? '' : ` and not (${imagesDiffer(updated)})`})`;
  const kept = marker === undefined ? unchanged : `not ${marker} and ${unchanged}`;
  const remove: Statement = {
    sql:
      `delete from ${target} as ${destAlias}\nusing ${staged} as ${sourceAlias}\n` +
      `where ${marker ?? 'false'} and ${change.match}`,
    purpose: 'delete rows that are gone',
    writes: true,
  };
  const action = set.length === 0 ? 'do nothing' : `do update set ${set.join(', ')}`;
  return [
    ...(marker === undefined ? [] : [remove]),
    {
      sql:
        `insert into ${target} (${listOf(columns)})\nselect ${listOf(columns, sourceAlias)}\n` +
        `from ${staged} as ${sourceAlias}\nwhere ${kept}\n` +
        `on conflict (${change.key.map(quoteIdentifier).join(', ')}) ${action}`,
      purpose: 'insert rows, or update those that are there',
      writes: true,
    },
  ];
}

function whereAll(conditions: readonly string[]): string {
  // A newline ends a comment that a condition may end in.
  return conditions.length === 0
    ? ''
    : ` where ${conditions.map((text) => `(${text}\n)`).join(' and ')}`;
}

function listOf(columns: readonly WrittenColumn[], alias?: string): string {
  const prefix = alias === undefined ? '' : `${alias}.`;
  return columns.map(({ name }) => `${prefix}${quoteIdentifier(name)}`).join(', ');
}
