// run-operation: a macro called by hand carries out each of its statements once, in one transaction.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli } from '../../support/cli.ts';
import { useDatabase } from '../../support/database.ts';
import { urlOf } from '../../support/extract.ts';

const files = {
  'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\n",
  'profiles.yml':
    'shop: {target: dev, outputs: {dev: {type: postgres, host: h, user: u, password: p, dbname: d, port: 5432, schema: shop}}}\n',
  'models/t.sql': "{{ config(materialized='table') }} select 1 as id",
  'macros/note.sql': `
{% macro note(what, times=1) %}
  {{ log('begin ' ~ what, info=true) }}
  {% for n in range(times) %}
    {% do run_query("insert into shop.log (note) values ('" ~ what ~ "')") %}
  {% endfor %}
  {% set count = run_query('select count(*) from shop.log').columns[0].values()[0] %}
  {{ print(count ~ ' notes in ' ~ ref('t').schema) }}
{% endmacro %}
{% macro half() %}
  {% do run_query("insert into shop.log (note) values ('lost')") %}
  {% do run_query('select 1/0') %}
{% endmacro %}
{% macro rebuild() %}
  {% set made = api.Relation.create(schema='made', identifier='t', type='table') %}
  {% do adapter.create_schema(made) %}
  {% do run_query('create table made.t (id int)') %}
  {% do adapter.rename_relation(made, made.incorporate(path={'identifier': 'kept'})) %}
{% endmacro %}
{% macro tidy() %}{% do run_query('vacuum shop.log') %}{% endmacro %}
{% macro tidy_alone() %}{% do run_query('commit') %}{% do run_query('vacuum shop.log') %}{% endmacro %}
{% macro wait() %}{% do run_query("insert into shop.log (note) values ('cancelled')") %}{% do run_query('select pg_sleep(30)') %}{% endmacro %}
`,
};

describe('runner run-operation', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let folder = '';
  const run = (args: readonly string[], onStart?: Parameters<typeof runCli>[2]) =>
    runCli('runner', ['run-operation', ...args], {
      cwd: folder,
      env: { DATABASE_URL: urlOf(database.connection) },
      ...onStart,
    });
  const notes = async () =>
    (await database.query<{ note: string }>('select note from shop.log order by n')).map(
      ({ note }) => note,
    );
  const results = async (): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, 'target/run_results.json'), 'utf8'));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-operation-'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    await database.query('drop schema if exists shop cascade; drop schema if exists made cascade');
    await database.query('create schema shop; create table shop.log (n serial, note text)');
  });

  it('carries out each statement once, logs each line once and prints on stdout', async () => {
    const done = await run(['note', '--args', '{what: hello, times: 3}']);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(await notes(), ['hello', 'hello', 'hello']);
    assert.equal(done.stdout, '3 notes in shop\n');
    assert.equal(done.stderr.match(/begin hello/g)?.length, 1);
    const { results: entries, args } = (await results()) as {
      results: { unique_id: string; status: string }[];
      args: { which: string };
    };
    assert.equal(args.which, 'run-operation');
    assert.deepEqual(
      entries.map(({ unique_id, status }) => [unique_id, status]),
      [['macro.shop.note', 'success']],
    );
  });

  it('takes back all of it where one statement fails, and exits with 1', async () => {
    const failed = await run(['shop.half']);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /macro half: division by zero/);
    assert.deepEqual(await notes(), []);
    const { results: entries } = (await results()) as { results: { status: string }[] };
    assert.deepEqual(
      entries.map(({ status }) => status),
      ['error'],
    );
  });

  it('writes through `adapter`', async () => {
    const done = await run(['rebuild']);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(
      await database.query(
        "select relname from pg_class where relnamespace = 'made'::regnamespace",
      ),
      [{ relname: 'kept' }],
    );
  });

  it('tells how to run what takes no transaction', async () => {
    const refused = await run(['tidy']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /run_query\('commit'\)/);
    const done = await run(['tidy_alone']);
    assert.equal(done.code, 0, done.stderr);
  });

  it('runs SQL, with templates', async () => {
    const sql = "insert into shop.log (note) values ('{{ target.schema }}'), ('b')";
    const done = await run(['--sql', sql]);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(await notes(), ['shop', 'b']);
  });

  it('refuses what it cannot call, with 2, and runs nothing', async () => {
    const unknown = await run(['nota']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /there is no macro `nota`[\s\S]*did you mean `note`/);
    assert.equal((await run([])).code, 2);
    assert.equal((await run(['note', '--args', '[1]'])).code, 2);
    const wrong = await run(['note', '--args', '{what: a, wat: b}']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /wat/);
    assert.deepEqual(await notes(), []);
  });

  it('is cancelled by Ctrl-C, keeps nothing and exits with 130', async () => {
    const cancelled = await run(['wait'], {
      onStart: async (child) => {
        for (let tries = 0; tries < 200; tries += 1) {
          const found = await database.query(
            "select 1 from pg_stat_activity where state = 'active' and query like 'select pg_sleep(30)%'",
          );
          if (found.length > 0) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        child.kill('SIGINT');
      },
    });
    assert.equal(cancelled.code, 130);
    assert.deepEqual(await notes(), []);
  });
});
