import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Test, TestShape } from '../../../../runner/compile/types.ts';
import { shareTests, withoutLookUps } from '../../../../runner/plan/shared-scan.ts';
import { testQuery } from '../../../../runner/plan/statements.ts';
import type { ColumnFacts, RelationFacts, TestQuery } from '../../../../runner/plan/types.ts';
import { dataTest } from '../../../support/manifest.ts';

type Kind = TestShape['kind'];

function query(
  name: string,
  kind: Kind,
  column: string,
  parts: Partial<Test> & Pick<Partial<TestShape>, 'where'> = {},
): TestQuery {
  const { where, ...test } = parts;
  const common = { subject: { schema: 's', identifier: 't' }, from: '"s"."t"', column, where };
  const shape: TestShape =
    kind === 'accepted-values'
      ? { ...common, kind, values: "'a', 'b'" }
      : kind === 'relationships'
        ? { ...common, kind, to: '"s"."parent"', field: 'id' }
        : { ...common, kind };
  return testQuery(dataTest(name, 'select 1', [], { shape, ...test }));
}

function facts(columns: Readonly<Record<string, Partial<ColumnFacts>>>): RelationFacts {
  const known = Object.entries(columns).map(([name, column]): [string, ColumnFacts] => [
    name,
    { type: undefined, notNull: false, unique: false, ...column },
  ]);
  return { columns: new Map(known) };
}

describe('runner/plan/shared-scan', () => {
  const nothing = facts({});
  const names = (queries: readonly TestQuery[]) =>
    queries.map(({ test }) => test.replace('test.shop.', ''));

  it('takes an index and a constraint for the answer, and nothing less', () => {
    const known = facts({ id: { unique: true, notNull: true }, Id: {} });
    const shared = shareTests(
      [
        query('unique', 'unique', 'ID'),
        query('filled', 'not-null', '"id"'),
        query('other case', 'unique', '"Id"'),
        query('expression', 'unique', 'id + 1'),
        query('some', 'unique', 'id', { where: 'true' }),
        query('threshold', 'unique', 'id', { errorIf: '= 0' }),
        query('more', 'not-null', 'id', { warnIf: '> 0', errorIf: '> 0' }),
      ],
      known,
    );
    deepEqual(names(shared.proven), ['unique', 'filled', 'more']);
    deepEqual(names(shared.alone), ['other case', 'expression', 'some', 'threshold']);
  });

  it('counts rows in one scan, and knows which numbers are the tests’ own', () => {
    const { scan, alone } = shareTests(
      [
        query('filled', 'not-null', 'a', { where: 'x = 1 or y = 2', limit: 3 }),
        query('accepted', 'accepted-values', 'b', { warnIf: '> 4' }),
        query('found', 'relationships', 'c'),
        query('alone', 'unique', 'd'),
      ],
      nothing,
    );
    deepEqual(names(alone), ['alone']);
    deepEqual(
      scan?.tests.map(({ isExact }) => isExact),
      [true, false, true],
    );
    const sql = scan?.sql.replaceAll(/\s+/g, ' ') ?? '';
    ok(
      sql.includes(
        'least(count(*) filter (where (x = 1 or y = 2 ) and (a is null)), 3) as failures_1',
      ),
    );
    ok(sql.includes("count(*) filter (where ((b) not in ('a', 'b'))) as failures_2"));
    ok(sql.includes('failures_2 > 4 as warn_2'));
    ok(sql.includes('with dbt_internal_parent_1 as ( select id as to_field from "s"."parent" )'));
    equal(sql.split('from "s"."t"').length, 2);
  });

  it('leaves out of a scan the tests that look values up', () => {
    const { scan } = shareTests(
      [query('a', 'not-null', 'a'), query('b', 'relationships', 'b'), query('c', 'not-null', 'c')],
      nothing,
    );
    ok(scan?.looksUp);
    const without = withoutLookUps(scan);
    deepEqual(names(without.alone), ['b']);
    deepEqual(names(without.scan?.tests.map(({ query: it }) => it) ?? []), ['a', 'c']);
    equal(without.scan?.looksUp, false);
  });

  it('groups hashes only of types whose values are larger than a hash', () => {
    const known = facts({ word: { type: 'text' }, n: { type: 'int8' }, odd: { type: 'citext' } });
    const shared = shareTests(
      ['word', 'n', 'odd', 'unknown'].map((column) => query(column, 'unique', column)),
      known,
    );
    deepEqual(names(shared.hashed.map(({ query: it }) => it)), ['word']);
    ok(shared.hashed[0]?.sql.includes('group by pg_catalog.hashtextextended(word, 0)'));
    deepEqual(names(shared.alone), ['n', 'odd', 'unknown']);
  });

  it('asks a test alone that has no company', () => {
    const { scan, alone } = shareTests([query('only', 'not-null', 'a')], nothing);
    equal(scan, undefined);
    deepEqual(names(alone), ['only']);
  });
});
