import { deepEqual, equal, match } from 'node:assert/strict';
import type { UnitTest } from '../../../../runner/compile/types.ts';
import { compileFiles, type Files } from '../../../support/project.ts';

function unitTest(files: Files): UnitTest {
  const { manifest } = compileFiles(files);
  const found = [...manifest.nodes.values()].find((node) => node.kind === 'unit-test');
  if (found?.kind !== 'unit-test') throw new Error('there is no unit test');
  return found;
}

describe('runner/compile/compile-unit-test', () => {
  const project = (sql: string, test: string): Files => ({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': sql,
    'models/s.yml': `sources: [{name: raw, tables: [{name: a}]}]\nunit_tests:\n  - {name: t, model: b, ${test}}\n`,
  });

  it('reads temporary tables under the names of what they stand for, two of one name apart', () => {
    const found = unitTest(
      project(
        "select * from {{ ref('a') }} join {{ source('raw', 'a') }} as r using (id) -- {{ ref('a').schema }}",
        `given: [{input: "ref('a')", rows: []}, {input: "source('raw', 'a')", rows: []}], expect: {rows: []}`,
      ),
    );
    equal(
      found.compiledSql,
      'select * from "pg_temp"."a" join "pg_temp"."a_2" as r using (id) -- dev',
    );
    equal(found.uniqueId, 'unit_test.shop.b.t');
    deepEqual(found.dependsOn, ['model.shop.b']);
    deepEqual(
      found.inputs.map(({ node, table }) => [node, table]),
      [
        ['model.shop.a', 'a'],
        ['source.shop.raw.a', 'a_2'],
      ],
    );
  });

  it('keeps its faults to itself: the project compiles', () => {
    const missing = unitTest(project("select * from {{ ref('a') }}", 'expect: {rows: []}'));
    match(missing.fault?.message ?? '', /`t` gives no rows of `ref\('a'\)`/);
    const own = unitTest(project('select * from {{ this }}', 'expect: {rows: []}'));
    match(own.fault?.message ?? '', /`t` gives no rows of `this`/);
    const wrong = unitTest(
      project('select 1', `given: [{input: "ref('nobody')", rows: []}], expect: {rows: []}`),
    );
    match(wrong.fault?.message ?? '', /there is no model.* `nobody`/);
  });

  it('is left out where it is disabled', () => {
    const { manifest } = compileFiles(
      project('select 1', 'config: {enabled: false}, expect: {rows: []}'),
    );
    equal(manifest.nodes.get('unit_test.shop.b.t'), undefined);
  });
});
