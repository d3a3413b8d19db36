// A materialized view: refreshed where it stands while its definition is the same, else built aside.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import pg from 'pg';
import { clientConfig } from '../../../core/database.ts';
import { useDatabase } from '../../support/database.ts';
import { dataTest, type ModelParts, model, modelId, testId } from '../../support/manifest.ts';
import { outcomeOf, runNodes, statuses } from '../../support/run-plan.ts';

describe('runner/execute: materialized views', () => {
  const database = useDatabase();
  const schema = 'shop';
  const build = (nodes: Parameters<typeof runNodes>[1], parts?: Parameters<typeof runNodes>[2]) =>
    runNodes(database.connection, nodes, parts);
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const oidOf = (name: string) => one(`select '${schema}.${name}'::regclass::oid::int`);
  const byId = { columns: ['id'], unique: true, type: undefined };
  const totals = (sql = `select id, amount from ${schema}.raw`, parts: Partial<ModelParts> = {}) =>
    model('totals', { schema, sql, materialized: 'materialized_view', indexes: [byId], ...parts });

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
    await database.query(`create schema ${schema}`);
    await database.query(`create table ${schema}.raw (id int, amount int)`);
    await database.query(`insert into ${schema}.raw values (1, 10), (2, 20)`);
  });

  const leftovers = () =>
    database.query(
      `select relname from pg_class where relnamespace = to_regnamespace('${schema}')
         and relname ~ '__(staged|retired|next|old)_' order by 1`,
    );

  it('is created filled, with its indexes, and nothing beside it', async () => {
    deepEqual(statuses(await build([totals()])), { [modelId('totals')]: 'success' });
    deepEqual(await database.query(`select * from ${schema}.totals order by id`), [
      { id: 1, amount: 10 },
      { id: 2, amount: 20 },
    ]);
    equal(await one(`select relkind from pg_class where oid = '${schema}.totals'::regclass`), 'm');
    equal(await one(`select count(*)::int from pg_indexes where tablename = 'totals'`), 1);
    deepEqual(await leftovers(), []);
  });

  it('is refreshed concurrently: it keeps its identity, its dependents and a transaction that reads it', async () => {
    await build([totals()]);
    const oid = await oidOf('totals');
    await database.query(
      `create materialized view ${schema}.above as select sum(amount) as n from ${schema}.totals`,
    );
    await database.query(`insert into ${schema}.raw values (3, 30)`);
    const reader = new pg.Client(clientConfig(database.connection, 'slow reader'));
    await reader.connect();
    await reader.query('begin');
    await reader.query(`select * from ${schema}.totals`);
    const result = await build([totals('SELECT  id,\n amount FROM shop.raw -- the same')]);
    equal(outcomeOf(result, modelId('totals')).error, undefined);
    equal((await reader.query(`select count(*)::int as n from ${schema}.totals`)).rows[0].n, 3);
    await reader.end();
    equal(await oidOf('totals'), oid);
    deepEqual(await leftovers(), []);
  });

  it('is built aside where its definition changed, and views on it live on', async () => {
    await build([totals()]);
    await database.query(
      `create view ${schema}.above as select sum(amount) as n from ${schema}.totals`,
    );
    const oid = await oidOf('totals');
    const changed = totals(`select id, amount * 2 as amount from ${schema}.raw`);
    equal(outcomeOf(await build([changed]), modelId('totals')).error, undefined);
    ok((await oidOf('totals')) !== oid);
    equal(await one(`select n::int from ${schema}.above`), 60);
    deepEqual(await leftovers(), []);
  });

  it('is built aside and swapped without a unique index, so that readers go on', async () => {
    const bare = (sql?: string) => totals(sql, { indexes: [] });
    await build([bare()]);
    const oid = await oidOf('totals');
    await database.query(`insert into ${schema}.raw values (3, 30)`);
    await build([bare()]);
    ok((await oidOf('totals')) !== oid);
    equal(await one(`select count(*)::int from ${schema}.totals`), 3);
  });

  it('is refreshed plainly without a unique index where a swap would lose a dependent', async () => {
    const bare = totals(undefined, { indexes: [] });
    await build([bare]);
    const oid = await oidOf('totals');
    await database.query(
      `create materialized view ${schema}.above as select * from ${schema}.totals`,
    );
    await database.query(`insert into ${schema}.raw values (3, 30)`);
    equal(outcomeOf(await build([bare]), modelId('totals')).error, undefined);
    equal(await oidOf('totals'), oid);
    equal(await one(`select count(*)::int from ${schema}.totals`), 3);
    const changed = totals(`select id from ${schema}.raw`, { indexes: [] });
    const { error } = outcomeOf(await build([changed]), modelId('totals'));
    match(error?.message ?? '', /`shop\.totals` cannot be replaced: materialized view shop\.above/);
    equal(await one(`select count(amount)::int from ${schema}.totals`), 3);
    deepEqual(await leftovers(), []);
  });

  it('keeps its rows where a test of the refreshed ones fails', async () => {
    const nodes = [
      totals(),
      dataTest('few', 'select * from {totals} where id > 2', [totals()]),
      dataTest('broken', 'select * from {totals} where 1 / (amount - amount) = 1', [totals()], {
        severity: 'warn',
      }),
      dataTest('all', 'select * from {totals} where id is null', [totals()]),
    ];
    const first = await build(nodes);
    equal(outcomeOf(first, modelId('totals')).status, 'success');
    await database.query(`insert into ${schema}.raw values (3, 30)`);
    const result = await build(nodes);
    deepEqual(statuses(result), {
      [testId('few')]: 'fail',
      [testId('broken')]: 'error',
      [testId('all')]: 'pass',
      [modelId('totals')]: 'skipped',
    });
    deepEqual(outcomeOf(result, testId('few')).sample?.rows, [[3, 30]]);
    equal(await one(`select count(*)::int from ${schema}.totals`), 2);
    deepEqual(await leftovers(), []);
  });

  it('gets new indexes and loses those that its config no longer has, rows untouched', async () => {
    await build([totals()]);
    const oid = await oidOf('totals');
    const byAmount = { columns: ['amount'], unique: false, type: undefined };
    await build([totals(undefined, { indexes: [byId, byAmount] })]);
    equal(await one(`select count(*)::int from pg_indexes where tablename = 'totals'`), 2);
    await build([totals()]);
    equal(await one(`select count(*)::int from pg_indexes where tablename = 'totals'`), 1);
    equal(await oidOf('totals'), oid);
  });

  it('is built anew by a full refresh', async () => {
    await build([totals()]);
    const oid = await oidOf('totals');
    await build([totals(undefined, { isFullRefresh: true })]);
    ok((await oidOf('totals')) !== oid);
  });

  it('refuses or passes over changes where `on_configuration_change` says so', async () => {
    await build([totals()]);
    await database.query(`insert into ${schema}.raw values (3, 30)`);
    const sql = `select id, -amount as amount from ${schema}.raw`;
    const failing = await build([totals(sql, { onConfigurationChange: 'fail' })]);
    match(
      outcomeOf(failing, modelId('totals')).error?.message ?? '',
      /`shop\.totals` would change \(its definition\), and `on_configuration_change` is `fail`/,
    );
    equal(await one(`select count(*)::int from ${schema}.totals`), 2);
    const going = await build([totals(sql, { onConfigurationChange: 'continue' })]);
    equal(outcomeOf(going, modelId('totals')).notice, 'not applied: its definition');
    equal(await one(`select sum(amount)::int from ${schema}.totals`), 60);
    deepEqual(await leftovers(), []);
  });

  it('follows a table of the same run to new columns, and serves its old rows until then', async () => {
    const raw = (column: string) => model('base', { schema, sql: `select 1 as ${column}` });
    const above = (column: string) =>
      model('above', {
        schema,
        sql: `select ${column} from ${schema}.base`,
        materialized: 'materialized_view',
        dependsOn: [modelId('base')],
      });
    await build([raw('a'), above('a')]);
    const failing = await build([
      raw('b'),
      above('b'),
      dataTest('none', 'select * from {above}', [above('b')]),
    ]);
    equal(outcomeOf(failing, modelId('base')).status, 'success');
    equal(outcomeOf(failing, modelId('above')).status, 'skipped');
    equal(await one(`select a from ${schema}.above`), 1);
    equal(outcomeOf(await build([raw('b'), above('b')]), modelId('above')).error, undefined);
    equal(await one(`select b from ${schema}.above`), 1);
    await build([raw('b'), above('b')]);
    deepEqual(await leftovers(), []);
  });

  it('turns into a table and back under a view that reads it', async () => {
    await build([totals()]);
    await database.query(
      `create view ${schema}.above as select count(*)::int as n from ${schema}.totals`,
    );
    for (const materialized of ['table', 'materialized_view', 'view', 'materialized_view']) {
      const indexes = materialized === 'view' ? [] : [byId];
      const result = await build([totals(undefined, { materialized, indexes })]);
      equal(outcomeOf(result, modelId('totals')).error, undefined, materialized);
      equal(await one(`select n from ${schema}.above`), 2);
    }
    deepEqual(await leftovers(), []);
  });
});
