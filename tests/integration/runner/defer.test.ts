// Slim builds: what is not built is read where an earlier run built it, and clones stand for it.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli } from '../../support/cli.ts';
import { useDatabase } from '../../support/database.ts';

const files = {
  'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\n",
  'seeds/rates.csv': 'code,rate\na,2\nb,3\n',
  'models/base.sql': "{{ config(materialized='table') }} select code, rate from {{ ref('rates') }}",
  'models/doubled.sql':
    "{{ config(materialized='table') }} select code, 2 * rate as rate from {{ ref('base') }}",
  'models/total.sql':
    "{{ config(materialized='table') }} select sum(rate)::int as total from {{ ref('doubled') }}",
  'models/schema.yml':
    'models: [{name: total, columns: [{name: total, data_tests: [not_null]}]}, {name: base, columns: [{name: code, data_tests: [unique]}]}]\n',
};

describe('runner --defer and clone', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let folder = '';
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runCli('runner', args, { cwd: folder, env: { DATABASE_URL: '', RUNNER_TARGET: '', ...env } });
  const good = async (...args: readonly string[]) => {
    const ended = await run(args);
    assert.equal(ended.code, 0, ended.stderr);
    return ended;
  };
  const relations = async (schema: string) =>
    (
      await database.query<{ it: string }>(
        `select relname || ' ' || relkind::text as it from pg_class as c join pg_namespace as n on n.oid = relnamespace
         where nspname = '${schema}' and relkind in ('r', 'v') order by 1`,
      )
    ).map(({ it: name }) => name);
  const change = (path: string, text: string) => writeFile(join(folder, path), text);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-defer-'));
    const { host, port, user, password, database: dbname } = database.connection;
    const output = { type: 'postgres', host, port, user, password: password ?? 'none', dbname };
    const profiles = {
      shop: {
        target: 'dev',
        outputs: { dev: { ...output, schema: 'dev' }, prod: { ...output, schema: 'prod' } },
      },
    };
    const all = { ...files, 'profiles.yml': JSON.stringify(profiles) };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await good('build', '--target', 'prod');
    await cp(join(folder, 'target'), join(folder, 'production'), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(() => database.query('drop schema if exists dev cascade'));
  afterEach(async () => {
    for (const [path, text] of Object.entries(files)) await change(path, text);
  });

  it('builds what has changed and what reads it, from the relations of the run before', async () => {
    await change('models/doubled.sql', files['models/doubled.sql'].replace('2 *', '10 *'));
    await good('build', '-s', 'state:modified+', '--state', 'production', '--defer');
    assert.deepEqual(await relations('dev'), ['doubled r', 'total r']);
    assert.deepEqual(await database.query('select total from dev.total'), [{ total: 50 }]);
    assert.deepEqual(await database.query('select total from prod.total'), [{ total: 10 }]);
  });

  it('reads what the target has, and with --favor-state the run before all the same', async () => {
    await good('build', '-s', 'rates', 'base');
    await database.query('update dev.base set rate = 100');
    const defer = ['--defer', '--defer-state', 'production'];
    await good('build', '-s', 'doubled', 'total', ...defer);
    assert.deepEqual(await database.query('select total from dev.total'), [{ total: 400 }]);
    await good('build', '-s', 'doubled', 'total', ...defer, '--favor-state');
    assert.deepEqual(await database.query('select total from dev.total'), [{ total: 10 }]);
  });

  it('tests, shows and compiles what was never built here', async () => {
    const defer = ['--defer', '--state', 'production'];
    await good('test', '-s', 'base', ...defer);
    const shown = await good('show', 'total', ...defer, '--output', 'csv');
    assert.match(shown.stdout, /^total\n10\n/);
    const compiled = await good('compile', '-s', 'doubled', ...defer);
    assert.match(compiled.stdout, /"prod"\."base"/);
    assert.deepEqual(await relations('dev'), []);
    assert.equal((await run(['test', '-s', 'base'])).code, 1);
  });

  it('takes --defer from the environment', async () => {
    const env = { DBT_DEFER: 'true', DBT_DEFER_STATE: 'production' };
    assert.equal((await run(['build', '-s', 'total'], env)).code, 0);
  });

  it('refuses to defer to nothing, and to another database', async () => {
    const nowhere = await run(['build', '--defer']);
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /no earlier run is named/);
    const manifest = await readFile(join(folder, 'production/manifest.json'), 'utf8');
    const other = join(folder, 'other');
    await mkdir(other, { recursive: true });
    const { database: name } = database.connection;
    await writeFile(join(other, 'manifest.json'), manifest.replaceAll(`"${name}"`, '"elsewhere"'));
    const refused = await run(['build', '-s', 'total', '--defer', '--state', 'other']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /is in database `elsewhere`/);
  });

  it('clones what is not there as views, keeps what is, and replaces it with --full-refresh', async () => {
    await good('build', '-s', 'rates', 'base');
    await good('clone', '--state', 'production');
    assert.deepEqual(await relations('dev'), ['base r', 'doubled v', 'rates r', 'total v']);
    await good('clone', '--state', 'production', '--full-refresh');
    assert.deepEqual(await relations('dev'), ['base v', 'doubled v', 'rates v', 'total v']);
    assert.deepEqual(await database.query('select total from dev.total'), [{ total: 10 }]);
    await good('build');
    assert.deepEqual(await relations('dev'), ['base r', 'doubled r', 'rates r', 'total r']);
    assert.deepEqual(await relations('prod'), ['base r', 'doubled r', 'rates r', 'total r']);
  });
});
