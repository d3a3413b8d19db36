// A role that owns nothing but its schemas is enough for all that a project can ask, and `role` of the profile sets it.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';
import { queryOnce } from '../../support/query.ts';

describe('runner/execute: roles', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const builder = `fundlens_${process.pid}_builder`;
  const login = `fundlens_${process.pid}_login`;
  const reader = `fundlens_${process.pid}_reader`;
  const asBuilder = () => ({ ...database.connection, user: builder, password: 'secret' });

  before(async () => {
    await database.query(`create role ${builder} login password 'secret'`);
    await database.query(`create role ${login} login password 'secret' in role ${builder}`);
    await database.query(`create role ${reader}`);
  });
  after(async () => {
    for (const name of [builder, login, reader]) {
      await database.query(`drop owned by ${name} cascade`);
      await database.query(`drop role ${name}`);
    }
  });
  beforeEach(async () => {
    await database.query('drop schema if exists shop cascade');
    await database.query('drop schema if exists raw cascade');
    await database.query(`create schema shop authorization ${builder}`);
    await database.query('create schema raw');
    await database.query(
      'create table raw.orders as select i as id, i % 3 as cycle from generate_series(1, 9) as i',
    );
    await database.query(`grant usage on schema raw to ${builder}`);
    await database.query(`grant select on raw.orders to ${builder}`);
  });

  const project = (n: number): Files => ({
    'dbt_project.yml': `name: shop
version: '1.0'
profile: shop
on-run-end: analyze shop.customers
`,
    'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]\n',
    'seeds/names.csv': 'id,name\n1,a\n2,b\n',
    'models/orders.sql': `{{ config(materialized='table', grants={'select': ['${reader}']}, meta={'runner': {'partition_by': {'type': 'list', 'column': 'cycle'}}}) }}
      select id, cycle, ${n} as n from {{ source('raw', 'orders') }}`,
    'models/customers.sql': `{{ config(materialized='table', indexes=[{'columns': ['n'], 'name': 'own'}], post_hook='comment on table {{ this }} is \\'hooked\\'',
        meta={'runner': {'statistics': [{'columns': ['id', 'n']}]}}) }} select id, ${n} as n from {{ ref('names') }}`,
    'models/facts.sql':
      "{{ config(materialized='incremental', unique_key='id') }} select id, n from {{ ref('orders') }}",
    'models/totals.sql':
      "{{ config(materialized='materialized_view', indexes=[{'columns': ['n'], 'unique': True}]) }} select n, count(*) as orders from {{ ref('facts') }} group by n",
    'models/v.sql':
      "select c.id, o.n from {{ ref('customers') }} as c left join {{ ref('orders') }} as o on o.id = c.id",
    'models/s.yml': `models:
  - name: customers
    config: {contract: {enforced: true}}
    constraints: [{type: check, expression: n > 0}]
    columns: [{name: id, data_type: int, constraints: [{type: primary_key}]}, {name: n, data_type: int}]
  - name: orders
    columns: [{name: id, data_tests: [unique, not_null]}]
`,
  });

  const state = () =>
    database.query<{ name: string; owner: string }>(
      `select relname as name, pg_get_userbyid(relowner) as owner from pg_class
       where relnamespace = 'shop'::regnamespace and relkind in ('r', 'p', 'v', 'm') and not relispartition order by 1`,
    );
  const relations = ['customers', 'facts', 'names', 'orders', 'totals', 'v'];
  const owned = relations.map((name) => ({ name, owner: builder }));

  const twice = async (connection: typeof database.connection, parts: BuildParts) => {
    for (const n of [1, 2]) {
      const built = await buildProject(connection, project(n), parts);
      equal(built.code, 0, built.err);
    }
    deepEqual(await state(), owned);
    deepEqual(await database.query('select n, orders::int from shop.totals'), [
      { n: 2, orders: 9 },
    ]);
    deepEqual(await database.query('select distinct n from shop.v'), [{ n: 2 }]);
    deepEqual(await database.query("select obj_description('shop.customers'::regclass) as said"), [
      { said: 'hooked' },
    ]);
    deepEqual(
      await database.query('select has_table_privilege($1, $2, $3) as may', [
        reader,
        'shop.orders',
        'select',
      ]),
      [{ may: true }],
    );
  };

  it('builds everything twice with no right but to its own schema and to what it reads', async () => {
    deepEqual(
      await queryOnce(
        asBuilder(),
        `select rolsuper, rolcreaterole, has_database_privilege(current_database(), 'create') as creates from pg_roles where rolname = current_user`,
      ),
      [{ rolsuper: false, rolcreaterole: false, creates: false }],
    );
    await twice(asBuilder(), {});
  });

  it('builds as the `role` of the profile, which owns what is built', async () => {
    await twice({ ...database.connection, user: login, password: 'secret' }, { role: builder });
  });

  it('publishes in place under a view of a role that it is no member of, and keeps its rights', async () => {
    await buildProject(asBuilder(), project(1));
    await database.query(`create schema report authorization ${reader}`);
    try {
      await database.query('create view report.top as select max(n) as n from shop.orders');
      await database.query(`alter view report.top owner to ${reader}`);
      const built = await buildProject(asBuilder(), project(5), { select: ['orders'] });
      equal(built.code, 0, built.err);
      deepEqual(await database.query('select n from report.top'), [{ n: 5 }]);
    } finally {
      await database.query('drop schema report cascade');
    }
  });

  it('says which right is missing where a schema is to be made and may not be', async () => {
    await database.query('drop schema shop cascade');
    const built = await buildProject(asBuilder(), { 'models/t.sql': 'select 1 as id' });
    equal(built.code === 0, false);
    match(built.err, /permission denied for database/);
  });

  it('keeps no role and no setting of a hook for the next node', async () => {
    const built = await buildProject(database.connection, {
      'models/a.sql': `{{ config(materialized='table', pre_hook="set search_path = raw; set work_mem = '9MB'; set role ${builder}") }} select * from orders`,
      'models/b.sql':
        "{{ config(materialized='table') }} select current_setting('work_mem') = '9MB' as kept, current_user::text as who from {{ ref('a') }}",
    });
    equal(built.code, 0, built.err);
    deepEqual(await database.query('select distinct kept, who from shop.b'), [
      { kept: false, who: database.connection.user },
    ]);
    deepEqual((await state()).find(({ name }) => name === 'a')?.owner, builder);
  });
});
