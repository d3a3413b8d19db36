// Indexes, storage, statistics and comments from config: on new tables, on live ones, and taken away again.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, type Built, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/plan: indexes and storage from config', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const build = async (files: Files, parts: BuildParts = {}): Promise<Built> => {
    const built = await buildProject(database.connection, files, parts);
    equal(built.code, 0, built.err);
    return built;
  };
  const model = (
    config: string,
    sql = 'select 1 as id, 2 as amount, null::text as note',
  ): Files => ({
    'models/t.sql': `{{ config(materialized='table', ${config}) }}\n${sql}`,
  });
  const indexes = async () =>
    Object.fromEntries(
      (
        await database.query<{ name: string; def: string }>(
          "select indexname as name, indexdef as def from pg_indexes where schemaname = 'shop' order by 1",
        )
      ).map(({ name, def }) => [name, def.replace(/^.* USING /, 'USING ')]),
    );

  beforeEach(() => database.query('drop schema if exists shop cascade'));

  it('makes every form that PostgreSQL has', async () => {
    await build(
      model(`indexes=[
        {'columns': ['id'], 'unique': true, 'name': 't_key', 'include': ['amount'], 'nulls_not_distinct': true},
        {'columns': ['lower(note)'], 'name': 't_lower', 'where': 'amount > 0'},
        {'columns': [{'column': 'note', 'operator_class': 'text_pattern_ops', 'order': 'desc', 'nulls': 'last'}],
         'name': 't_pattern', 'with': {'fillfactor': 70}},
        {'columns': [{'expression': "coalesce(note, '')", 'collation': 'C'}], 'name': 't_c'},
        {'columns': ['note'], 'type': 'hash', 'name': 't_hash'}]`),
    );
    deepEqual(await indexes(), {
      t_c: `USING btree (COALESCE(note, ''::text) COLLATE "C")`,
      t_hash: 'USING hash (note)',
      t_key: 'USING btree (id) INCLUDE (amount) NULLS NOT DISTINCT',
      t_lower: 'USING btree (lower(note)) WHERE (amount > 0)',
      t_pattern: `USING btree (note text_pattern_ops DESC NULLS LAST) WITH (fillfactor='70')`,
    });
  });

  it('keeps names over rebuilds, drops what the config no longer has, and carries what was made by hand', async () => {
    const one =
      "indexes=[{'columns': ['id'], 'unique': true}, {'columns': ['note'], 'name': 'own'}]";
    await build(model(one));
    const before = Object.keys(await indexes());
    equal(before.length, 2);
    await database.query('create index by_hand on shop.t (amount)');
    await build(model(one));
    deepEqual(Object.keys(await indexes()).sort(), [...before, 'by_hand'].sort());
    await build(model("indexes=[{'columns': ['note', 'id'], 'name': 'own'}]"));
    deepEqual(await indexes(), {
      by_hand: 'USING btree (amount)',
      own: 'USING btree (note, id)',
    });
    await build(model('tags=[]'));
    deepEqual(Object.keys(await indexes()), ['by_hand']);
  });

  it('reconciles a table that is published in place, without a new identity', async () => {
    const files = (config: string): Files =>
      model(config, 'select 1 as id, 2 as amount, null::text as note');
    await build(files("indexes=[{'columns': ['id'], 'name': 'first'}, {'columns': ['amount']}]"));
    // A table that a function hangs on is not swapped.
    await database.query(
      'create function shop.bound() returns bigint begin atomic select count(*) from shop.t; end',
    );
    const identity = async () =>
      (await database.query<{ oid: string }>("select 'shop.t'::regclass::oid::text as oid"))[0]
        ?.oid;
    const oid = await identity();
    await database.query('create index by_hand on shop.t (note)');
    await build(
      files(
        `indexes=[{'columns': ['id', 'note'], 'name': 'first'}, {'columns': ['note'], 'unique': true, 'name': 'second'}],
         meta={'runner': {'storage_parameters': {'fillfactor': 60, 'toast.autovacuum_enabled': false},
           'statistics': [{'columns': ['id', 'amount'], 'kinds': ['ndistinct']}]}}`,
      ),
    );
    equal(await identity(), oid);
    deepEqual(await indexes(), {
      by_hand: 'USING btree (note)',
      first: 'USING btree (id, note)',
      second: 'USING btree (note)',
    });
    deepEqual(
      await database.query(
        `select reloptions, (select reloptions from pg_class as toast where toast.oid = t.reltoastrelid) as toast,
          (select array_agg(stxkind::text) from pg_statistic_ext where stxrelid = t.oid) as kinds
         from pg_class as t where oid = 'shop.t'::regclass`,
      ),
      [{ reloptions: ['fillfactor=60'], toast: ['autovacuum_enabled=false'], kinds: ['{d}'] }],
    );
    const again = await build(
      files(
        "indexes=[{'columns': ['id', 'note'], 'name': 'first'}], meta={'runner': {'storage_parameters': {}}}",
      ),
    );
    match(again.err, /PASS=1/);
    deepEqual(Object.keys(await indexes()), ['by_hand', 'first']);
    deepEqual(
      await database.query("select reloptions from pg_class where oid = 'shop.t'::regclass"),
      [{ reloptions: null }],
    );
    deepEqual(
      await database.query('select 1 from pg_statistic_ext where stxrelid = $1::regclass', [
        'shop.t',
      ]),
      [],
    );
  });

  it('makes unlogged tables, storage parameters, statistics and column settings, and swaps them', async () => {
    const files = model(
      `unlogged=true, meta={'runner': {
        'storage_parameters': {'fillfactor': 70, 'autovacuum_vacuum_scale_factor': 0.01, 'toast.autovacuum_enabled': false},
        'statistics': [{'columns': ['id', 'amount'], 'kinds': ['dependencies', 'ndistinct']}, {'columns': ['(id + amount)']}],
        'statistics_targets': {'note': 500}, 'column_storage': {'note': 'external'}, 'column_compression': {'note': 'pglz'}}}`,
    );
    const state = () =>
      database.query(
        `select relpersistence as p, reloptions as o,
          (select reloptions from pg_class as toast where toast.oid = t.reltoastrelid) as toast,
          (select count(*)::int from pg_statistic_ext where stxrelid = t.oid) as stats,
          (select attstattarget from pg_attribute where attrelid = t.oid and attname = 'note')::int as target,
          (select attstorage from pg_attribute where attrelid = t.oid and attname = 'note') as storage,
          (select attcompression from pg_attribute where attrelid = t.oid and attname = 'note') as compression
         from pg_class as t where oid = 'shop.t'::regclass`,
      );
    const expected = [
      {
        p: 'u',
        o: ['fillfactor=70', 'autovacuum_vacuum_scale_factor=0.01'],
        toast: ['autovacuum_enabled=false'],
        stats: 2,
        target: 500,
        storage: 'e',
        compression: 'p',
      },
    ];
    await build(files);
    deepEqual(await state(), expected);
    const dry = await build(files, { dryRun: true });
    match(dry.out, /publish by a short swap/);
    await build(files);
    deepEqual(await state(), expected);
    deepEqual(
      await database.query(
        "select relname from pg_class where relname ~ '__(next|old|staged|retired)_'",
      ),
      [],
    );
  });

  it('fills an empty table, and hooks come between', async () => {
    const files = model(
      `meta={'runner': {'fill': 'insert', 'after_create': ["alter table {{ this }} add column made int default 7"]}}`,
      'select 1 as id',
    );
    await build({ ...files, 'models/t.sql': `${files['models/t.sql']}, 8 as other` });
    deepEqual(await database.query('select * from shop.t'), [{ id: 1, other: 8, made: 7 }]);
  });

  it('writes comments where `persist_docs` asks, on tables and views, and keeps them in place', async () => {
    const files = (materialized: string): Files => ({
      'models/t.sql': `{{ config(materialized='${materialized}', persist_docs={'relation': true, 'columns': true}) }} select 1 as id, 2 as n`,
      'models/t.yml':
        'models: [{name: t, description: "Said: it\'s", columns: [{name: id, description: Key}]}]',
    });
    const comments = () =>
      database.query(
        `select obj_description('shop.t'::regclass, 'pg_class') as t, col_description('shop.t'::regclass, 1) as id,
          col_description('shop.t'::regclass, 2) as n`,
      );
    await build(files('view'));
    await database.query(`comment on column shop.t.n is 'by hand'`);
    await build(files('view'));
    deepEqual(await comments(), [{ t: "Said: it's", id: 'Key', n: 'by hand' }]);
    await build(files('table'));
    deepEqual(await comments(), [{ t: "Said: it's", id: 'Key', n: 'by hand' }]);
  });

  it('refuses keys and values that mean nothing, and names the nearest', async () => {
    const refused = await buildProject(
      database.connection,
      model(`meta={'runner': {'partition_buy': 1}}, grants={'selct': ['x']}`),
    );
    equal(refused.code, 2);
    match(refused.err, /config `meta.runner` has an unknown key `partition_buy`/);
    match(refused.err, /did you mean `partition_by`\?/);
    const inYaml = await buildProject(database.connection, {
      ...model('tags=[]'),
      'models/t.yml': 'models:\n  - name: t\n    config: {meta: {runner: {tablespac: x}}}\n',
    });
    match(inYaml.err, /models\/t.yml:3:\d+: unknown key `tablespac`/);
    match(inYaml.err, /did you mean `tablespace`\?/);
    const grant = await buildProject(database.connection, model(`grants={'selct': ['x']}`));
    match(grant.err, /there is no privilege `selct`[\s\S]*did you mean `select`\?/);
  });
});
