// Names and ids of generic tests. What is expected was read from the manifest of dbt-core 1.10.23.

import assert from 'node:assert/strict';
import { compileFiles } from '../../../support/project.ts';

const properties = String.raw`
sources:
  - name: raw
    tables:
      - name: ships
        columns: [{name: id, data_tests: [unique]}]
models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null: {config: {severity: warn}}
          - accepted_values: {values: ['it''s', "a \"quote\"", 'both '' "', 1, true, null, 1.5, ~, "tab\t", é, "\x07"]}
          - accepted_values: {name: mine, values: {b: 1, a: [2, {z: 1, y: false}]}, quote: false}
          - relationships: {to: ref('m'), field: id}
    data_tests:
      - dbt.unique: {column_name: "id || ''"}
  - name: m
    latest_version: 2
    columns: [{name: id, data_tests: [unique]}]
    versions: [{v: 1}, {v: 2}]
`;

describe('runner/project: names of generic tests', () => {
  const { manifest } = compileFiles({
    'models/orders.sql': 'select 1 as id',
    'models/m_v1.sql': 'select 1 as id',
    'models/m_v2.sql': 'select 1 as id',
    'models/s.yml': properties,
  });
  const tests = [...manifest.nodes.values()].flatMap((node) =>
    node.kind === 'test' ? [node] : [],
  );

  it('have the ids that dbt gives them, arguments of every type in their hash', () => {
    assert.deepEqual(
      tests.map(({ uniqueId }) => uniqueId),
      [
        'test.shop.accepted_values_orders_id__it_s__a_quote___both___1__True__None__1_5__None__tab_______.d11c1453b0',
        'test.shop.dbt_unique_orders_id_.e194c998e3',
        'test.shop.mine.900cbb1142',
        'test.shop.not_null_orders_id.84ef11d8fe',
        'test.shop.relationships_orders_id__id__ref_m_.5eb42f0eb7',
        'test.shop.source_unique_raw_ships_id.b9666f4f93',
        'test.shop.unique_m_v1_id.9d5a57269f',
        'test.shop.unique_m_v2_id.cb103f4748',
        'test.shop.unique_orders_id.1360ecc70e',
      ],
    );
  });

  it('are long in the id and hashed in the name of the file', () => {
    assert.equal(tests[0]?.alias, 'accepted_values_orders_a5d0e2d8eb1ec680ef084ef485fc6d61');
    assert.equal(tests[1]?.alias, 'dbt_unique_orders_id_');
  });
});
