// The runner as a user runs it: exit codes, what is printed, and what stays published.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { openDatabase } from '../../../core/database.ts';
import { type Finished, runCli } from '../../support/cli.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { urlOf } from '../../support/extract.ts';

type Files = Readonly<Record<string, string>>;

const base: Files = {
  'dbt_project.yml':
    'name: shop\nprofile: shop\nmodels: {+materialized: table}\nvars: {cycle: 2020}\n',
  'profiles.yml':
    'shop:\n  target: dev\n  outputs:\n    dev: {type: embedded, schema: dev, threads: 2}\n',
  'models/orders.sql': 'select generate_series(1, 3) as id\n',
  'models/totals.sql': "select count(*) as orders from {{ ref('orders') }}\n",
  'models/schema.yml':
    'models:\n  - name: orders\n    columns: [{name: id, data_tests: [unique, not_null]}]\n',
};

describe('runner, as a command', function () {
  this.timeout(60_000);
  useDatabase();
  let folder: string;
  let connection: Connection;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-shop-'));
    connection = await createDatabase();
    await write(base);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = async (files: Files): Promise<void> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  const runner = (args: readonly string[], options: Parameters<typeof runCli>[2] = {}) =>
    runCli('runner', args, {
      cwd: folder,
      ...options,
      env: { DATABASE_URL: urlOf(connection), ...options.env },
    });
  const ids = async (): Promise<unknown> => {
    const database = openDatabase(connection, { applicationName: 'test', maxClients: 1 });
    try {
      return await database.withClient(
        async (client) =>
          (
            await client.query(
              'select coalesce(array_agg(id order by id), array[]::int[]) as ids from dev.orders',
            )
          ).rows[0].ids,
      );
    } finally {
      await database.close();
    }
  };
  const succeed = (finished: Finished): Finished => {
    assert.equal(finished.code, 0, finished.stderr);
    return finished;
  };

  it('builds, and builds again', async () => {
    const first = succeed(await runner(['build']));
    assert.match(first.stderr, /PASS=4 WARN=0 ERROR=0 SKIP=0 TOTAL=4/);
    assert.deepEqual(await ids(), [1, 2, 3]);
    succeed(await runner(['build']));
    assert.deepEqual(await ids(), [1, 2, 3]);
  });

  it('exits 1 for a type error, shows it under its line, and leaves what was published', async () => {
    succeed(await runner(['build']));
    await write({ 'models/orders.sql': "select\n    'x'::integer as id\n" });
    const { code, stderr } = await runner(['build']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /models\/orders\.sql:2:5/);
    assert.match(stderr, /22P02/);
    assert.match(stderr, /invalid input syntax for type integer: "x"/);
    assert.match(stderr, /\n *\^/);
    assert.match(stderr, /target\/compiled\/shop\/models\/orders\.sql/);
    assert.match(stderr, /ERROR=1 SKIP=3/);
    assert.deepEqual(await ids(), [1, 2, 3]);
  });

  it('leaves the table of the run before where a test fails, and skips what reads it', async () => {
    succeed(await runner(['build']));
    await write({ 'models/orders.sql': 'select unnest(array[7, 7]) as id\n' });
    const { code, stderr } = await runner(['build']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /FAIL.*unique_orders_id/);
    assert.match(stderr, /SKIP.*dev\.totals.*unique_orders_id failed/);
    assert.match(stderr, /failed: unique_orders_id: 1 row\n {2}unique_field {2}n_records\n/);
    assert.match(stderr, /\n {13}7 {10}2\n {2}what was published before stays/);
    assert.deepEqual(await ids(), [1, 2, 3]);
  });

  const secondStatements: readonly (readonly [string, Files])[] = [
    ['a table', { 'models/orders.sql': 'select 1 as id; drop table dev.bystander' }],
    [
      'a view',
      {
        'models/orders.sql':
          "{{ config(materialized='view') }} select 1 as id; drop table dev.bystander",
      },
    ],
    [
      'a singular test',
      { 'tests/t.sql': 'select 1) as x; drop table dev.bystander; select * from (select 1' },
    ],
    [
      'a generic test',
      {
        'macros/t.sql':
          '{% test evil(model) %}select 1) as x; drop table dev.bystander; select * from (select 1{% endtest %}',
        'models/more.yml': 'models: [{name: totals, data_tests: [evil]}]',
      },
    ],
  ];
  for (const [what, files] of secondStatements) {
    it(`refuses a second statement in ${what}`, async () => {
      succeed(await runner(['build']));
      const database = openDatabase(connection, { applicationName: 'test', maxClients: 1 });
      await database.withClient((client) => client.query('create table dev.bystander ()'));
      await write(files);
      const { code, stderr } = await runner(['build']);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /42601/);
      const found = await database.withClient((client) =>
        client.query("select to_regclass('dev.bystander') is not null as found"),
      );
      await database.close();
      assert.deepEqual(found.rows, [{ found: true }]);
    });
  }

  it('refuses a seed whose quote is never closed, naming its line', async () => {
    await write({ 'seeds/colors.csv': 'id,name\n1,red\n2,"blue\n3,green\n' });
    const { code, stderr } = await runner(['seed']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /seeds\/colors\.csv:3: a quote is opened on line 3/);
  });

  it('says what to do where its folder cannot be written', async () => {
    await write({ target: 'a file where the folder should be' });
    const { code, stderr } = await runner(['build']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /cannot (write|be removed)[\s\S]*hint: /);
  });

  it('names what is missing where a source was never loaded', async () => {
    await write({
      'models/m.sql': "select * from {{ source('raw', 'orders') }}",
      'models/raw.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
    });
    const { code, stderr } = await runner(['build']);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /relation "\w+\.raw\.orders" does not exist|relation "raw\.orders" does not exist/,
    );
    assert.match(stderr, /hint: load it first if it is a source/);
  });

  const refused: readonly (readonly [string, Files, RegExp])[] = [
    [
      'an unknown ref',
      { 'models/m.sql': "select * from {{ ref('order') }}" },
      /did you mean `orders`/,
    ],
    [
      'a cycle',
      {
        'models/a.sql': "select * from {{ ref('b') }}",
        'models/b.sql': "select * from {{ ref('a') }}",
      },
      /a -> b -> a/,
    ],
    [
      'a misspelt variable',
      { 'models/m.sql': "select {{ var('cicle') }} as cycle" },
      /did you mean `cycle`/,
    ],
    ['a template that is not closed', { 'models/m.sql': 'select {{ 1' }, /models\/m\.sql:1:\d+/],
    ['a YAML fault', { 'models/m.yml': 'models:\n\t- name: a' }, /models\/m\.yml:2:1/],
  ];
  for (const [what, files, message] of refused) {
    it(`exits 2 for ${what} and builds nothing`, async () => {
      await write(files);
      const { code, stderr } = await runner(['build']);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
  }

  it('exits 2 for a wrong password and never prints it', async () => {
    const url = urlOf({ ...connection, password: 'wrong-pass-word' });
    const { code, stderr, stdout } = await runner(['build'], { env: { DATABASE_URL: url } });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /refused user/);
    assert.match(stderr, /hint: /);
    assert.ok(!(stderr + stdout).includes('wrong-pass-word'));
  });

  const wrongWords: readonly (readonly [readonly string[], RegExp])[] = [
    [['bild'], /did you mean build/i],
    [['build', '--selct', 'x'], /unknown argument/i],
    [[], /name a command/],
    [['show'], /show takes one model or test, or a query/],
    [['show', 'ordrs'], /did you mean `orders`/],
    [['build', '--select', 'ordrs'], /did you mean `orders`/],
    [['build', '--project-dir', '/nowhere'], /this folder does not exist/],
    [['build', '--target', 'prd'], /target `prd` is not in profiles\.yml/],
    [['build', '--vars', '[1]'], /--vars is not a map/],
    [['build', '--threads', 'x'], /--threads: `x` is not a whole number from 1 up/],
    [['build', '--threads', '0'], /--threads: `0` is not a whole number from 1 up/],
    [['show', 'orders', '--limit', '1.5'], /--limit: `1\.5` is not a whole number/],
  ];
  for (const [words, message] of wrongWords) {
    it(`exits 2 for \`runner ${words.join(' ')}\``, async () => {
      const { code, stderr } = await runner(words);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
  }

  it('cancels its backends at Ctrl-C, exits 130, and leaves what was published', async () => {
    succeed(await runner(['build']));
    await write({ 'models/orders.sql': 'select 9 as id from pg_sleep(600)\n' });
    const startedAtMs = Date.now();
    const { code, stderr } = await runner(['build'], {
      onStart: (child) => {
        child.stderr?.on('data', (chunk: string) => {
          if (chunk.includes('START')) setTimeout(() => child.kill('SIGINT'), 300);
        });
      },
    });
    assert.equal(code, 130, stderr);
    assert.ok(Date.now() - startedAtMs < 30_000);
    assert.deepEqual(await ids(), [1, 2, 3]);
    const database = openDatabase(connection, { applicationName: 'test', maxClients: 1 });
    const left = await database.withClient(async (client) => ({
      backends: (
        await client.query(
          'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        )
      ).rowCount,
      stages: (await client.query("select 1 from pg_class where relname like '%\\_\\_staged\\_%'"))
        .rowCount,
    }));
    await database.close();
    assert.deepEqual(left, { backends: 0, stages: 0 });
  });

  it('shows rows of a model, a test and a query, and writes nothing', async () => {
    succeed(await runner(['build']));
    const model = succeed(await runner(['show', 'orders', '--limit', '2', '--output', 'csv']));
    assert.equal(model.stdout, 'id\n1\n2\n');
    const inline = succeed(
      await runner([
        'show',
        '--inline',
        "select sum(id) as total from {{ ref('orders') }} -- all",
        '--output',
        'json',
      ]),
    );
    assert.deepEqual(JSON.parse(inline.stdout), [{ total: 6 }]);
    const wrong = await runner(['show', '--inline', 'select nope from {{ ref("orders") }}']);
    assert.equal(wrong.code, 1, wrong.stderr);
    assert.match(wrong.stderr, /column "nope" does not exist/);
    const writing = await runner(['show', '--inline', 'delete from dev.orders returning id']);
    assert.equal(writing.code, 1, writing.stderr);
    assert.deepEqual(await ids(), [1, 2, 3]);
  });

  it('prints the plan of a dry run as SQL and does nothing', async () => {
    const { stdout } = succeed(await runner(['build', '--dry-run']));
    assert.match(stdout, /create table "dev"\."orders__staged_/);
    const { code } = await runner(['show', '--inline', 'select * from dev.orders']);
    assert.equal(code, 1);
  });

  it('writes compiled SQL, a manifest and run results', async () => {
    succeed(await runner(['build']));
    const compiled = await readFile(join(folder, 'target/compiled/shop/models/totals.sql'), 'utf8');
    assert.match(compiled, /^select count\(\*\) as orders from ".+"\."dev"\."orders"\n$/);
    const manifest = JSON.parse(await readFile(join(folder, 'target/manifest.json'), 'utf8'));
    assert.deepEqual(manifest.parent_map['model.shop.totals'], ['model.shop.orders']);
    const results = JSON.parse(await readFile(join(folder, 'target/run_results.json'), 'utf8'));
    assert.deepEqual(results.results.map((result: { status: string }) => result.status).sort(), [
      'pass',
      'pass',
      'success',
      'success',
    ]);
  });

  it('lets one run work at a time and says who', async () => {
    await write({ 'models/orders.sql': 'select 9 as id from pg_sleep(3)\n' });
    let second: Promise<Finished> | undefined;
    const first = await runner(['build'], {
      onStart: (child) => {
        child.stderr?.on('data', (chunk: string) => {
          if (chunk.includes('START')) second ??= runner(['build']);
        });
      },
    });
    succeed(first);
    const refusedRun = await second;
    assert.equal(refusedRun?.code, 1, refusedRun?.stderr);
    assert.match(refusedRun?.stderr ?? '', /already running: `fundlens:runner:build`/);
  });
});
