// How a staged row finds the rows of its key: NULL equal to NULL, in a form that can be hashed.

import { nearestName } from '../../core/errors.ts';
import { quoteIdentifier } from '../../core/identifiers.ts';
import { comparedType } from './schema-change.ts';
import type { ColumnState, RelationState } from './types.ts';

/** A value of each type that stands for NULL beside the flag that says it is one. */
const sentinels: Readonly<Record<string, string>> = {
  smallint: '0::smallint',
  integer: '0',
  bigint: '0::bigint',
  numeric: '0::numeric',
  text: "''",
  'character varying': "''",
  character: "''",
  boolean: 'false',
  date: "date '1970-01-01'",
  'timestamp without time zone': "timestamp '1970-01-01'",
  'timestamp with time zone': "timestamptz '1970-01-01 00:00:00+00'",
  uuid: "uuid '00000000-0000-0000-0000-000000000000'",
};

/** A key as the columns have it, or the first of its names that no column has. */
export type ResolvedKey =
  | { readonly kind: 'key'; readonly columns: readonly string[] }
  | { readonly kind: 'unknown'; readonly name: string; readonly hint: string };

/** Finds the columns of a key; as in dbt, a name without quotes may be written in capitals. */
export function resolveKey(key: readonly string[], columns: readonly ColumnState[]): ResolvedKey {
  const found: string[] = [];
  for (const given of key) {
    const bare = given.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
    const column = columns.find(({ name }) => name === bare || name === bare.toLowerCase());
    if (column === undefined)
      return { kind: 'unknown', name: given, hint: hintFor(given, columns) };
    found.push(column.name);
  }
  return { kind: 'key', columns: found };
}

function hintFor(given: string, columns: readonly ColumnState[]): string {
  const nearest = nearestName(
    given,
    columns.map(({ name }) => name),
  );
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
  if (/[^\w]/.test(given)) {
    return 'a key is a list of columns: give an expression a name in the query, and name that';
  }
  return `its columns are ${columns.map(({ name }) => name).join(', ')}`;
}

/** What decides the form in which keys are compared. */
export interface KeyMatch {
  readonly key: readonly string[];
  readonly current: RelationState;
  readonly staged: RelationState;
  /** Key columns in which the staged rows have NULLs. */
  readonly nullKeys: readonly string[];
}

/**
 * Returns the condition under which a row `dest` of the table and a staged row `source` have one key.
 * Where either side has no NULL that is plain equality, for which an index serves; else NULLs are
 * compared beside a value that stands for them, or, of a type without such a value, by their hash.
 */
export function matchKeys(match: KeyMatch, dest: string, source: string): string {
  const hashed: { readonly left: string; readonly right: string }[] = [];
  const parts = match.key.flatMap((name) => {
    const column = quoteIdentifier(name);
    const target = match.current.columns.find((it) => it.name === name);
    const given = match.staged.columns.find((it) => it.name === name);
    const left = `${dest}.${column}`;
    const cast =
      target && given && target.type !== given.type ? `::${comparedType(target.type)}` : '';
    const right = `${source}.${column}${cast}`;
    if (target?.notNull === true || !match.nullKeys.includes(name)) return [`${left} = ${right}`];
    const sentinel = sentinelOf(target?.type ?? '');
    if (sentinel === undefined) {
      hashed.push({ left, right });
      return [`${left} is not distinct from ${right}`];
    }
    return [
      `coalesce(${left}, ${sentinel}) = coalesce(${right}, ${sentinel})`,
      `(${left} is null) = (${right} is null)`,
    ];
  });
  if (hashed.length === 0) return parts.join(' and ');
  const hash = (side: 'left' | 'right') =>
    `hash_record_extended(row(${hashed.map((pair) => pair[side]).join(', ')}), 0)`;
  return [`${hash('left')} = ${hash('right')}`, ...parts].join(' and ');
}

function sentinelOf(type: string): string | undefined {
  const bare = type.replace(/\(\d+(?:,-?\d+)?\)/, '');
  return Object.hasOwn(sentinels, bare) ? sentinels[bare] : undefined;
}

/** Tells whether the database already keeps the table from having two rows of one key. */
export function isUniqueKey(
  current: RelationState,
  key: readonly string[],
  nullKeys: readonly string[],
): boolean {
  const areNull = current.columns.some(({ name, notNull }) => nullKeys.includes(name) && !notNull);
  const isKey = (columns: readonly string[]): boolean =>
    columns.length === key.length && columns.every((name) => key.includes(name));
  // Without this clause two rows with NULL in the key are no duplicates to the index.
  const isStrict = (text: string): boolean => !areNull || /nulls not distinct/i.test(text);
  const byConstraint = current.constraints.some(
    ({ kind, columns, definition }) =>
      (kind === 'primary-key' || (kind === 'unique' && isStrict(definition))) && isKey(columns),
  );
  const byIndex = current.indexes.some(
    ({ unique, columns, tail }) =>
      unique && isKey(columns) && isPlainUnique(tail, columns.length) && isStrict(tail),
  );
  return byConstraint || byIndex;
}

/** An index over columns alone, for all rows: no expression, no condition, nothing included. */
function isPlainUnique(tail: string, count: number): boolean {
  const list = /^USING \w+ \(([^()]*)\)(.*)$/is.exec(tail);
  if (list === null || /\bwhere\b|\binclude\b/i.test(list[2] ?? '')) return false;
  return (list[1] ?? '').split(',').length === count;
}
