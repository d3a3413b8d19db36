// Hooks of nodes and of the run: where each runs, what `this` is, and what a failing one leaves.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/execute: hooks', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const run = (files: Files, parts: BuildParts = {}) =>
    buildProject(database.connection, files, parts);
  const notes = async () =>
    (await database.query<{ note: string }>('select note from shop.log order by n')).map(
      ({ note }) => note,
    );
  const say = (what: string) => `insert into shop.log (note) values (${what})`;

  beforeEach(async () => {
    await database.query('drop schema if exists shop cascade');
    await database.query('create schema shop');
    await database.query(
      'create table shop.log (n serial, note text, pid int default pg_backend_pid())',
    );
  });

  it('runs those before on the way to the stage and those after in the publishing transaction', async () => {
    const hooked = {
      'models/t.sql': `{{ config(materialized='table',
        pre_hook=[
          {'sql': "${say("'outside before: {{ this }}'")}", 'transaction': false},
          "create temporary table wanted as select 7 as id; set local work_mem = '7MB'",
          "${say("'inside before'")}"],
        post_hook=[
          "${say("'inside: ' || (select max(id) from {{ this }}) || ' ' || txid_current()")}",
          "${say("'same: ' || txid_current()")}",
          {'sql': "vacuum {{ this }}", 'transaction': false},
          {'sql': "${say("'outside after'")}", 'transaction': false}]) }}
        select id, current_setting('work_mem') as memory from wanted`,
    };
    const built = await run(hooked);
    equal(built.code, 0, built.err);
    deepEqual(await database.query('select * from shop.t'), [{ id: 7, memory: '7MB' }]);
    const [before, inside, first, second, after] = await notes();
    equal(before, `outside before: "${database.connection.database}"."shop"."t"`);
    equal(inside, 'inside before');
    match(first ?? '', /^inside: 7 \d+$/);
    equal(second?.replace('same:', 'inside: 7'), first);
    equal(after, 'outside after');
    equal((await run(hooked)).code, 0);
    equal((await notes()).length, 10);
  });

  it('publishes nothing where a hook of the transaction fails, and tells which', async () => {
    const files = (post: string, pre = '[]'): Files => ({
      'models/t.sql': `{{ config(materialized='table', pre_hook=${pre}, post_hook=${post}) }} select {{ var('n', 1) }} as n`,
      'models/below.sql': "select * from {{ ref('t') }}",
    });
    equal((await run(files('[]'))).code, 0);
    const failed = await run(files(`["${say("'kept?'")}", "selec 1"]`));
    equal(failed.code, 1);
    match(failed.err, /post-hook 2 of t: syntax error at or near "selec"[\s\S]*selec 1/);
    match(failed.err, /SKIP=1/);
    deepEqual(await notes(), []);
    const early = await run(files('[]', `["${say("'gone'")}", "select 1/0"]`));
    equal(early.code, 1);
    match(early.err, /pre-hook 2 of t: division by zero/);
    deepEqual(await notes(), []);
    const late = await run(files(`{'sql': 'select 1/0', 'transaction': false}`));
    match(late.err, /post-hook of t: division by zero/);
    deepEqual(
      await database.query(
        "select relname from pg_class where relname ~ '__(next|old|staged|retired)_'",
      ),
      [],
    );
  });

  it('carries out each query of a hook’s template once, writing ones too', async () => {
    const built = await run({
      'macros/note.sql': `{% macro note(relation) %}
        {% do run_query("${say("'asked'")}") %}
        {% do run_query("${say("'asked'")}") %}
        {% set columns = adapter.get_columns_in_relation(relation) %}
        {% set found = run_query('select max(id) as top from ' ~ relation) %}
        ${say('\'{{ columns | map(attribute="name") | join(",") }} {{ found.columns[0].values()[0] }}\'')}
      {% endmacro %}`,
      'models/t.sql':
        "{{ config(materialized='table', post_hook='{{ note(this) }}') }} select 5 as id, 'x' as name",
    });
    equal(built.code, 0, built.err);
    deepEqual(await notes(), ['asked', 'asked', 'id,name 5']);
  });

  it('builds what a hook reads before the node', async () => {
    const built = await run({
      'models/z_first.sql': 'select 3 as id',
      'models/a_second.sql': `{{ config(materialized='table', pre_hook="${say("(select max(id)::text from {{ ref('z_first') }})")}") }} select 1 as id`,
    });
    equal(built.code, 0, built.err);
    deepEqual(await notes(), ['3']);
  });

  it('runs a header with the statement that makes the rows, refs in it resolved', async () => {
    const built = await run({
      'models/first.sql': "{{ config(schema='other') }} select 3 as id",
      'macros/set_sql_header.sql':
        '{% macro set_sql_header(config) %}{{ config.set("sql_header", caller()) }}{% endmacro %}',
      'models/t.sql': `{{ config(materialized='table') }}
        {% call set_sql_header(config) %}
          set local work_mem = '9MB'; create temporary table mine as select * from {{ ref('first') }};
        {% endcall %}
        select id, current_setting('work_mem') as memory from mine`,
    });
    equal(built.code, 0, built.err);
    deepEqual(await database.query('select * from shop.t'), [{ id: 3, memory: '9MB' }]);
  });

  it('runs hooks of a seed around its load', async () => {
    const files: Files = {
      'seeds/s.csv': 'id,name\n1,a\n2,b\n',
      'seeds/s.yml': `seeds:
  - name: s
    config:
      unlogged: true
      pre-hook: "${say("'before'")}"
      post-hook: "${say('(select count(*)::text from {{ this }})')}"
`,
    };
    equal((await run(files, { verb: 'seed' })).code, 0);
    deepEqual(await notes(), ['before', '2']);
    deepEqual(
      await database.query(
        "select relpersistence as p from pg_class where oid = 'shop.s'::regclass",
      ),
      [{ p: 'u' }],
    );
  });

  it('runs hooks of a materialized view that is refreshed where it stands', async () => {
    const files = {
      'models/m.sql': `{{ config(materialized='materialized_view', indexes=[{'columns': ['id'], 'unique': True}],
        post_hook=["${say("'inside ' || (select max(id) from {{ this }})")}",
          {'sql': "${say("'outside'")}", 'transaction': false}]) }} select 4 as id`,
    };
    equal((await run(files)).code, 0);
    equal((await run(files)).code, 0);
    deepEqual(await notes(), ['inside 4', 'outside', 'inside 4', 'outside']);
  });

  it('runs on-run-start before all and on-run-end after all, with results and schemas', async () => {
    const project = `name: shop
version: '1.0'
profile: shop
on-run-start:
  - "create table if not exists shop.log2 (note text)"
  - "{% do run_query('insert into shop.log (note) values (1)') %}"
on-run-end:
  - "{% for result in results %}insert into shop.log (note) values ('{{ result.node.name }} {{ result.status }} {{ result.node.resource_type }}');{% endfor %}"
  - "insert into shop.log (note) values ('{{ schemas | join(\\",\\") }} {{ database_schemas[0][1] }} {{ results | length }}')"
  - "vacuum shop.log"
`;
    const built = await run({
      'dbt_project.yml': project,
      'models/good.sql': 'select 1 as id',
      'models/bad.sql': 'select 1/0 as id from pg_class where relname is not null limit 1',
      'models/worse.sql': "{{ config(materialized='table') }} select * from {{ ref('bad') }}",
      'models/s.yml': 'models: [{name: good, columns: [{name: id, data_tests: [unique]}]}]',
    });
    equal(built.code, 1, built.err);
    deepEqual((await notes()).sort(), [
      '1',
      'bad success model',
      'good success model',
      'shop shop 4',
      'unique_good_id pass test',
      'worse error model',
    ]);
  });

  it('builds nothing after an on-run-start that fails', async () => {
    const built = await run({
      'dbt_project.yml':
        "name: shop\nversion: '1.0'\nprofile: shop\non-run-start: select 1/0\non-run-end: insert into shop.log (note) values ('end')\n",
      'models/t.sql': 'select 1 as id',
    });
    equal(built.code, 1);
    match(built.err, /`on-run-start` 1 of shop: division by zero/);
    match(built.err, /SKIP=1/);
    deepEqual(await notes(), ['end']);
    deepEqual(
      await database.query("select 1 from pg_class where relname = 't' and relkind = 'v'"),
      [],
    );
  });

  it('shows hooks in a dry run and runs none', async () => {
    const built = await run(
      {
        'models/t.sql': `{{ config(materialized='table', pre_hook="${say("'no'")}", post_hook="analyze {{ this }}") }} select 1 as id`,
      },
      { dryRun: true },
    );
    equal(built.code, 0, built.err);
    match(built.out, /-- pre-hook\ninsert into shop.log/);
    match(built.out, /-- post-hook\nanalyze \{\{ this \}\}/);
    deepEqual(await notes(), []);
  });
});
