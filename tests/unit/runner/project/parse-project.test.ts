import assert from 'node:assert/strict';
import { faultsOf } from '../../../support/faults.ts';
import { parseFiles } from '../../../support/project.ts';

describe('runner/project', () => {
  it('gives each model the config layers of its folders, the most general first', () => {
    const project = parseFiles({
      'dbt_project.yml': [
        'name: shop',
        'profile: shop',
        'models:',
        '  +tags: all',
        '  shop:',
        '    +materialized: view',
        '    gold:',
        '      +materialized: table',
        '      schema: gold',
      ].join('\n'),
      'models/gold/totals.sql': 'select 1 as one',
      'models/plain.sql': 'select 1 as one',
    });
    const layersOf = (name: string) =>
      project.models.find((model) => model.name === name)?.layers.map((layer) => layer.values);
    assert.deepEqual(layersOf('totals'), [
      { tags: 'all' },
      { materialized: 'view' },
      { materialized: 'table', schema: 'gold' },
    ]);
    assert.deepEqual(layersOf('plain'), [{ tags: 'all' }, { materialized: 'view' }]);
  });

  it('reads generic tests of models, columns and source tables, with their arguments and configs', () => {
    const project = parseFiles({
      'models/orders.sql': 'select 1 as id',
      'models/schema.yml': [
        'models:',
        '  - name: orders',
        '    data_tests:',
        '      - unique_combination: {arguments: {columns: [id, day]}}',
        '    columns:',
        '      - name: id',
        '        tests:',
        '          - unique',
        '          - accepted_values:',
        '              values: [1, 2]',
        '              config: {severity: warn}',
        'sources:',
        '  - name: raw',
        '    tables:',
        '      - name: orders',
        '        columns: [{name: id, data_tests: [not_null]}]',
      ].join('\n'),
    });
    assert.deepEqual(
      project.genericTests.map(({ name, args, columnName }) => ({ name, args, columnName })),
      [
        {
          name: 'unique_combination_orders_id__day',
          args: { columns: ['id', 'day'] },
          columnName: undefined,
        },
        { name: 'unique_orders_id', args: {}, columnName: 'id' },
        { name: 'accepted_values_orders_id__1__2', args: { values: [1, 2] }, columnName: 'id' },
        { name: 'source_not_null_raw_orders_id', args: {}, columnName: 'id' },
      ],
    );
    assert.deepEqual(project.genericTests[2]?.layers.at(-1)?.values, { severity: 'warn' });
  });

  it('names the files of a test by a hash where its name is beyond 63 characters', () => {
    const values = Array.from({ length: 20 }, (_, index) => `value_${index}`);
    const project = parseFiles({
      'models/orders.sql': 'select 1 as id',
      'models/schema.yml': `models: [{name: orders, columns: [{name: id, tests: [{accepted_values: {values: [${values}]}}]}]}]`,
    });
    const [test] = project.genericTests;
    assert.equal(test?.name, `accepted_values_orders_id__${values.join('__')}`);
    assert.match(test?.alias ?? '', /^accepted_values_orders_[0-9a-f]{32}$/);
  });

  const faulty: readonly {
    readonly fault: string;
    readonly files: Record<string, string>;
    readonly expected: string[];
  }[] = [
    {
      fault: 'a misspelt key',
      files: {
        'models/a.sql': 'select 1',
        'models/s.yml': 'models:\n  - name: a\n    descripton: x\n',
      },
      expected: [
        'models/s.yml:3:5: unknown key `descripton` in `models.0` (did you mean `description`?)',
      ],
    },
    {
      fault: 'an entry that no file answers to',
      files: {
        'dbt_project.yml': 'name: shop\nprofile: shop\nflags: {runner_strict: true}\n',
        'models/orders.sql': 'select 1',
        'models/s.yml': 'models:\n  - name: order\n',
      },
      expected: [
        'models/s.yml:2:11: `order` is described here, but there is no such file (did you mean `orders`?)',
      ],
    },
    {
      fault: 'two files of one name',
      files: { 'models/a/x.sql': 'select 1', 'models/b/x.sql': 'select 1' },
      expected: [
        'models/b/x.sql: two files define `x` (the other one is models/a/x.sql; rename one of them)',
      ],
    },
    {
      fault: 'a tab as indentation',
      files: { 'models/s.yml': 'models:\n\t- name: a\n' },
      expected: [
        'models/s.yml:2:1: YAML: Tabs are not allowed as indentation (indent with spaces)',
      ],
    },
    {
      fault: 'keys that an entry must have',
      files: { 'models/s.yml': 'exposures:\n  - name: a\n' },
      expected: [
        'models/s.yml:2:5: `exposures.0.type` is missing: expected `dashboard`, `notebook`, `analysis`, `ml` or `application`',
        'models/s.yml:2:5: `exposures.0.owner` is missing: expected a map',
      ],
    },
    {
      fault: 'several faults in several files, all at once',
      files: {
        'models/a.yml': 'models: 3\n',
        'models/b.yml': 'version: 7\n',
      },
      expected: [
        'models/a.yml:1:9: `models` is `3`: expected a list',
        'models/b.yml:1:10: `version` is `7`: must be 2',
      ],
    },
    {
      fault: 'an unknown key of dbt_project.yml',
      files: { 'dbt_project.yml': 'name: shop\nprofile: shop\nmodel-path: [models]\n' },
      expected: ['dbt_project.yml:3:1: unknown key `model-path` (did you mean `model-paths`?)'],
    },
  ];
  for (const { fault, files, expected } of faulty) {
    it(`names the place of ${fault}`, () => {
      assert.deepEqual(
        faultsOf(() => parseFiles(files)),
        expected,
      );
    });
  }
});
