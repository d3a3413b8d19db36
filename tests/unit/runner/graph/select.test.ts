import assert from 'node:assert/strict';
import { buildGraph } from '../../../../runner/graph/build-graph.ts';
import { selectNodes } from '../../../../runner/graph/select.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, parseFiles } from '../../../support/project.ts';
import { selectionOf } from '../../../support/selection.ts';

// raw.orders -> orders -> daily -> report
//                     \-> customers -/        (customers reads orders too)
const files = {
  'models/silver/orders.sql': "select * from {{ source('raw', 'orders') }}",
  'models/silver/customers.sql': "{{ config(tags=['people']) }} select * from {{ ref('orders') }}",
  'models/gold/daily.sql': "{{ config(materialized='table') }} select * from {{ ref('orders') }}",
  'models/gold/report.sql':
    "select * from {{ ref('daily') }} join {{ ref('customers') }} using (id)",
  'models/schema.yml': [
    'models:',
    '  - name: orders',
    '    columns: [{name: id, data_tests: [unique]}]',
    'sources:',
    '  - name: raw',
    '    tables: [{name: orders}]',
  ].join('\n'),
};
const compiled = compileFiles(files);
const { manifest } = compiled;
const project = selectionOf(parseFiles(files), compiled);
const graph = buildGraph(manifest);

function selected(select: string[], exclude: string[] = []): string[] {
  const { nodes } = selectNodes(project, { select, exclude });
  return graph.order.filter((id) => nodes.has(id)).map((id) => manifest.nodes.get(id)?.name ?? id);
}

describe('runner/graph/select', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a name, with its tests', ['orders'], ['orders', 'unique_orders_id']],
    ['parents', ['+daily'], ['orders', 'orders', 'daily', 'unique_orders_id']],
    ['parents to a depth', ['1+report'], ['customers', 'daily', 'report']],
    ['children', ['customers+'], ['customers', 'report']],
    ['a tag', ['tag:people'], ['customers']],
    ['a folder', ['path:models/gold'], ['daily', 'report']],
    ['a folder without its method', ['models/gold'], ['daily', 'report']],
    ['a file', ['daily.sql'], ['daily']],
    ['a folder of the fqn', ['gold'], ['daily', 'report']],
    ['a config', ['config.materialized:table'], ['daily']],
    ['a union', ['customers daily'], ['customers', 'daily']],
    ['an intersection', ['orders+,path:models/gold'], ['daily', 'report']],
    ['a glob', ['*ail*'], ['daily']],
    ['a source and its children', ['source:raw+1'], ['orders', 'orders', 'unique_orders_id']],
    [
      'children and all that they need',
      ['@customers'],
      ['orders', 'orders', 'customers', 'daily', 'report', 'unique_orders_id'],
    ],
  ];
  for (const [what, select, expected] of cases) {
    it(`selects ${what}`, () => {
      assert.deepEqual(selected([...select]).sort(), [...expected].sort());
    });
  }

  it('takes the excluded away', () => {
    assert.deepEqual(selected(['gold'], ['report']), ['daily']);
  });

  it('tells a criterion that matches nothing, with the nearest name', () => {
    const { nodes, unmatched } = selectNodes(project, { select: ['+dayly'], exclude: [] });
    assert.equal(nodes.size, 0);
    assert.deepEqual(unmatched, [{ criterion: '+dayly', nearest: 'daily' }]);
  });

  it('refuses an unknown method', () => {
    assert.deepEqual(
      faultsOf(() => selected(['tags:people'])),
      ['--select: `tags:` is not a selection method (did you mean `tag:`?)'],
    );
  });
});

describe('runner/graph/build-graph', () => {
  it('puts every node after its parents', () => {
    const position = new Map(graph.order.map((id, index) => [id, index]));
    for (const node of manifest.nodes.values()) {
      for (const parent of node.dependsOn) {
        assert.ok((position.get(parent) ?? 0) < (position.get(node.uniqueId) ?? 0));
      }
    }
  });

  it('prints the path of a cycle', () => {
    const cyclic = compileFiles({
      'models/a.sql': "select * from {{ ref('c') }}",
      'models/b.sql': "select * from {{ ref('a') }}",
      'models/c.sql': "select * from {{ ref('b') }}",
      'models/d.sql': "select * from {{ ref('c') }}",
    });
    assert.deepEqual(
      faultsOf(() => buildGraph(cyclic.manifest)),
      [
        'models/a.sql: models read each other in a circle: a -> b -> c -> a (take one of these refs away: no order builds them)',
      ],
    );
  });
});
