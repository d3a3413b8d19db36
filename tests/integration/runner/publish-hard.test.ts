// Publishing where it is hard: many views, old snapshots, long transactions, other owners.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig } from '../../../core/database.ts';
import { useDatabase } from '../../support/database.ts';
import { model, modelId } from '../../support/manifest.ts';
import { outcomeOf, runNodes, statuses } from '../../support/run-plan.ts';

describe('runner/execute: publishing where it is hard', () => {
  const database = useDatabase();
  const schema = 'shop';
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const build = (nodes: Parameters<typeof runNodes>[1], parts?: Parameters<typeof runNodes>[2]) =>
    runNodes(database.connection, nodes, parts);
  const oidOf = (name: string) => one(`select '${schema}.${name}'::regclass::oid::int`);
  const table = (n: number, parts: object = {}) =>
    model('it', { schema, sql: `select ${n} as n from generate_series(1, 100)`, ...parts });

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  const connect = async (name: string) => {
    const client = new pg.Client(clientConfig(database.connection, name));
    await client.connect();
    return client;
  };

  it('swaps a table under 200 views, half of them on views, and each stays itself', async function () {
    this.timeout(60_000);
    await build([table(1)]);
    await database.query(
      `do $$ begin for i in 1 .. 100 loop
         execute format('create view ${schema}.direct_%s as select n, %s as i from ${schema}.it', i, i);
         execute format('create view ${schema}.above_%s as select n from ${schema}.direct_%s', i, i);
       end loop; end $$`,
    );
    const views = () =>
      database.query(
        `select relname, oid from pg_class where relnamespace = '${schema}'::regnamespace and relkind = 'v' order by 1`,
      );
    const before = await views();
    const oid = await oidOf('it');
    equal(outcomeOf(await build([table(2)]), modelId('it')).error, undefined);
    ok((await oidOf('it')) !== oid);
    deepEqual(await views(), before);
    equal(await one(`select n from ${schema}.above_77 limit 1`), 2);
  });

  it('serves an old snapshot with its own rows where it publishes in place, through two builds', async () => {
    await build([table(1, { publishInPlace: true })]);
    const oid = await oidOf('it');
    const reader = await connect('old snapshot');
    await reader.query('begin isolation level repeatable read');
    await reader.query('select 1 as snapshot from pg_class limit 1');
    for (const n of [2, 3]) {
      const result = await build([table(n, { publishInPlace: true })]);
      equal(outcomeOf(result, modelId('it')).error, undefined);
    }
    const { rows } = await reader.query(
      `select count(*)::int as rows, min(n) as n from ${schema}.it`,
    );
    deepEqual(rows, [{ rows: 100, n: 1 }]);
    await reader.end();
    equal(await oidOf('it'), oid);
    equal(await one(`select min(n) from ${schema}.it`), 3);
  });

  it('swaps a table that publishes in place once its columns are new, since rows cannot be exchanged', async () => {
    await build([table(1, { publishInPlace: true })]);
    const sql = `select 2 as n, 'x' as more`;
    const result = await build([model('it', { schema, sql, publishInPlace: true })]);
    equal(outcomeOf(result, modelId('it')).error, undefined);
    equal(await one(`select more from ${schema}.it`), 'x');
  });

  it('publishes beside a READ COMMITTED transaction that has read the table and stays open', async function () {
    this.timeout(60_000);
    await build([table(1)]);
    const reader = await connect('held open');
    await reader.query('begin');
    await reader.query(`select * from ${schema}.it`);
    const others = await connect('others');
    let waited = 0;
    let isBuilding = true;
    const polling = (async () => {
      while (isBuilding) {
        const startedAt = Date.now();
        await others.query(`select * from ${schema}.it limit 1`);
        waited = Math.max(waited, Date.now() - startedAt);
        await sleep(20);
      }
    })();
    const result = await build([table(2)], { publishBudgetMs: 3_000 });
    isBuilding = false;
    await polling;
    equal(outcomeOf(result, modelId('it')).error, undefined);
    deepEqual((await reader.query(`select min(n) as n from ${schema}.it`)).rows, [{ n: 2 }]);
    ok(waited < 3_000, `another reader waited ${waited} ms`);
    await reader.end();
    await others.end();
  });

  it('keeps a table in its publication, under its rule and as the type of a column', async () => {
    const keyed = (n: number) =>
      model('it', { schema, sql: `select id, ${n} as n from generate_series(1, 100) as id` });
    await build([keyed(1)]);
    await database.query(`alter table ${schema}.it add primary key (id)`);
    await database.query(`create publication news_${process.pid} for table ${schema}.it`);
    try {
      await database.query(`create table ${schema}.holder (one ${schema}.it)`);
      await database.query(
        `create rule quiet as on delete to ${schema}.holder do instead select * from ${schema}.it`,
      );
      const oid = await oidOf('it');
      equal(outcomeOf(await build([keyed(2)]), modelId('it')).error, undefined);
      equal(await oidOf('it'), oid);
      equal(await one(`select min(n) from ${schema}.it`), 2);
      equal(
        await one(`select tablename from pg_publication_tables where pubname like 'news_%'`),
        'it',
      );
    } finally {
      await database.query(`drop publication news_${process.pid}`);
    }
  });

  it('publishes several models at once under views of both, without a deadlock', async function () {
    this.timeout(60_000);
    const pair = (n: number) =>
      ['a', 'b', 'c', 'd'].map((name) => model(name, { schema, sql: `select ${n} as n` }));
    await build(pair(1));
    await database.query(
      `create view ${schema}.all_of_them as select a.n from ${schema}.a join ${schema}.b using (n)
         join ${schema}.c using (n) join ${schema}.d using (n)`,
    );
    for (let n = 2; n < 8; n += 1) {
      const result = await build(pair(n), { threads: 4 });
      deepEqual(new Set(Object.values(statuses(result))), new Set(['success']));
    }
    equal(await one(`select n from ${schema}.all_of_them`), 7);
  });

  it('says whose view holds a column that goes, and leaves table and view as they were', async () => {
    const role = `other_${process.pid}`;
    await database.query(`create role ${role}`);
    try {
      await build([model('it', { schema, sql: 'select 1 as n, 2 as m' })]);
      await database.query(`grant create, usage on schema ${schema} to ${role}`);
      await database.query(`grant select on ${schema}.it to ${role}`);
      await database.query(`create view ${schema}.theirs as select m from ${schema}.it`);
      await database.query(`alter view ${schema}.theirs owner to ${role}`);
      const gone = await build([model('it', { schema, sql: 'select 1 as n' })]);
      match(
        outcomeOf(gone, modelId('it')).error?.message ?? '',
        /`shop\.it` is not published: view `shop\.theirs` reads column `m`, which is gone/,
      );
      const kept = await build([model('it', { schema, sql: 'select 1 as n, 3 as m' })]);
      equal(outcomeOf(kept, modelId('it')).error, undefined);
      equal(await one(`select m from ${schema}.theirs`), 3);
      equal(
        await one(`select pg_get_userbyid(relowner) from pg_class where relname = 'theirs'`),
        role,
      );
    } finally {
      await database.query(`drop schema ${schema} cascade`);
      await database.query(`drop role ${role}`);
    }
  });
});
