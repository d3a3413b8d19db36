// What a run reports and leaves behind when something fails, is cancelled or is killed.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelError } from '../../../runner/execute/model-error.ts';
import { useDatabase } from '../../support/database.ts';
import { dataTest, type ModelParts, model, modelId, seed, testId } from '../../support/manifest.ts';
import { outcomeOf, runNodes, statuses } from '../../support/run-plan.ts';

describe('runner/execute', () => {
  const database = useDatabase();
  const schema = 'works';
  const build = (nodes: Parameters<typeof runNodes>[1], parts?: Parameters<typeof runNodes>[2]) =>
    runNodes(database.connection, nodes, parts);
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const table = (name: string, sql: string, parts: Partial<ModelParts> = {}) =>
    model(name, { schema, sql, ...parts });
  const relations = async () =>
    (
      await database.query(
        `select relname from pg_class where relnamespace = to_regnamespace('${schema}')
           and relkind in ('r', 'v', 'i') order by 1`,
      )
    ).map((row) => row['relname']);

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  it('keeps the table of the run before when an audit fails, and skips what follows', async () => {
    await build([table('a', 'select 1 as n')]);
    const a = table('a', 'select 2 as n');
    const nodes = [
      a,
      table('b', `select n from ${schema}.a`, { dependsOn: [a.uniqueId] }),
      table('c', `select n from ${schema}.b`, { dependsOn: [modelId('b')] }),
      table('apart', 'select 1 as n'),
      dataTest('not_two', 'select * from {a} where n = 2', [a]),
    ];
    const result = await build(nodes);
    deepEqual(statuses(result), {
      [testId('not_two')]: 'fail',
      [modelId('a')]: 'skipped',
      [modelId('b')]: 'skipped',
      [modelId('c')]: 'skipped',
      [modelId('apart')]: 'success',
    });
    equal(outcomeOf(result, testId('not_two')).failures, 1);
    equal(outcomeOf(result, modelId('a')).skippedBecause, testId('not_two'));
    equal(outcomeOf(result, modelId('c')).skippedBecause, testId('not_two'));
    equal(await one(`select n from ${schema}.a`), 1);
    deepEqual(await relations(), ['a', 'apart']);
  });

  it('publishes under a warning and below a threshold', async () => {
    const a = table('a', 'select generate_series(1, 5) as n');
    const result = await build([
      a,
      dataTest('warned', 'select * from {a}', [a], { severity: 'warn' }),
      dataTest('tolerated', 'select * from {a}', [a], { warnIf: '> 4', errorIf: '> 5' }),
      dataTest('limited', 'select * from {a} -- all', [a], { limit: 2, errorIf: '> 2' }),
      dataTest('summed', 'select n from {a}', [a], {
        failCalc: 'sum(n)',
        errorIf: '> 15',
        warnIf: '> 15',
      }),
    ]);
    deepEqual(statuses(result), {
      [testId('warned')]: 'warn',
      [testId('tolerated')]: 'warn',
      [testId('limited')]: 'warn',
      [testId('summed')]: 'pass',
      [modelId('a')]: 'success',
    });
    equal(outcomeOf(result, testId('limited')).failures, 2);
    equal(outcomeOf(result, testId('summed')).failures, 15);
  });

  it('names place, SQLSTATE and line of a failing statement and leaves nothing behind', async () => {
    const sql = "-- grain: one\nselect\n    'é😀' as x, missing\nfrom (select 1 as n) as t";
    const bad = table('bad', sql);
    const result = await build([bad, table('next', 'select 1', { dependsOn: [bad.uniqueId] })]);
    const { error, status } = outcomeOf(result, modelId('bad'));
    equal(status, 'error');
    ok(error instanceof ModelError);
    equal(error.sqlstate, '42703');
    equal(error.exitCode, 1);
    deepEqual(error.where, { path: 'models/bad.sql', line: 3, column: 17 });
    equal(error.excerpt, "3 |     'é😀' as x, missing\n                   ^");
    match(error.hint ?? '', /target\/compiled\/model\.shop\.bad\.sql/);
    equal(outcomeOf(result, modelId('next')).skippedBecause, modelId('bad'));
    deepEqual(await relations(), []);
  });

  it('leaves no stage when an index of the config cannot be made', async () => {
    await build([table('a', 'select 1 as n')]);
    const twice = table('a', 'select 1 as n union all select 1', {
      indexes: [{ columns: ['n'], unique: true, type: undefined }],
    });
    const { error } = outcomeOf(await build([twice]), modelId('a'));
    match(error?.message ?? '', /Key \(n\)=\(1\) is duplicated/);
    deepEqual(await relations(), ['a']);
    equal(await one(`select count(*)::int from ${schema}.a`), 1);
  });

  it('reports a broken test as an error and holds the model back', async () => {
    const a = table('a', 'select 1 as n');
    const result = await build([a, dataTest('broken', 'select\n  nope from {a}', [a])]);
    deepEqual(statuses(result), { [testId('broken')]: 'error', [modelId('a')]: 'skipped' });
    const { error } = outcomeOf(result, testId('broken'));
    ok(error instanceof ModelError && error.excerpt?.startsWith('2 |   nope from'));
    deepEqual(await relations(), []);
  });

  it('tests what is published with `test`, and gates what follows in `build`', async () => {
    const a = table('a', 'select 2 as n');
    const b = table('b', `select n from ${schema}.a`, { dependsOn: [a.uniqueId] });
    const test = dataTest('not_two', 'select * from {a} where n = 2', [a]);
    await build([a, b]);
    const tested = await build([a, b, test], { verb: 'test' });
    deepEqual(statuses(tested), { [testId('not_two')]: 'fail' });
    const gated = await build([a, b, test], { only: [b.uniqueId, test.uniqueId] });
    deepEqual(statuses(gated), { [testId('not_two')]: 'fail', [b.uniqueId]: 'skipped' });
  });

  it('cancels on a signal: nothing is published, no stage stays, the rest is skipped', async () => {
    await build([table('slow', 'select 1 as n')]);
    const controller = new AbortController();
    const slow = table('slow', 'select 2 as n, pg_sleep(30)::text as s');
    const running = build([slow, table('then', 'select 1', { dependsOn: [slow.uniqueId] })], {
      signal: controller.signal,
    });
    await sleep(500);
    const abortedAt = Date.now();
    controller.abort();
    const result = await running;
    ok(Date.now() - abortedAt < 20_000);
    equal(result.interrupted, true);
    deepEqual(
      result.outcomes.map(({ skippedBecause }) => skippedBecause),
      ['interrupted', 'interrupted'],
    );
    deepEqual(await relations(), ['slow']);
    equal(await one(`select n from ${schema}.slow`), 1);
    equal(
      await one(
        `select count(*)::int from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid() and state = 'active'`,
      ),
      0,
    );
  });

  it('starts nothing after the first failure when asked to fail fast', async () => {
    const result = await build(
      [table('a', 'select 1/0 as n'), table('b', 'select 1 as n'), table('c', 'select 1 as n')],
      { failFast: true, threads: 1 },
    );
    deepEqual(Object.values(statuses(result)), ['error', 'skipped', 'skipped']);
  });

  it('says in pg_stat_activity which node runs', async () => {
    const running = build([table('shown', 'select pg_sleep(0.8)::text as s')]);
    await sleep(400);
    const seen = await one(
      `select query from pg_stat_activity where query like '%pg_sleep(0.8)%' and pid <> pg_backend_pid()`,
    );
    match(String(seen), /^\/\* \{"app":"fundlens","node_id":"model\.shop\.shown"\} \*\//);
    await running;
  });

  for (const point of [
    'after-stage',
    'before-publish',
    'in-publish',
    'after-publish',
    'before-retire',
  ]) {
    it(`is whole after SIGKILL at runner:${point}, and clean after the next run`, async () => {
      const nodes = [
        table('a', 'select 2 as n', {
          indexes: [{ columns: ['n'], unique: false, type: undefined }],
        }),
        table('v', `select n from ${schema}.a`, {
          materialized: 'view',
          dependsOn: [modelId('a')],
        }),
      ];
      await build(
        [{ ...nodes[0], compiledSql: 'select 1 as n' } as (typeof nodes)[0], nodes[1]].filter(
          (node) => node !== undefined,
        ),
      );
      const script = `
        import { runNodes } from ${JSON.stringify(join(process.cwd(), 'tests/support/run-plan.ts'))};
        await runNodes(${JSON.stringify(database.connection)}, ${JSON.stringify(nodes)});`;
      const folder = await mkdtemp(join(tmpdir(), 'fundlens-kill-'));
      try {
        const file = join(folder, 'run.ts');
        await writeFile(file, script);
        await writeFile(join(folder, 'package.json'), '{"type":"module"}');
        const child = spawn(process.execPath, ['--import', 'tsx', file], {
          cwd: process.cwd(),
          env: { ...process.env, FUNDLENS_FAULT: `runner:${point}` },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        const signal = await new Promise((resolve) => child.on('exit', (_, name) => resolve(name)));
        equal(signal, 'SIGKILL');
      } finally {
        await rm(folder, { recursive: true });
      }
      const n = await one(`select n from ${schema}.v`);
      ok(n === 1 || n === 2);
      deepEqual(Object.values(statuses(await build(nodes))), ['success', 'success']);
      equal(await one(`select n from ${schema}.v`), 2);
      const left = (await relations()).filter((name) => /__(staged|retired|next|old)_/.test(name));
      deepEqual(left, []);
    });
  }

  describe('seeds', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fundlens-seeds-'));
    });
    after(() => rm(folder, { recursive: true }));

    const load = async (text: string, parts: Parameters<typeof seed>[2] = {}) => {
      const node = seed('s', schema, { path: 's.csv', ...parts });
      await writeFile(join(folder, 's.csv'), text);
      return outcomeOf(await build([node], { projectDir: folder }), node.uniqueId);
    };
    const types = async () =>
      Object.fromEntries(
        (
          await database.query(
            `select attname, format_type(atttypid, atttypmod) as type from pg_attribute
             where attrelid = '${schema}.s'::regclass and attnum > 0`,
          )
        ).map((row) => [row['attname'], row['type']]),
      );

    it('infers types from the whole file and keeps leading zeros, quotes and line breaks', async () => {
      const outcome = await load(
        '\ufeffZip,Small,big,price,yes,"on day",at,nothing,note\r\n' +
          '01234,1,1,1,true,2020-02-29,2020-01-01 10:00:00,,"a ""b"", c"\r\n' +
          '99999,-2,9007199254740993,2.50,FALSE,2021-01-01,2020-01-01T00:00,,"tab\t back\\slash\nline"\r\n' +
          ',,,,,,,,\r\n',
      );
      equal(outcome.error, undefined);
      equal(outcome.rows, 3);
      deepEqual(await types(), {
        zip: 'text',
        small: 'integer',
        big: 'bigint',
        price: 'numeric',
        yes: 'boolean',
        'on day': 'date',
        at: 'timestamp without time zone',
        nothing: 'text',
        note: 'text',
      });
      deepEqual(await database.query(`select zip, big, price, yes, note from ${schema}.s`), [
        { zip: '01234', big: '1', price: '1', yes: true, note: 'a "b", c' },
        {
          zip: '99999',
          big: '9007199254740993',
          price: '2.50',
          yes: false,
          note: 'tab\t back\\slash\nline',
        },
        { zip: null, big: null, price: null, yes: null, note: null },
      ]);
    });

    it('takes types from the config, and names the line that does not fit', async () => {
      equal(
        (await load('code,n\n1,2\n', { columnTypes: { code: 'varchar(3)' } })).error,
        undefined,
      );
      deepEqual(await types(), { code: 'character varying(3)', n: 'integer' });
      const { error } = await load('code,n\n1,2\nx,3\n', { columnTypes: { Code: 'integer' } });
      match(error?.message ?? '', /line 2, column code: "x"/);
      const missing = await load('code\n1\n', { columnTypes: { code_: 'text' } });
      match(missing.error?.hint ?? '', /did you mean `code`/);
      equal(await one(`select code from ${schema}.s`), '1');
      deepEqual(await relations(), ['s']);
    });

    it('names the line of a ragged row, and a header that has a name twice or none', async () => {
      const ragged = await load('a,b\n1,"x\ny"\n1,2,3\n');
      deepEqual(ragged.error?.where, { path: 's.csv', line: 4 });
      match(ragged.error?.message ?? '', /has 3 fields, its header 2/);
      match(
        (await load('\ufeffa,b\n1\n')).error?.message ?? '',
        /line 2 .* has 1 field, its header 2/,
      );
      match((await load('a,A\n1,2\n')).error?.message ?? '', /`a` stands twice/);
      match((await load('a,,b\n1,2,3\n')).error?.message ?? '', /column 2 .* has no name/);
      match((await load('')).error?.message ?? '', /is empty/);
      match((await load('a\n1\n', { path: 'gone.csv' })).error?.message ?? '', /gone\.csv/);
      deepEqual(await relations(), []);
    });

    it('streams 200,000 rows in order', async () => {
      const lines = Array.from({ length: 200_000 }, (_, n) => `${n},"n ""${n}"""`);
      equal((await load(`id,name\n${lines.join('\n')}`)).rows, 200_000);
      equal(
        await one(`select count(*)::int from ${schema}.s where name = 'n "' || id || '"'`),
        200_000,
      );
    });
  });
});
