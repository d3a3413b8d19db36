// What a build leaves in the database, and what readers see meanwhile.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig, openDatabase } from '../../../core/database.ts';
import { useDatabase } from '../../support/database.ts';
import { dataTest, type ModelParts, model, modelId, testId } from '../../support/manifest.ts';
import { outcomeOf, planNodes, runNodes, statuses } from '../../support/run-plan.ts';

describe('runner/execute: publishing', () => {
  const database = useDatabase();
  const schema = 'shop';
  const build = (nodes: Parameters<typeof runNodes>[1], parts?: Parameters<typeof runNodes>[2]) =>
    runNodes(database.connection, nodes, parts);
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const table = (name: string, sql: string, parts: Partial<ModelParts> = {}) =>
    model(name, { schema, sql, ...parts });

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  /** What the plan of a node says that a swap would lose. */
  const planOf = async (nodes: Parameters<typeof planNodes>[1]) => {
    const opened = openDatabase(database.connection, { applicationName: 'plan', maxClients: 1 });
    try {
      const [step] = (await planNodes(opened, nodes)).steps;
      const publication = step?.kind === 'build' ? step.publication : undefined;
      return publication?.kind === 'in-place' ? publication.because : publication?.kind;
    } finally {
      await opened.close();
    }
  };

  /** Names of relations in the schema that a build has no reason to leave. */
  const leftovers = () =>
    database.query(
      `select relname from pg_class where relnamespace = to_regnamespace('${schema}')
         and relname ~ '__(staged|retired|next|old)_' order by 1`,
    );

  it('creates what is not there, table and view, and leaves nothing beside', async () => {
    const nodes = [
      table('sales', 'select 1 as id, 2.50::numeric(8,2) as amount'),
      table('totals', `select sum(amount) as total from ${schema}.sales`, {
        materialized: 'view',
        dependsOn: [modelId('sales')],
      }),
    ];
    const result = await build(nodes);
    deepEqual(statuses(result), {
      [modelId('sales')]: 'success',
      [modelId('totals')]: 'success',
    });
    equal(outcomeOf(result, modelId('sales')).rows, 1);
    equal(await one(`select total::text from ${schema}.totals`), '2.50');
    deepEqual(await leftovers(), []);
    await build(nodes);
    deepEqual(await leftovers(), []);
  });

  it('shows readers of table, view and view on view one whole version through 30 rebuilds', async function () {
    this.timeout(60_000);
    const version = (n: number) => [
      table('big', `select ${n} as version, i from generate_series(1, 500) as i`, {
        indexes: [{ columns: ['i'], unique: true, type: undefined }],
      }),
    ];
    await build(version(0));
    await database.query(`create view ${schema}.v1 as select * from ${schema}.big`);
    await database.query(`create view ${schema}.v2 as select * from ${schema}.v1`);
    let reading = true;
    const seen: string[] = [];
    const faults: string[] = [];
    let reads = 0;
    const reader = async (relation: string) => {
      const client = new pg.Client(clientConfig(database.connection, 'reader'));
      await client.connect();
      let last = 0;
      while (reading) {
        try {
          const { rows } = await client.query(
            `select count(*)::int as n, count(distinct version)::int as versions, min(version) as version from ${schema}.${relation}`,
          );
          const { n, versions, version } = rows[0];
          if (n !== 500 || versions !== 1 || version < last) seen.push(JSON.stringify(rows[0]));
          last = version;
          reads += 1;
        } catch (error) {
          faults.push(String(error));
        }
      }
      await client.end();
    };
    const readers = ['big', 'v1', 'v2', 'v2'].map(reader);
    for (let n = 1; n <= 30; n += 1) {
      const result = await build(version(n));
      equal(outcomeOf(result, modelId('big')).status, 'success');
    }
    reading = false;
    await Promise.all(readers);
    deepEqual(faults, []);
    deepEqual(seen, []);
    ok(reads > 300, `${reads} reads`);
    equal(await one(`select max(version) from ${schema}.v2`), 30);
    deepEqual(await leftovers(), []);
  });

  it('waits in short tries for a transaction that has read the table, then publishes', async () => {
    await build([table('held', 'select 1 as n')]);
    const reader = new pg.Client(clientConfig(database.connection, 'slow reader'));
    await reader.connect();
    await reader.query('begin');
    await reader.query(`select * from ${schema}.held`);
    const running = build([table('held', 'select 2 as n')]);
    await sleep(700);
    const startedAt = Date.now();
    equal(await one(`select n from ${schema}.held`), 1);
    ok(Date.now() - startedAt < 20_000, 'a reader stalls for a short try at most');
    await reader.query('commit');
    equal(outcomeOf(await running, modelId('held')).status, 'success');
    equal(await one(`select n from ${schema}.held`), 2);
    await reader.end();
  });

  it('publishes in place when the locks are not free within the budget', async () => {
    await build([table('held', 'select 1 as n')]);
    const reader = new pg.Client(clientConfig(database.connection, 'slow reader'));
    await reader.connect();
    await reader.query('begin');
    await reader.query(`select * from ${schema}.held`);
    const oid = await one(`select '${schema}.held'::regclass::oid::int`);
    const result = await build([table('held', 'select 2 as n')], { publishBudgetMs: 300 });
    equal(outcomeOf(result, modelId('held')).status, 'success');
    equal(await one(`select n from ${schema}.held`), 2);
    equal(await one(`select '${schema}.held'::regclass::oid::int`), oid);
    const other = await build([table('held', 'select 2 as other')], { publishBudgetMs: 300 });
    const { error, status } = outcomeOf(other, modelId('held'));
    equal(status, 'error');
    match(error?.message ?? '', /held by backend \d+ \(slow reader\).*select \* from shop\.held/);
    await reader.end();
    deepEqual(await leftovers(), []);
  });

  it('keeps a materialized view and a foreign key: rows are exchanged in place, children stay', async () => {
    await build([table('parent', 'select 1 as id, $$a$$::text as name union all select 2, $$b$$')]);
    await database.query(`alter table ${schema}.parent add constraint parent_pk primary key (id)`);
    await database.query(
      `create table ${schema}.child (id int references ${schema}.parent on delete cascade)`,
    );
    await database.query(`insert into ${schema}.child values (1), (2)`);
    await database.query(
      `create materialized view ${schema}.copy as select * from ${schema}.parent`,
    );
    const oid = await one(`select '${schema}.parent'::regclass::oid::int`);
    const result = await build([
      table('parent', 'select 1 as id, $$changed$$::text as name union all select 3, $$c$$'),
    ]);
    equal(outcomeOf(result, modelId('parent')).error, undefined);
    equal(await one(`select '${schema}.parent'::regclass::oid::int`), oid);
    deepEqual(await database.query(`select * from ${schema}.parent order by id`), [
      { id: 1, name: 'changed' },
      { id: 3, name: 'c' },
    ]);
    deepEqual(await database.query(`select id from ${schema}.child`), [{ id: 1 }]);
    deepEqual(await leftovers(), []);
  });

  it('exchanges duplicates and NULLs in place to the last row', async () => {
    const before = `select * from (values (1, null), (1, null), (2, 'x'), (2, 'x'), (3, ''), (null, null)) as t (a, b)`;
    const after = `select * from (values (1, null), (2, 'x'), (2, 'x'), (2, 'x'), (3, null), (null, null), (null, null)) as t (a, b)`;
    await build([table('bag', before)]);
    await database.query(`create materialized view ${schema}.copy as select * from ${schema}.bag`);
    equal(outcomeOf(await build([table('bag', after)]), modelId('bag')).error, undefined);
    equal(
      await one(
        `select count(*)::int from ((table ${schema}.bag except all (${after})) union all ((${after}) except all table ${schema}.bag)) as d`,
      ),
      0,
    );
    equal(await one(`select count(*)::int from ${schema}.bag`), 7);
  });

  it('refuses new columns under a materialized view, names it and leaves all as it was', async () => {
    await build([table('bag', 'select 1 as a')]);
    await database.query(`create materialized view ${schema}.copy as select * from ${schema}.bag`);
    const { error } = outcomeOf(await build([table('bag', 'select 1 as b')]), modelId('bag'));
    match(error?.message ?? '', /materialized view shop\.copy/);
    equal(await one(`select a from ${schema}.bag`), 1);
    deepEqual(await leftovers(), []);
  });

  it('refuses to break a view and names view and column', async () => {
    await build([table('base', 'select 1 as a, 2 as b')]);
    await database.query(`create view ${schema}.reader as select b from ${schema}.base`);
    const gone = outcomeOf(await build([table('base', 'select 1 as a')]), modelId('base'));
    match(gone.error?.message ?? '', /view `shop\.reader` reads column `b`, which is gone/);
    const turned = outcomeOf(
      await build([table('base', 'select 1 as a, 2::bigint as b')]),
      modelId('base'),
    );
    match(turned.error?.message ?? '', /`b`, which turns from integer into bigint/);
    equal(await one(`select b from ${schema}.reader`), 2);
    equal(
      outcomeOf(await build([table('base', 'select 7 as b')]), modelId('base')).error,
      undefined,
    );
    equal(await one(`select b from ${schema}.reader`), 7);
  });

  it('serves a view of the same run with its old rows until that view is built on the new columns', async () => {
    const nodes = (base: string, view: string) => [
      table('base', base),
      table('above', view, { materialized: 'view', dependsOn: [modelId('base')] }),
    ];
    await build(nodes('select 1 as a', `select a from ${schema}.base`));
    const failing = [
      ...nodes('select 2::bigint as a2', `select a2 from ${schema}.base`),
      dataTest('above_is_empty', 'select * from {above}', [
        table('above', '', { materialized: 'view' }),
      ]),
    ];
    const kept = await build(failing);
    equal(outcomeOf(kept, modelId('base')).status, 'success');
    equal(outcomeOf(kept, modelId('above')).skippedBecause, testId('above_is_empty'));
    equal(await one(`select a from ${schema}.above`), 1);
    const good = await build(nodes('select 3::bigint as a2', `select a2 from ${schema}.base`));
    deepEqual(
      good.outcomes.map(({ error }) => error?.message),
      [undefined, undefined],
    );
    equal(await one(`select a2::int from ${schema}.above`), 3);
    await build(nodes('select 4::bigint as a2', `select a2 from ${schema}.base`));
    equal(await one(`select a2::int from ${schema}.above`), 4);
    deepEqual(await leftovers(), []);
  });

  it('keeps options, owner, grants and comments of table and dependent view', async () => {
    await build([table('base', 'select 1 as a, 2 as b')]);
    const role = `keeper_${process.pid}`;
    await database.query(`create role ${role}`);
    try {
      await database.query(`grant create, usage on schema ${schema} to ${role}`);
      await database.query(
        `create view ${schema}.secret with (security_barrier = true) as select a from ${schema}.base`,
      );
      await database.query(`alter view ${schema}.secret owner to ${role}`);
      await database.query(`comment on view ${schema}.secret is 'kept'`);
      await database.query(`grant select on ${schema}.base, ${schema}.secret to ${role}`);
      await database.query(`grant update (b) on ${schema}.base to ${role}`);
      await database.query(`grant insert on ${schema}.base to public`);
      await database.query(`comment on table ${schema}.base is 'it''s by \\hand'`);
      await database.query(`comment on column ${schema}.base.b is 'b'`);
      await database.query(`create index by_hand on ${schema}.base (lower(a::text)) where b > 0`);
      await database.query(`alter table ${schema}.base set (fillfactor = 70)`);
      await database.query(`alter table ${schema}.base add constraint base_pk primary key (a)`);
      await database.query(`alter table ${schema}.base alter b set not null`);
      const picture = () =>
        database.query(
          `select relname, reloptions, pg_get_userbyid(relowner) as owner, (select array_agg(acl::text order by acl::text) from unnest(relacl) as acl) as acl,
             obj_description(c.oid) as comment,
             (select json_agg(json_build_object('n', attname, 'not_null', attnotnull, 'acl', attacl::text, 'c', col_description(attrelid, attnum)) order by attnum)
                from pg_attribute where attrelid = c.oid and attnum > 0) as columns,
             (select json_agg(pg_get_indexdef(indexrelid) order by pg_get_indexdef(indexrelid)) from pg_index where indrelid = c.oid) as indexes,
             (select json_agg(conname order by conname) from pg_constraint where conrelid = c.oid and contype <> 'n') as constraints
           from pg_class as c where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'v') order by 1`,
        );
      const before = await picture();
      const oid = await one(`select '${schema}.base'::regclass::oid::int`);
      const result = await build([table('base', 'select 5 as a, 6 as b')]);
      equal(outcomeOf(result, modelId('base')).error, undefined);
      ok((await one(`select '${schema}.base'::regclass::oid::int`)) !== oid, 'it was swapped');
      deepEqual(await picture(), before);
      equal(await one(`select a from ${schema}.secret`), 5);
      await build([table('base', 'select 7 as a, 8 as b')]);
      deepEqual(await picture(), before);
    } finally {
      await database.query(`drop schema ${schema} cascade`);
      await database.query(`drop role ${role}`);
    }
  });

  it('exchanges rows in place under a view that its role may not replace', async () => {
    const role = `builder_${process.pid}`;
    await database.query(`create role ${role}`);
    try {
      await database.query(`create schema ${schema} authorization ${role}`);
      const connection = { ...database.connection, role };
      await runNodes(connection, [table('base', 'select 1 as a')]);
      await database.query(`create view ${schema}.foreign_view as select a from ${schema}.base`);
      const oid = await one(`select '${schema}.base'::regclass::oid::int`);
      const result = await runNodes(connection, [table('base', 'select 2 as a')]);
      equal(outcomeOf(result, modelId('base')).error, undefined);
      equal(await one(`select '${schema}.base'::regclass::oid::int`), oid);
      equal(await one(`select a from ${schema}.foreign_view`), 2);
    } finally {
      await database.query(`drop schema ${schema} cascade`);
      await database.query(`drop role ${role}`);
    }
  });

  it('names policies, triggers, defaults and functions that a swap would lose, and loses none', async () => {
    await build([table('base', 'select 1 as a')]);
    await database.query(`alter table ${schema}.base alter a set default 5`);
    await database.query(
      `create function ${schema}.bound() returns bigint begin atomic select count(*) from ${schema}.base; end`,
    );
    await database.query(
      `create function ${schema}.fire() returns trigger language plpgsql as 'begin return new; end'`,
    );
    await database.query(
      `create trigger fired before insert on ${schema}.base for each row execute function ${schema}.fire()`,
    );
    await database.query(`create policy seen on ${schema}.base using (true)`);
    const plan = await planOf([table('base', 'select 1 as a')]);
    deepEqual(plan, [
      'default value for column a of table shop.base',
      'function shop.bound()',
      'policy seen on table shop.base',
      'trigger fired on table shop.base',
    ]);
    const result = await build([table('base', 'select 9 as a')]);
    equal(outcomeOf(result, modelId('base')).error, undefined);
    equal(await one(`select ${schema}.bound()::int + max(a) from ${schema}.base`), 10);
  });

  it('writes descriptions as comments and gives an index the same name in every run', async () => {
    const documented = table('base', 'select 1 as a', {
      description: "the base's rows",
      columns: [
        { name: 'a', description: 'first', dataType: undefined },
        { name: 'gone', description: 'not there', dataType: undefined },
      ],
      persistDocs: { relation: true, columns: true },
      indexes: [{ columns: ['a'], unique: true, type: undefined }],
    });
    const names = () =>
      database.query(`select indexname from pg_indexes where schemaname = '${schema}'`);
    await build([documented]);
    const first = await names();
    equal(first.length, 1);
    await build([documented]);
    deepEqual(await names(), first);
    equal(await one(`select obj_description('${schema}.base'::regclass)`), "the base's rows");
    equal(await one(`select col_description('${schema}.base'::regclass, 1)`), 'first');
    await build([{ ...documented, indexes: [] }]);
    deepEqual(await names(), []);
  });

  it('builds two 63-letter names that differ in the last letter side by side', async () => {
    const stem = 'x'.repeat(62);
    const nodes = ['a', 'b'].map((letter) =>
      table(`${stem}${letter}`, `select '${letter}' as letter, pg_sleep(0.1)::text as s`, {
        indexes: [{ columns: ['letter'], unique: false, type: undefined }],
      }),
    );
    for (let run = 0; run < 2; run += 1) {
      deepEqual(Object.values(statuses(await build(nodes))), ['success', 'success']);
    }
    equal(await one(`select letter from ${schema}.${stem}a`), 'a');
    equal(await one(`select letter from ${schema}.${stem}b`), 'b');
  });

  it('turns a table into a view and back under a dependent view', async () => {
    await build([table('base', 'select 1 as a')]);
    await database.query(`create view ${schema}.reader as select a from ${schema}.base`);
    for (const [materialized, n] of [
      ['view', 2],
      ['table', 3],
      ['view', 4],
      ['view', 5],
    ] as const) {
      const result = await build([table('base', `select ${n} as a`, { materialized })]);
      equal(outcomeOf(result, modelId('base')).error, undefined);
      equal(await one(`select a from ${schema}.reader`), n);
    }
    const wider = await build([
      table('base', `select 'x' as first, 6 as a`, { materialized: 'view' }),
    ]);
    equal(outcomeOf(wider, modelId('base')).error, undefined);
    equal(await one(`select a from ${schema}.reader`), 6);
    deepEqual(await leftovers(), []);
  });

  it('replaces a view of the same columns without a new identity, options kept', async () => {
    const view = (n: number) => table('v', `select ${n} as a`, { materialized: 'view' });
    await build([view(1)]);
    await database.query(`alter view ${schema}.v set (security_barrier = true)`);
    const oid = await one(`select '${schema}.v'::regclass::oid::int`);
    await build([view(2)]);
    equal(await one(`select '${schema}.v'::regclass::oid::int`), oid);
    deepEqual(await one(`select reloptions from pg_class where oid = ${oid}`), [
      'security_barrier=true',
    ]);
    equal(await one(`select a from ${schema}.v`), 2);
  });
});
