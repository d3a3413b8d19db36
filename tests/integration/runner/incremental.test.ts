// Incremental models: what each strategy leaves in the table, and what readers see meanwhile.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig } from '../../../core/database.ts';
import type { Incremental } from '../../../runner/compile/types.ts';
import { useDatabase } from '../../support/database.ts';
import { incrementalModel } from '../../support/incremental.ts';
import { dataTest, type ModelParts, model, modelId, testId } from '../../support/manifest.ts';
import { outcomeOf, runNodes } from '../../support/run-plan.ts';

describe('runner/execute: incremental models', () => {
  const database = useDatabase();
  const schema = 'incr';
  const build = (nodes: Parameters<typeof runNodes>[1], parts?: Parameters<typeof runNodes>[2]) =>
    runNodes(database.connection, nodes, parts);
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const rowsOf = async (table = 't') =>
    (
      await database.query<{ row: string }>(
        `select row::text as row from ${schema}.${table} as row order by 1`,
      )
    ).map(({ row }) => row);
  const make = (
    sql: string,
    incremental: Partial<Incremental> = {},
    parts: Partial<ModelParts> = {},
  ) => incrementalModel('t', { schema, sql, ...parts }, incremental);
  /** Builds the table from one query and merges another into it; returns the second outcome. */
  const merge = async (
    before: string,
    delta: string,
    incremental: Partial<Incremental> = {},
    parts: Partial<ModelParts> = {},
  ) => {
    equal(
      outcomeOf(await build([make(before, incremental, parts)]), modelId('t')).error,
      undefined,
    );
    return outcomeOf(await build([make(delta, incremental, parts)]), modelId('t'));
  };
  const values = (list: string, columns = 'id, name') =>
    `select * from (values ${list}) as v (${columns})`;

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  const leftovers = () =>
    database.query(
      `select relname from pg_class where relnamespace = to_regnamespace('${schema}')
         and relname ~ '__(staged|retired|next|old)_' order by 1`,
    );

  it('appends all rows, those that are there too', async () => {
    const outcome = await merge(values("(1, 'a')"), values("(1, 'a'), (2, 'b')"), {
      strategy: 'append',
      uniqueKey: [],
    });
    equal(outcome.rows, 2);
    deepEqual(await rowsOf(), ['(1,a)', '(1,a)', '(2,b)']);
    deepEqual(await leftovers(), []);
  });

  for (const strategy of ['delete+insert', 'merge'] as const) {
    it(`${strategy}: updates changed rows, inserts new ones and rewrites no other`, async () => {
      const before = values("(1, 'a'), (2, 'b'), (3, null)");
      await build([make(before, { strategy })]);
      const places = () =>
        database.query(
          `select id, ctid::text as place from ${schema}.t where id in (1, 3) order by id`,
        );
      const first = await places();
      const delta = values("(1, 'a'), (2, 'B'), (3, null), (4, 'd')");
      const outcome = outcomeOf(await build([make(delta, { strategy })]), modelId('t'));
      equal(outcome.error, undefined);
      equal(outcome.rows, 2);
      deepEqual(await rowsOf(), ['(1,a)', '(2,B)', '(3,)', '(4,d)']);
      deepEqual(await places(), first);
    });

    it(`${strategy}: holds NULL equal to NULL in a key of several columns`, async () => {
      const key = { strategy, uniqueKey: ['a', 'b', 'c'] };
      const rows = (list: string) =>
        `select a::int, b::text, c::point::text::name as c, n from (values ${list}) as v (a, b, c, n)`;
      const outcome = await merge(
        rows("(1, 'x', null, 1), (null, 'x', null, 2), (null, null, '(1,2)', 3), (0, '', null, 4)"),
        rows(
          "(null, 'x', null, 20), (null, null, '(1,2)', 30), (null, null, null, 50), (0, null, null, 60)",
        ),
        key,
      );
      equal(outcome.error, undefined);
      equal(outcome.rows, 4);
      deepEqual(await rowsOf(), [
        '(,,"(1,2)",30)',
        '(,,,50)',
        '(,x,,20)',
        '(0,"",,4)',
        '(0,,,60)',
        '(1,x,,1)',
      ]);
    });

    it(`${strategy}: refuses several rows of one key and shows the keys`, async () => {
      const outcome = await merge(
        values("(1, 'a')"),
        values("(7, 'a'), (7, 'b'), (null, 'c'), (null, 'd'), (8, 'x')"),
        {
          strategy,
        },
      );
      equal(outcome.status, 'error');
      match(
        outcome.error?.message ?? '',
        /several rows of one `unique_key` \(id\): \(7\) 2 times, \(NULL\) 2 times/,
      );
      deepEqual(await rowsOf(), ['(1,a)']);
      deepEqual(await leftovers(), []);
    });

    it(`${strategy}: removes the rows that the marker names, and builds without them`, async () => {
      const marked = (list: string) => values(list, 'id, name, is_deleted');
      const outcome = await merge(
        marked("(1, 'a', false), (2, 'b', null), (9, 'gone', true)"),
        marked("(1, 'a', true), (3, 'c', false), (4, 'never', true)"),
        { strategy, deleteMarker: 'is_deleted' },
      );
      equal(outcome.error, undefined);
      deepEqual(await rowsOf(), ['(2,b,)', '(3,c,f)']);
    });
  }

  it('tells apart what equality does not: 1.0 and 1.00, json, and texts that differ in case alone', async () => {
    const rows = (n: string, j: string) =>
      `select 1 as id, ${n}::numeric as n, '${j}'::json as j, point(1,2) as p`;
    const outcome = await merge(rows('1.0', '{"a": 1}'), rows('1.00', '{"a":  1}'));
    equal(outcome.error, undefined);
    deepEqual(await rowsOf(), ['(1,1.00,"{""a"":  1}","(1,2)")']);
    equal(outcomeOf(await build([make(rows('1.00', '{"a":  1}'))]), modelId('t')).rows, 0);
  });

  it('delete+insert leaves one row of a key where the table had several', async () => {
    await build([make(values("(1, 'a'), (2, 'b')"))]);
    await database.query(`insert into ${schema}.t values (1, 'a'), (1, 'x'), (2, 'b')`);
    const outcome = outcomeOf(await build([make(values("(1, 'a')"))]), modelId('t'));
    equal(outcome.error, undefined);
    deepEqual(await rowsOf(), ['(1,a)', '(2,b)', '(2,b)']);
  });

  it('delete+insert replaces all rows of a key by all rows of the query where that is allowed', async () => {
    const sets = { uniqueKey: ['id'], mayRepeatKeys: true };
    const outcome = await merge(
      values("(1, 'a'), (1, 'a'), (1, 'b'), (2, 'z')"),
      values("(1, 'a'), (1, 'c'), (3, 'n')"),
      sets,
    );
    equal(outcome.error, undefined);
    deepEqual(await rowsOf(), ['(1,a)', '(1,c)', '(2,z)', '(3,n)']);
    equal(outcome.rows, 4);
  });

  it('merge updates only the columns that it is told to, or all but those excluded', async () => {
    const three = (list: string) => values(list, 'id, name, note');
    await merge(three("(1, 'a', 'x')"), three("(1, 'b', 'y'), (2, 'n', 'n')"), {
      strategy: 'merge',
      updateColumns: ['name'],
    });
    deepEqual(await rowsOf(), ['(1,b,x)', '(2,n,n)']);
    await build([make(three("(1, 'c', 'z')"), { strategy: 'merge', excludeColumns: ['name'] })]);
    deepEqual(await rowsOf(), ['(1,b,z)', '(2,n,n)']);
    const wrong = await build([
      make(three("(1, 'c', 'z')"), { strategy: 'merge', updateColumns: ['nam'] }),
    ]);
    match(outcomeOf(wrong, modelId('t')).error?.hint ?? '', /did you mean `name`/);
  });

  it('hands predicates the aliases that dbt gives them', async () => {
    const before = values("(1, 'a'), (2, 'b')");
    await merge(before, values("(1, 'A'), (2, 'B')"), {
      strategy: 'merge',
      predicates: ['DBT_INTERNAL_DEST.id > 1 -- only recent', 'DBT_INTERNAL_SOURCE.id < 9'],
    });
    deepEqual(await rowsOf(), ['(1,A)', '(1,a)', '(2,B)']);
    await database.query(`drop table ${schema}.t`);
    await merge(before, values("(1, 'A'), (2, 'B')"), { predicates: ['id > 1'] });
    deepEqual(await rowsOf(), ['(1,A)', '(1,a)', '(2,B)']);
  });

  it('insert_on_conflict rests on a unique index and says so where there is none', async () => {
    const strategy = 'insert_on_conflict';
    const indexes = [{ columns: ['id'], unique: true, type: undefined }];
    const outcome = await merge(
      values("(1, 'a'), (2, 'b')"),
      values("(1, 'a'), (2, 'B'), (3, 'c')"),
      { strategy },
      { indexes },
    );
    equal(outcome.error, undefined);
    equal(outcome.rows, 2);
    deepEqual(await rowsOf(), ['(1,a)', '(2,B)', '(3,c)']);
    const nulls = outcomeOf(
      await build([make(values("(null::int, 'n')"), { strategy }, { indexes })]),
      modelId('t'),
    );
    match(nulls.error?.message ?? '', /NULL in `id`.*two NULLs are two keys/);
    await database.query(`drop table ${schema}.t`);
    const bare = await merge(values("(1, 'a')"), values("(1, 'b')"), { strategy });
    match(bare.error?.message ?? '', /no unique index on \(id\)/);
  });

  it('fails loudly for a key that the query does not have', async () => {
    const outcome = await merge(values("(1, 'a')"), values("(1, 'b')"), { uniqueKey: ['idd'] });
    match(outcome.error?.message ?? '', /`unique_key` of `incr\.t` names `idd`/);
    match(outcome.error?.hint ?? '', /did you mean `id`/);
    const folded = outcomeOf(
      await build([make(values("(1, 'c')"), { uniqueKey: ['ID'] })]),
      modelId('t'),
    );
    equal(folded.error, undefined);
    deepEqual(await rowsOf(), ['(1,c)']);
  });

  it('counts its tests on the table before the commit, and rolls all back when one fails', async () => {
    await build([make(values("(1, 'a')"))]);
    const delta = make(values("(2, 'bad'), (3, 'ok')"));
    const below = model('below', {
      schema,
      sql: `select * from ${schema}.t`,
      dependsOn: [modelId('t')],
    });
    const nodes = [
      delta,
      below,
      dataTest('fails_in_sql', 'select * from {t} where 1 / (id - id) = 1', [delta], {
        severity: 'warn',
      }),
      dataTest('no_bad', "select * from {t} where name = 'bad'", [delta]),
      dataTest('whole_table', 'select count(*) from {t} having count(*) <> 3', [delta]),
    ];
    const result = await build(nodes);
    equal(outcomeOf(result, testId('fails_in_sql')).status, 'error');
    equal(outcomeOf(result, testId('no_bad')).status, 'fail');
    deepEqual(outcomeOf(result, testId('no_bad')).sample?.rows, [[2, 'bad']]);
    equal(outcomeOf(result, testId('whole_table')).status, 'pass');
    equal(outcomeOf(result, modelId('t')).status, 'skipped');
    equal(outcomeOf(result, modelId('below')).status, 'skipped');
    deepEqual(await rowsOf(), ['(1,a)']);
    deepEqual(await leftovers(), []);
  });

  it('is built aside and swapped on a full refresh, with what hangs on the table', async () => {
    await build([make(values("(1, 'a')"))]);
    await database.query(`create view ${schema}.reader as select id from ${schema}.t`);
    await database.query(`create index by_hand on ${schema}.t (name)`);
    await database.query(`grant select on ${schema}.t to public`);
    const result = await build([make(values("(2, 'b')"), { isFullRefresh: true })]);
    equal(outcomeOf(result, modelId('t')).error, undefined);
    deepEqual(await rowsOf(), ['(2,b)']);
    deepEqual(await rowsOf('reader'), ['(2)']);
    equal(await one(`select count(*)::int from pg_indexes where indexname = 'by_hand'`), 1);
    equal(await one(`select has_table_privilege('public', '${schema}.t', 'select')`), true);
    const oid = await one(`select '${schema}.t'::regclass::oid::int`);
    await build([make(values("(3, 'c')"))]);
    equal(await one(`select '${schema}.t'::regclass::oid::int`), oid);
  });

  describe('on_schema_change', () => {
    const two = "select 1 as id, 'a'::text as name";

    it('ignore: passes over a new column and stops at one that is gone', async () => {
      equal((await merge(two, "select 2 as id, 'b'::text as name, 5 as more")).error, undefined);
      deepEqual(await rowsOf(), ['(1,a)', '(2,b)']);
      const gone = outcomeOf(await build([make('select 3 as id')]), modelId('t'));
      match(gone.error?.message ?? '', /no longer has column `name` of `incr\.t`/);
    });

    it('fail: names every column that is new, gone or of another type', async () => {
      const { error } = await merge(two, 'select 2::bigint as id, 5 as more', {
        onSchemaChange: 'fail',
      });
      match(
        error?.message ?? '',
        /`more` \(integer\) is new; `name` is gone; `id` turns from integer into bigint/,
      );
      deepEqual(await rowsOf(), ['(1,a)']);
    });

    it('append_new_columns: adds what is new and keeps what is gone, empty in new rows', async () => {
      const { error } = await merge(two, 'select 2 as id, 5::numeric(8,2) as more', {
        onSchemaChange: 'append_new_columns',
      });
      equal(error, undefined);
      deepEqual(await rowsOf(), ['(1,a,)', '(2,,5.00)']);
      equal(
        await one(
          `select format_type(atttypid, atttypmod) from pg_attribute where attrelid = '${schema}.t'::regclass and attname = 'more'`,
        ),
        'numeric(8,2)',
      );
    });

    it('sync_all_columns: adds, drops and turns columns, unless a view reads them', async () => {
      await build([make(two)]);
      await database.query(`create view ${schema}.reader as select name from ${schema}.t`);
      const sync = { onSchemaChange: 'sync_all_columns' } as const;
      const kept = outcomeOf(
        await build([make('select 2::bigint as id, 5 as more', sync)]),
        modelId('t'),
      );
      match(kept.error?.message ?? '', /view `incr\.reader` reads column `name`, which is gone/);
      deepEqual(await rowsOf(), ['(1,a)']);
      await database.query(`drop view ${schema}.reader`);
      const done = outcomeOf(
        await build([make('select 2::bigint as id, 5 as more', sync)]),
        modelId('t'),
      );
      equal(done.error, undefined);
      deepEqual(await rowsOf(), ['(1,)', '(2,5)']);
      equal(await one(`select pg_typeof(id)::text from ${schema}.t limit 1`), 'bigint');
    });

    it('rolls a change of columns back with the rows when a test fails', async () => {
      await build([make(two)]);
      const delta = make("select 2 as id, 'b'::text as name, 5 as more", {
        onSchemaChange: 'append_new_columns',
      });
      await build([delta, dataTest('none', 'select * from {t} where more = 5', [delta])]);
      deepEqual(await rowsOf(), ['(1,a)']);
    });

    it('widens a text that has become longer, and cuts none off', async () => {
      const short = "select 1 as id, 'abc'::varchar(3) as name";
      equal((await merge(short, "select 1 as id, 'abcdef'::varchar(6) as name")).error, undefined);
      deepEqual(await rowsOf(), ['(1,abcdef)']);
      await database.query(`create view ${schema}.reader as select name from ${schema}.t`);
      const long = outcomeOf(
        await build([make("select 1 as id, 'abcdefg'::text as name")]),
        modelId('t'),
      );
      match(long.error?.message ?? '', /too long for type character varying\(6\)/);
      deepEqual(await rowsOf(), ['(1,abcdef)']);
    });
  });

  it('shows readers of table and view whole states only, and no error, through 25 merges', async function () {
    this.timeout(60_000);
    const version = (n: number) =>
      make(
        `select i as id, ${n} as version, repeat('x', ${n}) as filler from generate_series(1, 300) as i`,
      );
    await build([version(0)]);
    await database.query(`create view ${schema}.v as select * from ${schema}.t`);
    let reading = true;
    const wrong: string[] = [];
    const faults: string[] = [];
    let reads = 0;
    const reader = async (relation: string) => {
      const client = new pg.Client(clientConfig(database.connection, 'reader'));
      await client.connect();
      while (reading) {
        try {
          const { rows } = await client.query(
            `select count(*)::int as n, count(distinct version)::int as versions from ${schema}.${relation}`,
          );
          if (rows[0].n !== 300 || rows[0].versions !== 1) wrong.push(JSON.stringify(rows[0]));
          reads += 1;
        } catch (error) {
          faults.push(String(error));
        }
      }
      await client.end();
    };
    const readers = ['t', 'v', 'v'].map(reader);
    for (let n = 1; n <= 25; n += 1) {
      equal(outcomeOf(await build([version(n)]), modelId('t')).rows, 300);
    }
    reading = false;
    await Promise.all(readers);
    deepEqual([faults, wrong], [[], []]);
    ok(reads > 100, `${reads} reads`);
  });

  it('waits for a writer, and gives up with its name when it holds on', async () => {
    await build([make(values("(1, 'a')"))]);
    const writer = new pg.Client(clientConfig(database.connection, 'slow writer'));
    await writer.connect();
    await writer.query('begin');
    await writer.query(`insert into ${schema}.t values (5, 'w')`);
    const running = build([make(values("(1, 'b')"))]);
    await sleep(300);
    await writer.query('commit');
    equal(outcomeOf(await running, modelId('t')).error, undefined);
    deepEqual(await rowsOf(), ['(1,b)', '(5,w)']);
    await writer.query('begin');
    await writer.query(`insert into ${schema}.t values (6, 'w')`);
    const stuck = outcomeOf(
      await build([make(values("(1, 'c')"))], { publishBudgetMs: 1 }),
      modelId('t'),
    );
    match(stuck.error?.message ?? '', /held by backend \d+ \(slow writer\)/);
    await writer.end();
    deepEqual(await leftovers(), []);
  }).timeout(30_000);

  it('leaves the table as it was when it is cancelled between the rows and the commit', async () => {
    await build([make(values("(1, 'a')"))]);
    const delta = make(values("(1, 'b'), (2, 'c')"));
    const aborter = new AbortController();
    const running = build(
      [
        delta,
        dataTest('slow', 'select pg_sleep(20) from {t} where false or pg_sleep(20) is null', [
          delta,
        ]),
      ],
      { signal: aborter.signal },
    );
    for (let n = 0; n < 100; n += 1) {
      const waiting = await one(
        `select count(*)::int from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid() and state = 'active'`,
      );
      if (waiting === 1) break;
      await sleep(50);
    }
    aborter.abort();
    const result = await running;
    equal(result.interrupted, true);
    equal(outcomeOf(result, modelId('t')).skippedBecause, 'interrupted');
    deepEqual(await rowsOf(), ['(1,a)']);
    deepEqual(await leftovers(), []);
  });
});
