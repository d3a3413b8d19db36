// The tests of one relation, asked together: what is proven without a query, what one scan answers,
// what hashes answer. Nothing of it decides alone that a test fails in another number than its own query.

import type { TestShape } from '../compile/types.ts';
import { annotate } from './statements.ts';
import type {
  ColumnFacts,
  HashedTest,
  RelationFacts,
  ScannedTest,
  SharedScan,
  SharedTests,
  TestQuery,
} from './types.ts';

/** A result has at most 1,664 columns, of which a test takes three. */
const mostTestsOfScan = 200;

/** Tells which tests are asked of the same rows; undefined for one that is asked alone. */
export function scanKey(query: TestQuery): string | undefined {
  return query.shape?.from;
}

/** Decides how the tests of one relation are asked, from what is known of it. */
export function shareTests(queries: readonly TestQuery[], facts: RelationFacts): SharedTests {
  const proven: TestQuery[] = [];
  const scanned: ScannedTest[] = [];
  const hashed: HashedTest[] = [];
  const alone: TestQuery[] = [];
  for (const query of queries) {
    const { shape } = query;
    const column = shape && columnOf(shape, facts);
    if (shape === undefined) alone.push(query);
    else if (isProven(query, shape, column)) proven.push(query);
    else if (shape.kind === 'unique') {
      const sql = hashQuery(query, shape, column);
      if (sql === undefined) alone.push(query);
      else hashed.push({ query, sql });
    } else if (scanned.length >= mostTestsOfScan) alone.push(query);
    else scanned.push({ query, isExact: isExact(query, shape) });
  }
  const [only] = scanned;
  if (only !== undefined && scanned.length === 1) alone.unshift(only.query);
  const scan = scanned.length > 1 ? scanOf(scanned) : undefined;
  return { proven, scan, hashed, alone };
}

/** Returns a scan without the tests that look values up in other relations, and those tests. */
export function withoutLookUps(scan: SharedScan): {
  readonly scan: SharedScan | undefined;
  readonly alone: readonly TestQuery[];
} {
  const isLookUp = ({ query }: ScannedTest): boolean => query.shape?.kind === 'relationships';
  const kept = scan.tests.filter((test) => !isLookUp(test));
  return {
    scan: kept.length === 0 ? undefined : scanOf(kept),
    alone: scan.tests.filter(isLookUp).map(({ query }) => query),
  };
}

/** An index or a constraint says it of all rows; what thresholds make of no failure is told by a query. */
function isProven(query: TestQuery, shape: TestShape, column: ColumnFacts | undefined): boolean {
  if (shape.where !== undefined || query.stored !== undefined) return false;
  if (!isNotZero(query.warnIf) || !isNotZero(query.errorIf)) return false;
  if (shape.kind === 'unique') return column?.unique === true;
  return shape.kind === 'not-null' && column?.notNull === true;
}

function isNotZero(comparison: string): boolean {
  return /^\s*(?:!=|<>|>)\s*0\s*$/.test(comparison);
}

/** Values that are not accepted are counted once each by their test, and by the scan once a row. */
function isExact(query: TestQuery, shape: TestShape): boolean {
  return shape.kind !== 'accepted-values' && query.stored === undefined;
}

function columnOf(shape: TestShape, facts: RelationFacts): ColumnFacts | undefined {
  const text = shape.column.trim();
  if (/^[a-z_][a-z0-9_$]*$/i.test(text)) return facts.columns.get(text.toLowerCase());
  if (!/^"(?:[^"]|"")+"$/.test(text)) return undefined;
  return facts.columns.get(text.slice(1, -1).replaceAll('""', '"'));
}

function scanOf(tests: readonly ScannedTest[]): SharedScan {
  const parents: string[] = [];
  const counts = tests.map(({ query }, index) => {
    const { shape } = query;
    if (shape === undefined) throw new Error('a test of a scan has a shape');
    const counted = `count(*) filter (where ${failing(shape, parents)})`;
    const failures = query.limit === undefined ? counted : `least(${counted}, ${query.limit})`;
    return `  ${failures} as failures_${index + 1}`;
  });
  const outcomes = tests.map(({ query }, index) => {
    const failures = `failures_${index + 1}`;
    return (
      `  ${failures},\n  ${failures} ${query.warnIf}\n    as warn_${index + 1},\n` +
      `  ${failures} ${query.errorIf}\n    as error_${index + 1}`
    );
  });
  const [first] = tests;
  const from = first?.query.shape?.from ?? '';
  const { sql } = annotate(first?.query.test ?? '', {
    head:
      `${parents.length === 0 ? '' : `with ${parents.join(',\n')}\n`}` +
      `select\n${outcomes.join(',\n')}\nfrom (\nselect\n${counts.join(',\n')}\nfrom ${from}\n) as dbt_internal_test`,
  });
  return { sql, tests, looksUp: parents.length > 0 };
}

/**
 * The condition for a row that fails, as the test's own query has it. Whatever may end in a comment is
 * followed by a new line.
 */
function failing(shape: TestShape, parents: string[]): string {
  const { column } = shape;
  const where = shape.where === undefined ? '' : `(${shape.where}\n) and `;
  switch (shape.kind) {
    case 'not-null':
      return `${where}(${column} is null)`;
    case 'accepted-values':
      return `${where}((${column}) not in (${shape.values}))`;
    case 'relationships': {
      // At the top of the statement: below, a field that the parent lacks would be looked for in the child.
      const name = `dbt_internal_parent_${parents.length + 1}`;
      parents.push(`${name} as (\nselect ${shape.field} as to_field from ${shape.to}\n)`);
      const known = `select to_field from ${name} where to_field is not null`;
      return `${where}(${column} is not null) and not ((${column}) in (${known}))`;
    }
    case 'unique':
      throw new Error('a unique test is no condition on a row');
  }
}

/** Hash functions whose equal values have equal hashes under the collation of the column. */
const hashFunctions: Readonly<Record<string, string>> = {
  text: 'hashtextextended',
  varchar: 'hashtextextended',
  numeric: 'hash_numeric_extended',
  uuid: 'uuid_hash_extended',
};

/** Grouping 64-bit hashes is quicker than grouping values, where those are not as small themselves. */
function hashQuery(
  query: TestQuery,
  shape: TestShape,
  column: ColumnFacts | undefined,
): string | undefined {
  const type = column?.type;
  if (type === undefined || !Object.hasOwn(hashFunctions, type)) return undefined;
  const where = shape.where === undefined ? '' : `(${shape.where}\n) and `;
  const hash = `pg_catalog.${hashFunctions[type]}(${shape.column}, 0)`;
  return annotate(query.test, {
    head:
      `select exists (\nselect from ${shape.from}\nwhere ${where}${shape.column} is not null\n` +
      `group by ${hash}\nhaving count(*) > 1\n) as has_duplicate,\n` +
      `0::bigint as failures,\n0::bigint ${query.warnIf}\n as should_warn,\n` +
      `0::bigint ${query.errorIf}\n as should_error`,
  }).sql;
}
