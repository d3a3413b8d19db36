import assert from 'node:assert/strict';
import { placeAt } from '../../../../core/template/source-map.ts';
import { besideName } from '../../../../runner/compile/relation-names.ts';
import type { Model, Test } from '../../../../runner/compile/types.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files, testInputs } from '../../../support/project.ts';

function model(files: Files, name: string, inputs = {}): Model {
  const node = compileFiles(files, inputs).manifest.nodes.get(`model.shop.${name}`);
  assert.ok(node?.kind === 'model');
  return node;
}

function tests(files: Files): Test[] {
  return [...compileFiles(files).manifest.nodes.values()].filter((node) => node.kind === 'test');
}

describe('runner/compile', () => {
  it('names relations with database, schema and identifier, quoted', () => {
    const files = {
      'models/a.sql': "select * from {{ source('raw', 'Orders') }}",
      'models/b.sql': "select * from {{ ref('a') }} join {{ ref('shop', 'colors') }} using (id)",
      'models/s.yml': 'sources: [{name: raw, schema: landing, tables: [{name: Orders}]}]',
      'seeds/colors.csv': '',
    };
    assert.equal(model(files, 'a').compiledSql, 'select * from "db"."landing"."Orders"');
    assert.equal(
      model(files, 'b').compiledSql,
      'select * from "db"."dev"."a" join "db"."dev"."colors" using (id)',
    );
    assert.deepEqual(model(files, 'b').dependsOn, ['model.shop.a', 'seed.shop.colors']);
  });

  it('lets the file win over YAML, and YAML over the project; tags add up', () => {
    const built = model(
      {
        'dbt_project.yml':
          'name: shop\nprofile: shop\nmodels: {+materialized: table, +schema: one, +tags: [a]}',
        'models/s.yml': 'models: [{name: m, config: {schema: two, tags: [b]}}]',
        'models/m.sql': "{{ config(schema='three', tags='c') }} select 1 as id",
      },
      'm',
    );
    assert.deepEqual(
      { materialized: built.materialized, schema: built.relation.schema, tags: built.tags },
      { materialized: 'table', schema: 'dev_three', tags: ['a', 'b', 'c'] },
    );
  });

  it('takes schema and alias from the macros of the project', () => {
    const files = {
      'macros/names.sql': [
        '{% macro generate_schema_name(custom_schema_name, node) %}',
        "{% if target.name == 'prod' %}{{ custom_schema_name }}{% else %}x_{{ node.name }}{% endif %}",
        '{% endmacro %}',
      ].join('\n'),
      'models/m.sql': "{{ config(schema='gold', alias='n') }} select '{{ this }}' as id",
    };
    assert.equal(model(files, 'm').compiledSql, `select '"db"."x_m"."n"' as id`);
    const target = { ...testInputs.target, name: 'prod' };
    assert.deepEqual(model(files, 'm', { target }).relation, { schema: 'gold', identifier: 'n' });
  });

  it('answers var and env_var, a var of --vars first', () => {
    const files = {
      'dbt_project.yml': 'name: shop\nprofile: shop\nvars: {cycle: 2018, shop: {cycle: 2020}}',
      'models/m.sql': "select {{ var('cycle') }}, {{ var('none', 7) }}, '{{ env_var('PLACE') }}'",
    };
    const env = { PLACE: 'here' };
    assert.equal(model(files, 'm', { env }).compiledSql, "select 2020, 7, 'here'");
    const vars = { cycle: 2024 };
    assert.equal(model(files, 'm', { env, vars }).compiledSql, "select 2024, 7, 'here'");
  });

  it('calls macros by name and by package, a macro of the project before the runner’s own', () => {
    const files = {
      'macros/m.sql':
        '{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{% macro four(x) %}{{ twice(twice(x)) }}{% endmacro %}',
      'models/m.sql': 'select {{ four(1) }}, {{ shop.twice(2) }}',
    };
    assert.equal(model(files, 'm').compiledSql, 'select 1111, 22');
  });

  it('reads the staged relation of one parent in each variant of a test', () => {
    const [test] = tests({
      'models/a.sql': 'select 1 as id',
      'models/b.sql': 'select 1 as id',
      'models/s.yml':
        "models: [{name: a, columns: [{name: id, data_tests: [{relationships: {arguments: {to: ref('b'), field: id}}}]}]}]",
    });
    assert.deepEqual(test?.dependsOn, ['model.shop.a', 'model.shop.b']);
    const names = (id: string) => {
      const staged = besideName({ schema: 'dev', identifier: id }, 'staged').identifier;
      const sql = test?.stagedSql[`model.shop.${id}`] ?? '';
      return { staged: sql.includes(`"${staged}"`), others: sql.match(/__staged_/g)?.length };
    };
    assert.deepEqual(names('a'), { staged: true, others: 1 });
    assert.deepEqual(names('b'), { staged: true, others: 1 });
    assert.ok(!test?.compiledSql.includes('__staged_'));
  });

  it('lets the macro of a test configure it, below what its YAML says', () => {
    const files = (config: string) => ({
      'macros/t.sql': [
        '{% test counts(model) %}{{ config(fail_calc="sum(n)", severity="warn", tags=["m"]) }}',
        'select 1 as n from {{ model }} -- {{ config.get("fail_calc") }}{% endtest %}',
      ].join(''),
      'models/a.sql': 'select 1 as id',
      'models/s.yml': `models: [{name: a, data_tests: [{counts: {config: {${config}}}}]}]`,
    });
    const [plain] = tests(files(''));
    assert.equal(plain?.failCalc, 'sum(n)');
    assert.equal(plain?.severity, 'warn');
    assert.match(plain?.compiledSql ?? '', /-- sum\(n\)$/);
    const [own] = tests(files('severity: error, tags: [y]'));
    assert.deepEqual([own?.failCalc, own?.severity, own?.tags], ['sum(n)', 'error', ['m', 'y']]);
  });

  it('puts the `where` of a test around its model alone', () => {
    const [test] = tests({
      'models/a.sql': 'select 1 as id',
      'models/s.yml':
        "models: [{name: a, columns: [{name: id, data_tests: [{not_null: {config: {where: 'id > 3'}}}]}]}]",
    });
    assert.match(
      test?.compiledSql ?? '',
      /from \(select \* from "db"\."dev"\."a" where id > 3\) dbt_subquery/,
    );
  });

  it('leads from compiled SQL back to the line of the template, macros included', () => {
    const built = model(
      {
        'macros/m.sql': '\n{% macro bad() %}\n  no_such_column\n{% endmacro %}',
        'models/m.sql': '\n\n-- note\nselect\n  {{ bad() }}\nfrom x\n',
      },
      'm',
    );
    const rendered = { text: built.compiledSql, map: built.sqlMap };
    const at = (text: string) => placeAt(rendered, built.compiledSql.indexOf(text));
    assert.deepEqual(at('no_such_column'), { path: 'macros/m.sql', line: 3, column: 3 });
    assert.deepEqual(at('from x'), { path: 'models/m.sql', line: 6, column: 1 });
    assert.deepEqual(at('-- note'), { path: 'models/m.sql', line: 3, column: 1 });
  });

  it('gives two long names that differ in their last letter two helper names that fit', () => {
    const name = (last: string) => ({ schema: 's', identifier: `${'x'.repeat(62)}${last}` });
    const [a, b] = [besideName(name('a'), 'staged'), besideName(name('b'), 'staged')];
    assert.notEqual(a.identifier, b.identifier);
    assert.ok(a.identifier.length <= 63 && b.identifier.length <= 63);
  });

  it('gives the same manifest for the same input', () => {
    const files = {
      'models/a.sql': 'select 1 as id',
      'models/b.sql': "{{ config(meta={'b': 1, 'a': 2}) }} select * from {{ ref('a') }}",
      'models/s.yml': 'models: [{name: a, columns: [{name: id, data_tests: [unique, not_null]}]}]',
    };
    const text = () => JSON.stringify([...compileFiles(files).manifest.nodes]);
    assert.equal(text(), text());
  });

  const faulty: readonly (readonly [string, Files, readonly string[]])[] = [
    [
      'an unknown ref',
      { 'models/orders.sql': 'select 1', 'models/m.sql': "select *\nfrom {{ ref('order') }}" },
      ['models/m.sql:2:9: there is no model, seed or snapshot `order` (did you mean `orders`?)'],
    ],
    [
      'an unknown source',
      {
        'models/m.sql': "select * from {{ source('raw', 'order') }}",
        'models/s.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
      },
      ['models/m.sql:1:18: source `raw.order` is not declared (did you mean `raw.orders`?)'],
    ],
    [
      'a misspelt variable',
      {
        'dbt_project.yml': 'name: shop\nprofile: shop\nvars: {cycle: 2020}',
        'models/m.sql': "select {{ var('cicle') }}",
      },
      ['models/m.sql:1:11: variable `cicle` is not set (did you mean `cycle`?)'],
    ],
    [
      'a misspelt function',
      { 'models/m.sql': "select * from {{ reff('m') }}" },
      ['models/m.sql:1:18: unknown name `reff` (did you mean `ref`?)'],
    ],
    [
      'a misspelt config',
      { 'models/m.sql': "{{ config(materialised='table') }}\nselect 1" },
      ['models/m.sql:1:4: unknown config `materialised` (did you mean `materialized`?)'],
    ],
    [
      'a misspelt materialization',
      { 'models/m.sql': "{{ config(materialized='tabel') }} select 1" },
      [
        'models/m.sql:1:4: config `materialized` is `"tabel"`: expected `view`, `table`, `incremental`, `ephemeral` or `materialized_view`',
      ],
    ],
    [
      'an unknown generic test',
      {
        'models/m.sql': 'select 1 as id',
        'models/s.yml':
          'models:\n  - name: m\n    columns:\n      - name: id\n        tests: [uniqe]',
      },
      ['models/s.yml:5:17: there is no generic test `uniqe` (did you mean `unique`?)'],
    ],
    [
      'a disabled model that is read',
      {
        'models/a.sql': '{{ config(enabled=false) }} select 1',
        'models/m.sql': "select * from {{ ref('a') }}",
      },
      ['models/m.sql:1:18: `a` is disabled (enable it, or remove the ref)'],
    ],
    [
      'two models of one relation',
      {
        'models/a.sql': "{{ config(alias='x') }} select 1",
        'models/b.sql': "{{ config(alias='x') }} select 1",
      },
      [
        'models/b.sql: two nodes build `dev.x` (the other one is models/a.sql; give one an alias or a schema)',
      ],
    ],
    [
      'a model without SQL',
      { 'models/m.sql': '-- nothing yet\n' },
      ['models/m.sql: the model holds no SQL (write one select statement, or remove the file)'],
    ],
    [
      'every fault of a project at once',
      {
        'models/a.sql': 'select {{ nope }}',
        'models/b.sql': 'select {{ 1 + }}',
      },
      ['models/a.sql:1:11: unknown name `nope`', 'models/b.sql:1:15: '],
    ],
  ];
  for (const [what, files, expected] of faulty) {
    it(`refuses ${what}, with its place`, () => {
      const found = faultsOf(() => compileFiles(files));
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, text] of expected.entries()) {
        assert.equal(found[index]?.slice(0, text.length), text);
      }
    });
  }
});
