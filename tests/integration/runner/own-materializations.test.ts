// Materializations that a project writes itself, as dbt projects and packages do.

import { deepEqual, equal, match } from 'node:assert/strict';
import { buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';

/** Keeps what was there and appends, each row once; written as a package of dbt would write it. */
const ledger = `
{% materialization ledger, adapter='postgres' %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set stage = make_temp_relation(target_relation) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% if existing is none or should_full_refresh() %}
    {{ drop_relation_if_exists(existing) }}
    {% call statement('main') %}{{ get_create_table_as_sql(False, target_relation, sql) }}{% endcall %}
    {% do create_indexes(target_relation) %}
  {% else %}
    {% call statement('stage') %}{{ create_table_as(True, stage, compiled_code) }}{% endcall %}
    {% set columns = adapter.get_columns_in_relation(existing) %}
    {% set key = config.require('ledger_key') %}
    {% call statement('main') %}
      insert into {{ target_relation }} ({{ get_quoted_csv(columns | map(attribute='name')) }})
      select * from {{ stage.identifier }} as stage
      where not exists (select from {{ target_relation }} as old where old.{{ key }} = stage.{{ key }})
    {% endcall %}
    {% call statement('gone') %}drop table {{ stage.identifier }}{% endcall %}
  {% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
`;

describe('runner build: materializations of the project', () => {
  const database = useDatabase();
  beforeEach(async () => {
    await database.query('drop schema if exists shop cascade');
    await database.query('create schema shop');
    await database.query('create table shop.raw (id int, name text)');
    await database.query(`insert into shop.raw values (1, 'a'), (2, 'b')`);
  });

  const config = `{{ config(materialized='ledger', ledger_key='id', indexes=[{'columns': ['id'], 'unique': true}],
    post_hook="insert into shop.log select count(*) from {{ this }}") }}`;
  const files = {
    'macros/ledger.sql': ledger,
    'models/kept.sql': `${config} select id, name from shop.raw`,
    'models/above.sql': `select count(*)::int as n from {{ ref('kept') }}`,
  };
  const rows = (sql: string) => database.query(sql);

  it('run their statements once each, with hooks, indexes and what follows them', async () => {
    await database.query('create table shop.log (n int)');
    const first = await buildProject(database.connection, files);
    equal(first.code, 0, first.err);
    deepEqual(await rows('select * from shop.kept order by id'), [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ]);
    equal((await rows(`select 1 from pg_indexes where tablename = 'kept'`)).length, 1);
    await database.query(`delete from shop.raw where id = 1`);
    await database.query(`insert into shop.raw values (3, 'c')`);
    const second = await buildProject(database.connection, files);
    equal(second.code, 0, second.err);
    deepEqual(await rows('select id from shop.kept order by id'), [
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    deepEqual(await rows('select n from shop.log order by n'), [{ n: 2 }, { n: 3 }]);
    deepEqual(await rows('select n from shop.above'), [{ n: 3 }]);
  });

  it('are taken back whole where a test of theirs fails, and what follows is skipped', async () => {
    await database.query('create table shop.log (n int)');
    const tested = {
      ...files,
      'models/kept.yml':
        'models: [{name: kept, columns: [{name: name, data_tests: [{accepted_values: {arguments: {values: [a, b]}}}]}]}]',
    };
    equal((await buildProject(database.connection, tested)).code, 0);
    await database.query(`insert into shop.raw values (3, 'c')`);
    const failed = await buildProject(database.connection, tested);
    equal(failed.code, 1);
    match(failed.err, /SKIP ledger shop\.kept/);
    match(failed.err, /SKIP view shop\.above/);
    deepEqual(await rows('select id from shop.kept order by id'), [{ id: 1 }, { id: 2 }]);
    deepEqual(await rows('select n from shop.log'), [{ n: 2 }]);
  });

  it('say which of their statements the database refuses, and leave nothing half done', async () => {
    const broken = await buildProject(database.connection, files);
    equal(broken.code, 1);
    match(broken.err, /materialization: relation "shop\.log" does not exist/);
    deepEqual(
      await rows(
        `select to_regclass('shop.kept') as kept where to_regclass('shop.kept') is not null`,
      ),
      [],
    );
  });

  it('never drop by cascade', async () => {
    await database.query('create table shop.log (n int)');
    await buildProject(database.connection, files);
    await database.query('create view shop.theirs as select id from shop.kept');
    const refresh = `${config.replace("'ledger',", "'ledger', full_refresh=true,")} select 1 as id, 'x' as name`;
    const result = await buildProject(database.connection, {
      ...files,
      'models/kept.sql': refresh,
    });
    equal(result.code, 1);
    match(result.err, /cannot drop table shop\.kept because other objects depend on it/);
    equal((await rows('select 1 from shop.theirs')).length, 2);
  });

  it('may stand in place of a built-in one, `default` behind the one for PostgreSQL', async () => {
    const own = (adapter: string, word: string) =>
      `{% materialization table, ${adapter} %}{% call statement('main') %}create table {{ this }} as select '${word}'::text as made_by{% endcall %}{{ return({'relations': [this]}) }}{% endmaterialization %}`;
    const result = await buildProject(database.connection, {
      'macros/own.sql': own('default', 'default') + own("adapter='postgres'", 'postgres'),
      'models/t.sql': `{{ config(materialized='table') }} select 1 as id`,
    });
    equal(result.code, 0, result.err);
    deepEqual(await rows('select made_by from shop.t'), [{ made_by: 'postgres' }]);
  });

  it('that nobody defines are an error with those that there are', async () => {
    const result = await buildProject(database.connection, {
      'models/t.sql': `{{ config(materialized='ledgre') }} select 1 as id`,
    });
    equal(result.code, 2);
    match(
      result.err,
      /there is no materialization `ledgre`: there are `view`, `table`, `incremental`, `materialized_view` and `ephemeral`, and those that the project defines/,
    );
  });
});
