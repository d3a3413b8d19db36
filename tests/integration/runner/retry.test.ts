// retry after a run that was cancelled or killed: what had not ended is run, with the flags of that run.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli } from '../../support/cli.ts';
import { useDatabase } from '../../support/database.ts';

const slow = "select pg_sleep({{ var('seconds', 0) }})::text as slept, 1 as id";
const files = {
  'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\n",
  'models/first.sql': `{{ config(materialized='table') }} select '{{ var('word', 'none') }}' as word, '{{ flags.FULL_REFRESH }}' as whole`,
  'models/second.sql': `{{ config(materialized='table') }} select slow.* from (${slow}) as slow, {{ ref('first') }}`,
  'models/third.sql': `{{ config(materialized='table') }} select '{{ var('word', 'none') }}' as word, '{{ flags.FULL_REFRESH }}' as whole from {{ ref('second') }}`,
  'models/schema.yml': 'models: [{name: third, columns: [{name: word, data_tests: [not_null]}]}]\n',
};

interface Results {
  readonly results: readonly { readonly unique_id: string; readonly status: string }[];
}

describe('runner retry', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let folder = '';
  const run = (args: readonly string[], options: Parameters<typeof runCli>[2] = {}) =>
    runCli('runner', args, {
      cwd: folder,
      env: { DATABASE_URL: '', RUNNER_TARGET: '' },
      ...options,
    });
  const statuses = async () => {
    const text = await readFile(join(folder, 'target/run_results.json'), 'utf8');
    const { results } = JSON.parse(text) as Results;
    return Object.fromEntries(
      results.map(({ unique_id, status }) => [unique_id.split('.')[2] ?? '', status]),
    );
  };
  /** Builds in schema `other`, and sends a signal while the second model sleeps. */
  const broken = (signal: NodeJS.Signals) => {
    const vars = '{word: kept, seconds: 20}';
    return run(['build', '--target', 'other', '--full-refresh', '--vars', vars], {
      onStart: async (child) => {
        for (let tries = 0; tries < 600; tries += 1) {
          const found = await database.query(
            "select 1 from pg_stat_activity where state = 'active' and query ~ 'pg_sleep.20' and pid <> pg_backend_pid()",
          );
          if (found.length > 0) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        child.kill(signal);
      },
    });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-retry-'));
    const { host, port, user, password, database: dbname } = database.connection;
    const output = { type: 'postgres', host, port, user, password: password ?? 'none', dbname };
    const outputs = { dev: { ...output, schema: 'dev' }, other: { ...output, schema: 'other' } };
    const all = { ...files, 'profiles.yml': JSON.stringify({ shop: { target: 'dev', outputs } }) };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    await database.query('drop schema if exists other cascade');
    // Another file's tests may have left one of this name.
    await database.query('drop schema if exists dev cascade');
    await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'pg_sleep.20' and pid <> pg_backend_pid()",
    );
  });

  it('takes up a run that was cancelled, in its target and with its flags', async () => {
    const cancelled = await broken('SIGINT');
    assert.equal(cancelled.code, 130, cancelled.stderr);
    assert.deepEqual(await statuses(), {
      first: 'success',
      second: 'skipped',
      third: 'skipped',
      not_null_third_word: 'skipped',
    });
    const retried = await run(['retry', '--vars', '{word: kept}']);
    assert.equal(retried.code, 0, retried.stderr);
    assert.deepEqual(await statuses(), {
      second: 'success',
      third: 'success',
      not_null_third_word: 'pass',
    });
    assert.deepEqual(await database.query('select * from other.third'), [
      { word: 'kept', whole: 'True' },
    ]);
  });

  it('takes up a run that was killed', async () => {
    const killed = await broken('SIGKILL');
    assert.equal(killed.signal, 'SIGKILL');
    const recorded = await statuses();
    assert.deepEqual([recorded['second'], recorded['third']], ['skipped', 'skipped']);
    await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'pg_sleep.20' and pid <> pg_backend_pid()",
    );
    const path = join(folder, 'models/second.sql');
    await writeFile(path, files['models/second.sql'].replace("var('seconds', 0)", '0'));
    const retried = await run(['retry']);
    await writeFile(path, files['models/second.sql']);
    assert.equal(retried.code, 0, retried.stderr);
    assert.deepEqual(await database.query('select * from other.third'), [
      { word: 'kept', whole: 'True' },
    ]);
    assert.deepEqual(await database.query("select 1 from pg_namespace where nspname = 'dev'"), []);
  });
});
