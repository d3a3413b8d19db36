import assert from 'node:assert/strict';
import { describeFiles } from '../../../support/selection.ts';

const project = describeFiles({
  'models/marts/orders.sql':
    "{{ config(tags='nightly') }} select * from {{ ref('customers') }} {{ outer() }}",
  'models/customers.sql': "{{ config(materialized='ephemeral') }} select 1 as id",
  'models/dim_v1.sql': 'select 1 as id',
  'models/dim_v2.sql': 'select 1 as id',
  'analyses/look.sql': "select * from {{ ref('orders') }}",
  'macros/m.sql': '{% macro outer() %}{{ inner() }}{% endmacro %}{% macro inner() %}{% endmacro %}',
  'models/schema.yml': [
    'groups: [{name: fin, owner: {email: a@b.c}}]',
    'models:',
    '  - name: orders',
    '    description: Every order',
    '    config: {group: fin}',
    '    columns: [{name: id, description: key, data_type: int, data_tests: [unique, not_null]}]',
    '  - {name: dim, latest_version: 2, versions: [{v: 1}, {v: 2}]}',
    'sources: [{name: raw, schema: rawdata, tables: [{name: pay, freshness: {warn_after: {count: 1, period: day}}}]}]',
    'exposures: [{name: dash, type: dashboard, owner: {email: a@b.c}, depends_on: ["ref(\'orders\')"]}]',
    'unit_tests: [{name: ut, model: dim, given: [], expect: {rows: [{id: 1}]}}]',
  ].join('\n'),
});
const manifest = project.manifest();

describe('runner/report/manifest-artifact', () => {
  it('has every kind of node where dbt has it', () => {
    const ids = (list: object) => Object.keys(list).map((id) => id.replace(/\.[0-9a-f]{10}$/, ''));
    assert.deepEqual(ids(manifest.nodes), [
      'analysis.shop.look',
      'model.shop.customers',
      'model.shop.dim.v1',
      'model.shop.dim.v2',
      'model.shop.orders',
      'test.shop.not_null_orders_id',
      'test.shop.unique_orders_id',
    ]);
    assert.deepEqual(ids(manifest.sources), ['source.shop.raw.pay']);
    assert.deepEqual(ids(manifest.exposures), ['exposure.shop.dash']);
    assert.deepEqual(ids(manifest.unit_tests), [
      'unit_test.shop.dim.ut_v1',
      'unit_test.shop.dim.ut_v2',
    ]);
    assert.deepEqual(ids(manifest.groups), ['group.shop.fin']);
    assert.deepEqual(manifest.group_map, { fin: ['model.shop.orders'] });
  });

  it('says of a model what dbt says', () => {
    const orders = manifest.nodes['model.shop.orders'];
    assert.ok(orders);
    const { path, original_file_path, patch_path, relation_name, group, primary_key } = orders;
    assert.deepEqual(
      { path, original_file_path, patch_path, relation_name, group, primary_key },
      {
        path: 'marts/orders.sql',
        original_file_path: 'models/marts/orders.sql',
        patch_path: 'shop://models/schema.yml',
        relation_name: '"db"."dev"."orders"',
        group: 'fin',
        primary_key: ['id'],
      },
    );
    assert.deepEqual(orders.depends_on, {
      macros: ['macro.shop.outer'],
      nodes: ['model.shop.customers'],
    });
    assert.deepEqual(orders.refs, [{ name: 'customers', package: null, version: null }]);
    assert.deepEqual(orders.unrendered_config, { group: 'fin', tags: 'nightly' });
    assert.equal(orders.config['on_schema_change'], 'ignore');
    assert.equal(manifest.nodes['model.shop.customers']?.relation_name, null);
    assert.equal(manifest.nodes['model.shop.dim.v2']?.version, 2);
  });

  it('follows macros to macros, and has their text', () => {
    assert.deepEqual(manifest.macros['macro.shop.outer']?.depends_on, {
      macros: ['macro.shop.inner'],
    });
    assert.equal(
      manifest.macros['macro.shop.inner']?.macro_sql,
      '{% macro inner() %}{% endmacro %}',
    );
  });

  it('has a map of parents and one of children that agree', () => {
    for (const [id, parents] of Object.entries(manifest.parent_map)) {
      for (const parent of parents) assert.ok(manifest.child_map[parent]?.includes(id), id);
    }
    assert.deepEqual(manifest.child_map['model.shop.orders']?.length, 4);
  });

  it('is the same text for the same project', () => {
    assert.equal(JSON.stringify(project.manifest()), JSON.stringify(manifest));
  });
});
