// A table into which rows are merged is reconciled with its config like one that is made anew.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, type Built, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

const merged = {
  'an incremental model by delete+insert': (config: string, sql: string): Files => ({
    'models/t.sql': `{{ config(materialized='incremental', unique_key='id', ${config}) }}\n${sql}`,
  }),
  'an incremental model by merge': (config: string, sql: string): Files => ({
    'models/t.sql': `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', ${config}) }}\n${sql}`,
  }),
  'an incremental model by append': (config: string, sql: string): Files => ({
    'models/t.sql': `{{ config(materialized='incremental', incremental_strategy='append', ${config}) }}\n${sql}`,
  }),
  'a snapshot': (config: string, sql: string): Files => ({
    'snapshots/t.sql': `{% snapshot t %}
{{ config(strategy='check', check_cols='all', unique_key='id', ${config}) }}
${sql}
{% endsnapshot %}`,
  }),
};

describe('runner/plan: reconciling a table that rows are merged into', function () {
  this.timeout(60_000);
  const database = useDatabase();
  // Roles belong to the whole server: each process has its own.
  const [ann, bob] = [`fundlens_${process.pid}_merge_ann`, `fundlens_${process.pid}_merge_bob`];
  const build = async (files: Files, parts: BuildParts = {}): Promise<Built> => {
    const built = await buildProject(database.connection, files, parts);
    equal(built.code, 0, built.err);
    return built;
  };
  const column = async (sql: string) =>
    (await database.query(sql)).map((row) => Object.values(row)[0]);
  const indexes = () =>
    column(
      "select indexname || ' ' || substring(indexdef from 'USING .*') from pg_indexes where schemaname = 'shop' and indexname not like '%\\_\\_idx\\_%' order by 1",
    );
  const grants = async () =>
    (
      await column(
        `select pg_get_userbyid(grantee) || ' ' || lower(privilege_type)
         from pg_class cross join lateral aclexplode(relacl)
         where oid = 'shop.t'::regclass and grantee <> relowner order by 1`,
      )
    ).map((text) => String(text).replace(/^.*_merge_/, ''));

  before(async () => {
    for (const name of [ann, bob]) await database.query(`create role ${name}`);
  });
  after(async () => {
    await database.query('drop schema if exists shop cascade');
    for (const name of [ann, bob]) {
      await database.query(`drop owned by ${name}`);
      await database.query(`drop role ${name}`);
    }
  });
  beforeEach(() => database.query('drop schema if exists shop cascade'));

  for (const [kind, files] of Object.entries(merged)) {
    it(`makes, drops and marks what the config of ${kind} says now, and keeps what was made by hand`, async () => {
      await build(
        files(
          `indexes=[{'columns': ['id'], 'name': 'first'}, {'columns': ['note']}],
           grants={'select': ['${ann}']},
           meta={'runner': {'statistics': [{'columns': ['id', 'note']}]}}`,
          "select 1 as id, 'a' as note",
        ),
      );
      await database.query('create index by_hand on shop.t (note)');
      const [oid] = await column("select 'shop.t'::regclass::oid::text");
      const [automatic] = await column(
        "select indexname from pg_indexes where schemaname = 'shop' and indexname like '%\\_\\_idx\\_%'",
      );
      match(String(automatic), /^t__idx_[0-9a-f]{12}$/);
      await build(
        files(
          `indexes=[{'columns': ['id', 'note'], 'name': 'first'}, {'columns': ['note'], 'name': 'second', 'where': 'id > 1'}],
           grants={'select': ['${bob}'], 'insert': ['${bob}']}, persist_docs={'relation': true},
           meta={'runner': {'storage_parameters': {'fillfactor': 60}}}`,
          "select 2 as id, 'b' as note",
        ),
      );
      deepEqual(await column("select 'shop.t'::regclass::oid::text"), [oid]);
      deepEqual(await column('select id from shop.t order by id'), [1, 2]);
      deepEqual(await indexes(), [
        'by_hand USING btree (note)',
        'first USING btree (id, note)',
        'second USING btree (note) WHERE (id > 1)',
      ]);
      deepEqual(await column(`select to_regclass('shop.${automatic}')`), [null]);
      deepEqual(await grants(), ['bob insert', 'bob select']);
      deepEqual(await column("select reloptions from pg_class where oid = 'shop.t'::regclass"), [
        ['fillfactor=60'],
      ]);
      deepEqual(
        await column("select 1 from pg_statistic_ext where stxrelid = 'shop.t'::regclass"),
        [],
      );
      await build(files('tags=[]', "select 3 as id, 'c' as note"));
      deepEqual(await indexes(), ['by_hand USING btree (note)']);
      deepEqual(await grants(), ['bob insert', 'bob select']);
    });
  }

  const contracted = (sql: string, yaml: string): Files => ({
    'models/t.sql': `{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }} ${sql}`,
    'models/s.yml': `models:
  - name: t
    config: {contract: {enforced: true}}
${yaml}`,
  });

  it('drops a constraint before rows that it would refuse, and adds others once rows are mended', async () => {
    await build(
      contracted(
        'select 1 as id, 5 as n union all select 2, null',
        `    constraints: [{type: check, expression: n > 0}]
    columns: [{name: id, data_type: int}, {name: n, data_type: int}]
`,
      ),
    );
    await build(
      contracted(
        'select 2 as id, -2 as n',
        `    constraints: [{type: check, expression: n <> 0}, {type: unique, columns: [id]}]
    columns: [{name: id, data_type: int}, {name: n, data_type: int, constraints: [{type: not_null}]}]
`,
      ),
    );
    deepEqual(await column('select n from shop.t order by id'), [5, -2]);
    deepEqual(
      await column(
        "select pg_get_constraintdef(oid) || convalidated::text from pg_constraint where conrelid = 'shop.t'::regclass and contype <> 'n' order by 1",
      ),
      ['CHECK ((n <> 0))true', 'UNIQUE (id)true'],
    );
    deepEqual(
      await column(
        "select attname::text from pg_attribute where attrelid = 'shop.t'::regclass and attnum > 0 and attnotnull",
      ),
      ['n'],
    );
  });

  it('attaches the partitions that the config names newly, the default one too', async () => {
    const files = (partitions: string, rest = ''): Files => ({
      'models/t.sql': `{{ config(materialized='incremental', unique_key=['cycle', 'id'],
          meta={'runner': {'partition_by': {'type': 'list', 'column': 'cycle', 'partitions': ${partitions} ${rest}}}}) }}
        select {{ env_var('ID') }} as id, {{ env_var('CYCLE') }} as cycle`,
    });
    const bounds = () =>
      column(
        "select pg_get_expr(relpartbound, oid) from pg_class join pg_inherits on inhrelid = oid where inhparent = 'shop.t'::regclass order by 1",
      );
    await build(files("[{'values': [2020]}]"), { env: { ID: '1', CYCLE: '2020' } });
    const two = "[{'values': [2020]}, {'values': [2022]}]";
    await build(files(two), { env: { ID: '2', CYCLE: '2022' } });
    deepEqual(await bounds(), ['FOR VALUES IN (2020)', 'FOR VALUES IN (2022)']);
    await build(files(two, ", 'default_partition': true"), { env: { ID: '3', CYCLE: '2024' } });
    deepEqual(await bounds(), ['DEFAULT', 'FOR VALUES IN (2020)', 'FOR VALUES IN (2022)']);
    await build(files(two, ", 'default_partition': true"), { env: { ID: '3', CYCLE: '2024' } });
    deepEqual(await column('select cycle from shop.t order by id'), [2020, 2022, 2024]);
  });
});
