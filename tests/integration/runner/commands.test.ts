// The commands around a run, on the project that `init` makes and the embedded database.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../support/cli.ts';

interface Results {
  readonly results: readonly { readonly unique_id: string; readonly status: string }[];
}

describe('runner, the commands around a run', () => {
  let parent = '';
  let folder = '';
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runCli('runner', args, { cwd: folder, env: { RUNNER_TARGET: '', ...env } });
  const artifact = (name: string): unknown =>
    JSON.parse(readFileSync(join(folder, 'target', name), 'utf8'));
  const lines = (text: string): string[] => text.split('\n').filter(Boolean);

  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'fundlens-commands-'));
    folder = parent;
    const made = await run(['init', 'shop']);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.stdout, 'cd shop\nrunner build\n');
    folder = join(parent, 'shop');
  });

  after(async () => {
    await run(['db', 'stop', '--force']);
    await rm(parent, { recursive: true, force: true });
  });

  it('makes a project that builds', async () => {
    const built = await run(['build']);
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stderr, /PASS=7 WARN=0 ERROR=0 SKIP=0 TOTAL=7/);
  });

  it('does not overwrite what is there', async () => {
    const again = await runCli('runner', ['init', 'shop'], { cwd: parent });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there is a `shop` already/);
  });

  it('lists names, paths, selectors and chosen keys', async () => {
    const { stdout } = await run(['ls', '--output', 'name', '--resource-type', 'model']);
    assert.deepEqual(lines(stdout), ['stg_payments', 'customers']);
    const paths = await run([
      'ls',
      '-s',
      '+customers',
      '--output',
      'path',
      '--exclude-resource-type',
      'test',
    ]);
    assert.deepEqual(lines(paths.stdout).sort(), [
      'models/marts/customers.sql',
      'models/staging/stg_payments.sql',
      'seeds/payments.csv',
    ]);
    const keys = ['--output', 'json', '--output-keys', 'unique_id', 'resource_type'];
    const json = await run(['ls', '-s', 'customers', '--indirect-selection', 'empty', ...keys]);
    assert.deepEqual(
      lines(json.stdout).map((line) => JSON.parse(line) as unknown),
      [{ resource_type: 'model', unique_id: 'model.shop.customers' }],
    );
  });

  it('writes what is in the database to catalog.json', async () => {
    assert.equal((await run(['docs', 'generate'])).code, 0);
    const { nodes } = artifact('catalog.json') as {
      nodes: Record<
        string,
        { metadata: { type: string }; columns: Record<string, { type: string; index: number }> }
      >;
    };
    assert.deepEqual(Object.keys(nodes).sort(), [
      'model.shop.customers',
      'model.shop.stg_payments',
      'seed.shop.payments',
    ]);
    assert.equal(nodes['model.shop.stg_payments']?.metadata.type, 'VIEW');
    assert.deepEqual(nodes['model.shop.customers']?.columns['payment_count'], {
      type: 'bigint',
      index: 2,
      name: 'payment_count',
      comment: null,
    });
  });

  it('retries what failed and what was skipped for it, and nothing else', async () => {
    assert.match((await run(['retry'])).stderr, /there is nothing to retry/);
    const path = join(folder, 'models/staging/stg_payments.sql');
    const right = await readFile(path, 'utf8');
    await writeFile(path, right.replace('amount', 'amuont'));
    assert.equal((await run(['build'])).code, 1);
    await writeFile(path, right);
    const retried = await run(['retry']);
    assert.equal(retried.code, 0, retried.stderr);
    const { results } = artifact('run_results.json') as Results;
    assert.ok(results.every(({ status }) => status === 'success' || status === 'pass'));
    assert.ok(results.some((one) => one.unique_id === 'model.shop.customers'));
    assert.ok(!results.some((one) => one.unique_id === 'seed.shop.payments'));
  });

  it('selects what has changed since the run whose artifacts --state names', async () => {
    await run(['parse', '--target-path', 'before']);
    const none = await run(['build', '-s', 'state:modified+', '--state', 'before']);
    assert.equal(none.code, 0, none.stderr);
    assert.match(none.stderr, /nothing is selected/);
    const path = join(folder, 'models/marts/customers.sql');
    const right = await readFile(path, 'utf8');
    await writeFile(path, right.replace('count(*)', 'count(1)'));
    const changed = await run([
      'ls',
      '-s',
      'state:modified',
      '--state',
      'before',
      '--indirect-selection',
      'empty',
    ]);
    await writeFile(path, right);
    assert.deepEqual(lines(changed.stdout), ['shop.marts.customers']);
  });

  it('prints nothing but errors with --quiet, as a flag, a variable or of the project', async () => {
    assert.equal((await run(['build', '-q'])).stderr, '');
    assert.equal((await run(['build'], { DBT_QUIET: 'true' })).stderr, '');
    const path = join(folder, 'tests/assert_all_payments_are_counted.sql');
    const right = await readFile(path, 'utf8');
    await writeFile(path, right.replace('<>', '='));
    const failed = await run(['test', '-q']);
    await writeFile(path, right);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /assert_all_payments_are_counted/);
    assert.doesNotMatch(failed.stderr, /START|Done in/);
  });

  it('takes a warning for an error with --warn-error', async () => {
    const warned = await run(['ls', '-s', 'customers', 'nobody']);
    assert.equal(warned.code, 0);
    const refused = await run(['ls', '-s', 'customers', 'nobody', '--warn-error']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--warn-error: `nobody` matches no node/);
  });

  it('removes what clean-targets names, and nothing the project is made of', async () => {
    assert.equal((await run(['clean'])).code, 0);
    assert.ok(!existsSync(join(folder, 'target')));
    const path = join(folder, 'dbt_project.yml');
    const right = await readFile(path, 'utf8');
    for (const [target, said] of [
      ['models/marts/..', 'which the project is made of'],
      ['../shop2', 'inside the project'],
      ['.', 'inside the project'],
    ] as const) {
      await writeFile(path, `${right}clean-targets: ["${target}"]\n`);
      const refused = await run(['clean']);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, new RegExp(said));
    }
    await writeFile(path, right);
    assert.ok(existsSync(join(folder, 'models/marts/customers.sql')));
  });

  it('prints a completion script', async () => {
    const { stdout, code } = await run(['completion']);
    assert.equal(code, 0);
    assert.match(stdout, /begin-runner-completions/);
  });
});
