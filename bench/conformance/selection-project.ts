// A small project with every kind of node, and what becomes of it in a second state.

/** Files by path. */
export type Files = Readonly<Record<string, string>>;

/** The project as `--state` knows it. */
export const projectFiles: Files = {
  'dbt_project.yml': [
    'name: shop',
    "version: '1.0'",
    'profile: shop',
    'models:',
    '  shop:',
    '    marts:',
    "      +materialized: \"{{ 'table' if target.name == 'dev' else 'view' }}\"",
    '      +tags: nightly',
    '      +meta: {owner: finance, tiers: [gold, true]}',
    'seeds:',
    '  +schema: raw',
    'data_tests:',
    '  +store_failures: false',
  ].join('\n'),
  'profiles.yml': [
    'shop:',
    '  target: dev',
    '  outputs:',
    '    dev: {type: postgres, host: localhost, port: 5999, user: me, password: secret, dbname: db, schema: dev, threads: 2}',
  ].join('\n'),
  'selectors.yml': [
    'selectors:',
    '  - name: nightly',
    '    definition: tag:nightly',
    '  - name: marts_without_dim',
    '    definition:',
    '      intersection:',
    '        - {method: path, value: models/marts}',
    '        - {method: resource_type, value: model}',
    '        - exclude: [dim]',
    '  - name: union_of_two',
    '    definition:',
    '      union:',
    '        - {method: fqn, value: orders, parents: true, parents_depth: 1}',
    '        - {method: tag, value: staging, exclude: [{method: fqn, value: customers}]}',
    '  - name: cautious',
    '    definition: {method: fqn, value: stg_orders, indirect_selection: cautious}',
    '  - name: childrens',
    '    definition: {method: fqn, value: customers, childrens_parents: true}',
  ].join('\n'),
  'models/staging/stg_orders.sql':
    "{{ config(tags=['staging']) }}\nselect 1 as id, 2 as customer_id\n",
  'models/staging/customers.sql':
    "{{ config(materialized='ephemeral', tags=['staging', 'people']) }}\nselect 1 as customer_id\n",
  'models/marts/orders.sql':
    "select * from {{ ref('stg_orders') }} join {{ ref('customers') }} using (customer_id)\njoin {{ source('raw', 'pay') }} using (id) {{ outer_macro() }}\n",
  'models/marts/finance/revenue.sql': "select * from {{ ref('orders') }} {{ other_macro() }}\n",
  'models/marts/finance/margin.daily.sql': "select * from {{ ref('revenue') }}\n",
  'models/marts/dim_v1.sql': "select * from {{ ref('people') }}\n",
  'models/marts/dim_v2.sql':
    "{{ config(tags=['second'], materialized='view', alias='dimension') }}\nselect * from {{ ref('people') }}\n",
  'models/marts/dim_v3.sql': "select * from {{ ref('people') }}\n",
  'models/lonely.sql':
    "{{ config(enabled=true, persist_docs={'relation': true}) }}\nselect 1 as x\n",
  'models/off.sql': '{{ config(enabled=false) }}\nselect 1 as x\n',
  'seeds/people.csv': 'id,name\n1,a\n',
  'seeds/places.csv': 'id,name\n1,a\n',
  'macros/macros.sql': [
    '{% macro outer_macro() %}{{ inner_macro() }}{% endmacro %}',
    '{% macro inner_macro() %}/* inner */{% endmacro %}',
    '{% macro other_macro() %}/* other */{% endmacro %}',
  ].join('\n'),
  'tests/assert_orders.sql': "select * from {{ ref('orders') }} where id < 0\n",
  'tests/assert_orders_match.sql':
    "{{ config(tags=['slow'], severity='warn') }}\nselect * from {{ ref('orders') }} join {{ ref('revenue') }} using (id) where false\n",
  'snapshots/people_history.sql':
    "{% snapshot people_history %}{{ config(strategy='check', check_cols='all', unique_key='id', target_schema='s') }}\nselect * from {{ ref('people') }}{% endsnapshot %}\n",
  'analyses/look.sql': "select * from {{ ref('revenue') }}\n",
  'models/schema.yml': schemaFile('Lonely'),
};

/** What of it is different, or new, later; null for what is gone. */
export const changedFiles: Readonly<Record<string, string | null>> = {
  'models/staging/stg_orders.sql':
    "{{ config(tags=['staging']) }}\nselect 1 as id, 3 as customer_id\n",
  'models/marts/dim_v3.sql':
    "{{ config(materialized='view') }}\nselect * from {{ ref('people') }}\n",
  'models/marts/dim_v2.sql':
    "{{ config(tags=['second'], materialized='view', alias='dimension_two') }}\nselect * from {{ ref('people') }}\n",
  'models/added.sql': "{{ config(group='finance') }} select * from {{ ref('lonely') }}\n",
  'seeds/people.csv': 'id,name\n1,b\n',
  'macros/macros.sql': [
    '{% macro outer_macro() %}{{ inner_macro() }}{% endmacro %}',
    '{% macro inner_macro() %}/* changed */{% endmacro %}',
    '{% macro other_macro() %}/* other */{% endmacro %}',
  ].join('\n'),
  'models/schema.yml': schemaFile('Lonely no more'),
  'tests/assert_orders.sql': null,
};

function schemaFile(lonely: string): string {
  return [
    'version: 2',
    'groups:',
    '  - name: finance',
    '    owner: {email: a@b.c, name: Finance}',
    'models:',
    '  - name: lonely',
    `    description: ${lonely}`,
    '    access: private',
    '    config: {group: finance}',
    '  - name: orders',
    '    description: Every order',
    '    access: public',
    '    config: {group: finance}',
    '    columns:',
    '      - name: id',
    '        data_tests:',
    '          - unique',
    '          - not_null: {config: {tags: [fast]}}',
    '          - relationships:',
    "              arguments: {to: ref('stg_orders'), field: id}",
    '              config: {severity: warn}',
    '  - name: revenue',
    `    ${lonely === 'Lonely' ? 'columns' : "meta: {changed: 'yes'}\n    columns"}: [{name: id, data_tests: [not_null]}]`,
    '  - name: dim',
    '    latest_version: 2',
    '    columns: [{name: id, data_tests: [not_null]}]',
    '    versions: [{v: 1}, {v: 2}, {v: 3}]',
    'seeds:',
    '  - name: people',
    '    columns: [{name: id, data_tests: [unique]}]',
    'sources:',
    '  - name: raw',
    '    schema: rawdata',
    '    tags: [loaded]',
    '    tables:',
    '      - name: pay',
    '        columns: [{name: id, data_tests: [unique]}]',
    '      - name: refunds',
    'exposures:',
    '  - name: dash',
    '    type: dashboard',
    '    owner: {email: a@b.c}',
    "    depends_on: [\"ref('orders')\", \"source('raw', 'pay')\"]",
    'unit_tests:',
    '  - name: orders_join',
    '    model: orders',
    '    given:',
    "      - {input: ref('stg_orders'), rows: [{id: 1, customer_id: 2}]}",
    "      - {input: ref('customers'), rows: [{customer_id: 2}]}",
    "      - {input: \"source('raw', 'pay')\", rows: [{id: 1}]}",
    '    expect: {rows: [{id: 1}]}',
    '  - name: dim_rows',
    '    model: dim',
    "    given: [{input: ref('people'), rows: [{id: 1}]}]",
    '    expect: {rows: [{id: 1}]}',
  ].join('\n');
}
