// Partitioned tables: partitions made from the data or named, rebuilt by a swap, in place, and by merges.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, type Built, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/plan: partitioned tables', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const run = (files: Files, parts: BuildParts = {}) =>
    buildProject(database.connection, files, parts);
  const build = async (files: Files, parts: BuildParts = {}): Promise<Built> => {
    const built = await run(files, parts);
    equal(built.code, 0, built.err);
    return built;
  };
  const model = (partitionBy: string, sql: string, config = ''): Files => ({
    'models/t.sql': `{{ config(materialized='table', meta={'runner': {'partition_by': ${partitionBy}}} ${config}) }}\n${sql}`,
  });
  const partitions = async () =>
    Object.fromEntries(
      (
        await database.query<{ bound: string; n: string }>(
          `select pg_get_expr(relpartbound, oid) as bound,
            (xpath('//n/text()', query_to_xml(format('select count(*) as n from shop.%I', relname), true, false, '')))[1]::text as n
           from pg_class join pg_inherits on inhrelid = oid where inhparent = 'shop.t'::regclass order by 1`,
        )
      ).map(({ bound, n }) => [bound, Number(n)]),
    );
  const names = async () =>
    (
      await database.query<{ relname: string }>(
        `select relname from pg_class where relnamespace = 'shop'::regnamespace and relkind in ('r', 'p') order by 1`,
      )
    ).map(({ relname }) => relname);

  beforeEach(() => database.query('drop schema if exists shop cascade'));

  it('makes a list partition for each value, NULL too, and swaps the whole under a view', async () => {
    const files = (sql: string) =>
      model("{'type': 'list', 'column': 'cycle'}", sql, ", indexes=[{'columns': ['id']}]");
    const rows = (low: number) =>
      `select i as id, case when i % 3 = 0 then null else ${low} + i % 3 end as cycle from generate_series(1, 9) as i`;
    await build(files(rows(2020)));
    deepEqual(await partitions(), {
      'FOR VALUES IN (2021)': 3,
      'FOR VALUES IN (2022)': 3,
      'FOR VALUES IN (NULL)': 3,
    });
    const first = await names();
    equal(first.length, 4);
    match(first.join(' '), /\bt_2021__part_[0-9a-f]{12}\b/);
    await database.query(
      'create view shop.v as select count(*)::int as n, max(cycle) as top from shop.t',
    );
    await build(files(rows(2020)));
    deepEqual(await names(), first);
    await build(files(rows(2030)));
    deepEqual(await database.query('select * from shop.v'), [{ n: 9, top: 2032 }]);
    deepEqual(Object.keys(await partitions()), [
      'FOR VALUES IN (2031)',
      'FOR VALUES IN (2032)',
      'FOR VALUES IN (NULL)',
    ]);
    deepEqual(
      await database.query("select relname from pg_class where relname ~ '__(staged|retired)_'"),
      [],
    );
  });

  it('cuts ranges of time and of numbers, whatever the time zone of the session', async () => {
    await build(
      model(
        "{'type': 'range', 'column': 'day', 'interval': 'month', 'default_partition': True}",
        "select d::date as day from unnest(array['2024-01-31', '2024-02-01', '2024-02-29', null]) as d",
        ', pre_hook="set time zone \'America/New_York\'"',
      ),
    );
    deepEqual(await partitions(), {
      DEFAULT: 1,
      "FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')": 1,
      "FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')": 2,
    });
    await build(
      model(
        "{'type': 'range', 'column': 'id', 'interval': 100}",
        'select i as id from generate_series(-50, 150, 50) as i',
      ),
    );
    deepEqual(await partitions(), {
      "FOR VALUES FROM ('-100') TO (0)": 1,
      'FOR VALUES FROM (0) TO (100)': 2,
      'FOR VALUES FROM (100) TO (200)': 2,
    });
    await build(
      model(
        "{'type': 'range', 'column': 'at', 'interval': 'day'}",
        "select '2024-03-10 23:30:00-05'::timestamptz as at",
      ),
    );
    deepEqual(
      await database
        .query("select relname from pg_class where relname like 't_2024_03_11%' and relkind = 'r'")
        .then((rows) => rows.length),
      1,
    );
  });

  it('makes the partitions that the config names, with their storage, and inserts at once', async () => {
    const files: Files = {
      'models/t.sql': `{{ config(materialized='table', meta={'runner': {
          'storage_parameters': {'fillfactor': 80},
          'partition_by': {'type': 'range', 'column': 'id',
            'partitions': [{'from': none, 'to': 10}, {'from': 10, 'to': 20}]}}}) }}
        select i as id from generate_series(1, {{ env_var('TOP') }}) as i`,
    };
    const built = await build(files, { env: { TOP: '15' } });
    match(built.err, /15 rows/);
    deepEqual(await partitions(), {
      'FOR VALUES FROM (10) TO (20)': 6,
      'FOR VALUES FROM (MINVALUE) TO (10)': 9,
    });
    deepEqual(
      await database.query(
        "select distinct reloptions from pg_class where relispartition and relkind = 'r'",
      ),
      [{ reloptions: ['fillfactor=80'] }],
    );
    const outside = await run(files, { env: { TOP: '25' } });
    equal(outside.code, 1);
    match(outside.err, /no partition of relation/);
    equal((await database.query('select 1 from shop.t')).length, 15);
  });

  it('exchanges rows in place under a foreign key, and attaches what is new', async () => {
    const files = (sql: string): Files => ({
      'models/t.sql': `{{ config(materialized='table', meta={'runner': {'partition_by': {'type': 'list', 'column': 'cycle'}}}) }} ${sql}`,
      'models/t.yml': `models:
  - name: t
    config: {contract: {enforced: true}}
    constraints: [{type: primary_key, columns: [cycle, id]}]
    columns: [{name: id, data_type: int}, {name: cycle, data_type: int}, {name: n, data_type: int}]
`,
    });
    await build(files('select 1 as id, 2020 as cycle, 1 as n union all select 2, 2022, 1'));
    await database.query(
      'create table shop.child (id int, cycle int, foreign key (cycle, id) references shop.t (cycle, id))',
    );
    await database.query('insert into shop.child values (1, 2020)');
    const oid = await database.query("select 'shop.t'::regclass::oid::int as oid");
    await build(files('select 1 as id, 2020 as cycle, 7 as n union all select 3, 2024, 7'));
    deepEqual(await database.query("select 'shop.t'::regclass::oid::int as oid"), oid);
    deepEqual(await database.query('select id, cycle, n from shop.t order by 1'), [
      { id: 1, cycle: 2020, n: 7 },
      { id: 3, cycle: 2024, n: 7 },
    ]);
    deepEqual(await partitions(), {
      'FOR VALUES IN (2020)': 1,
      'FOR VALUES IN (2022)': 0,
      'FOR VALUES IN (2024)': 1,
    });
  });

  it('exchanges rows without a key in place, partition by partition', async () => {
    const files = (sql: string) => model("{'type': 'list', 'column': 'cycle'}", sql);
    await build(
      files('select 2020 as cycle, 1 as n union all select 2020, 1 union all select 2022, 2'),
    );
    await database.query(
      'create function shop.bound() returns bigint begin atomic select count(*) from shop.t; end',
    );
    await build(
      files('select 2020 as cycle, 1 as n union all select 2022, 3 union all select 2024, 4'),
    );
    deepEqual(await database.query('select cycle, n from shop.t order by 1, 2'), [
      { cycle: 2020, n: 1 },
      { cycle: 2022, n: 3 },
      { cycle: 2024, n: 4 },
    ]);
  });

  it('merges into a partitioned table and attaches the partitions that new rows ask for', async () => {
    const files: Files = {
      'models/t.sql': `{{ config(materialized='incremental', unique_key=['cycle', 'id'],
          meta={'runner': {'partition_by': {'type': 'list', 'column': 'cycle'}}}) }}
        select {{ env_var('ID') }} as id, {{ env_var('CYCLE') }} as cycle`,
    };
    await build(files, { env: { ID: '1', CYCLE: '2020' } });
    await build(files, { env: { ID: '2', CYCLE: '2020' } });
    await build(files, { env: { ID: '3', CYCLE: '2022' } });
    await build(files, { env: { ID: '3', CYCLE: '2022' } });
    deepEqual(await partitions(), { 'FOR VALUES IN (2020)': 2, 'FOR VALUES IN (2022)': 1 });
  });

  it('turns a plain table into a partitioned one and back', async () => {
    const sql = 'select 1 as id';
    await build({ 'models/t.sql': `{{ config(materialized='table') }} ${sql}` });
    await build(model("{'type': 'list', 'column': 'id'}", sql));
    deepEqual(await partitions(), { 'FOR VALUES IN (1)': 1 });
    await build({ 'models/t.sql': `{{ config(materialized='table') }} ${sql}` });
    deepEqual(await names(), ['t']);
  });

  it('refuses what cannot be partitioned, rows without a key and far too many partitions', async () => {
    const nowhere = await run(
      model("{'type': 'range', 'column': 'id', 'interval': 10}", 'select null::int as id'),
    );
    equal(nowhere.code, 1);
    match(nowhere.err, /rows of `shop.t` have no `id`[\s\S]*default_partition: true/);
    const many = await run(
      model(
        "{'type': 'list', 'column': 'id'}",
        'select i as id from generate_series(1, 1001) as i',
      ),
    );
    match(many.err, /`shop.t` would have 1001 partitions by `id`/);
    const view = await run({
      'models/t.sql':
        "{{ config(meta={'runner': {'partition_by': {'type': 'list', 'column': 'id'}}}) }} select 1 as id",
    });
    match(view.err, /a view has no partitions/);
    const snapshot = await run({
      'snapshots/t.sql':
        "{% snapshot t %}{{ config(strategy='check', check_cols='all', unique_key='id', meta={'runner': {'partition_by': {'type': 'list', 'column': 'id'}}}) }} select 1 as id{% endsnapshot %}",
    });
    match(snapshot.err, /a snapshot has no partitions/);
    const wrong = await run(
      model("{'type': 'list', 'column': 'id', 'interval': 'day'}", 'select 1 as id'),
    );
    match(wrong.err, /a range has an `interval` or `partitions`, and a list has no `interval`/);
  });
});
