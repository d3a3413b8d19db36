// deps, with everything it fetches made here: a git repository, an archive on loopback, a mirror.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compile } from '../../../runner/commands/compile.ts';
import { type DepsOptions, deps } from '../../../runner/commands/deps.ts';
import { buildTarball } from '../../support/build-tar.ts';
import { faultsOfAsync } from '../../support/faults.ts';
import { recordReporter } from '../../support/reporter.ts';

const project = 'name: shop\nprofile: shop\n';
const profiles = `shop:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, user: me, password: x, dbname: db, schema: dev}
`;

describe('runner deps', () => {
  let folder: string;
  let servers: Server[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fundlens-deps-'));
    servers = [];
    write({ 'shop/dbt_project.yml': project, 'shop/profiles.yml': profiles });
  });
  afterEach(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

  function contextOf(env: Readonly<Record<string, string>> = {}) {
    const recorded = recordReporter();
    const { reporter } = recorded;
    return { ...recorded, context: { env, reporter, signal: new AbortController().signal } };
  }

  const common = () => ({
    projectDir: join(folder, 'shop'),
    profilesDir: join(folder, 'shop'),
    profile: undefined,
    target: undefined,
    varsText: undefined,
    threads: undefined,
    commandLine: 'deps',
  });

  async function runDeps(
    env: Readonly<Record<string, string>> = {},
    given: Partial<DepsOptions> = {},
  ): Promise<string> {
    const { context, err } = contextOf(env);
    const options = { ...common(), upgrade: false, lock: false, add: undefined, ...given };
    assert.equal(await deps(context, options), 0);
    return err();
  }

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', join(folder, 'repo'), ...args], { encoding: 'utf8' }).trim();

  function commit(): string {
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', 'x');
    return git('rev-parse', 'HEAD');
  }

  async function serve(answers: Readonly<Record<string, string | Buffer>>): Promise<string> {
    const server = createServer((request, response) => {
      const answer = answers[request.url ?? ''];
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  const packageFiles = (at: string, name: string, more: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries({ 'dbt_project.yml': `name: ${name}\n`, ...more }).map(([path, text]) => [
        `${at}/${path}`,
        text,
      ]),
    );

  it('installs the commit of a git package, and keeps to it until --upgrade', async () => {
    write(packageFiles('repo/sub', 'tools', { 'macros/a.sql': 'first' }));
    git('init', '-q', '-b', 'main');
    const first = commit();
    write({
      'shop/packages.yml': `packages:\n  - git: ${folder}/repo\n    revision: main\n    subdirectory: sub\n`,
    });
    await runDeps();
    assert.equal(read('shop/dbt_packages/tools/macros/a.sql'), 'first');
    assert.match(read('shop/package-lock.yml'), new RegExp(`revision: "?${first}`));
    assert.match(read('shop/package-lock.yml'), /name: tools\n/);

    write({ 'repo/sub/macros/a.sql': 'second' });
    commit();
    await runDeps();
    assert.equal(read('shop/dbt_packages/tools/macros/a.sql'), 'first');
    await runDeps({}, { upgrade: true });
    assert.equal(read('shop/dbt_packages/tools/macros/a.sql'), 'second');
  });

  it('installs an archive of the registry that has the promised hash', async () => {
    const archive = buildTarball([
      { path: 'top-1.2.0/dbt_project.yml', text: 'name: tools\n' },
      { path: 'top-1.2.0/macros/a.sql', text: 'x' },
    ]);
    const answers: Record<string, string | Buffer> = { '/a.tar.gz': archive };
    const url = await serve(answers);
    const index = (sha1: string) =>
      JSON.stringify({
        versions: { '1.2.0': { downloads: { tarball: `${url}/a.tar.gz`, sha1 } } },
      });
    write({ 'shop/packages.yml': 'packages:\n  - {package: o/tools, version: ">=1.0.0"}\n' });
    answers['/api/v1/o/tools.json'] = index('0'.repeat(40));
    await assert.rejects(runDeps({ RUNNER_HUB_URL: url }), {
      message: 'the archive is not the one that the registry promises',
    });
    assert.equal(existsSync(join(folder, 'shop/dbt_packages')), false);

    answers['/api/v1/o/tools.json'] = index(createHash('sha1').update(archive).digest('hex'));
    await runDeps({ RUNNER_HUB_URL: url });
    assert.equal(read('shop/dbt_packages/tools/macros/a.sql'), 'x');
    assert.match(read('shop/package-lock.yml'), /package: o\/tools\n {4}version: 1\.2\.0\n/);
  });

  it('takes hub and git packages, also of packages, from the mirror without a network', async () => {
    write(packageFiles('mirror/o/tools/1.0.0', 'tools'));
    write(packageFiles('mirror/o/tools/1.4.0', 'tools'));
    const asks = 'packages:\n  - {package: o/tools, version: ["<1.4.0"]}\n';
    write(packageFiles('mirror/o/audit', 'audit', { 'packages.yml': asks }));
    write({
      'shop/packages.yml':
        'packages:\n  - git: https://nowhere.invalid/o/audit.git\n    revision: v1\n',
    });
    // A port that nothing listens on: whatever asks the registry fails.
    const said = await runDeps({
      RUNNER_PACKAGES_MIRROR: join(folder, 'mirror'),
      RUNNER_HUB_URL: 'http://127.0.0.1:1',
    });
    assert.match(said, /installed tools from o\/tools@1\.0\.0\n/);
    assert.ok(existsSync(join(folder, 'shop/dbt_packages/audit/packages.yml')));
  });

  it('tells where the mirror holds a hub package without a folder of its version', async () => {
    write(packageFiles('mirror/o/tools', 'tools'));
    write({ 'shop/packages.yml': 'packages:\n  - {package: o/tools, version: 1.0.0}\n' });
    const faults = await faultsOfAsync(() =>
      runDeps({ RUNNER_PACKAGES_MIRROR: join(folder, 'mirror') }),
    );
    assert.equal(faults.length, 1);
    assert.ok(
      faults[0]?.endsWith(
        'mirror/o/tools: the mirror holds `o/tools` itself where its versions belong (put its files into a folder named by their version, such as `1.0.0`, in this one)',
      ),
      faults[0],
    );
  });

  it('prints no token of a URL', async () => {
    write({
      'shop/packages.yml':
        'packages:\n  - tarball: http://me:t0ken-x@127.0.0.1:1/a.tgz?key=s3cret-y\n    name: a\n',
    });
    await assert.rejects(runDeps(), (error: Error) => {
      assert.match(error.message, /^the download failed: /);
      assert.doesNotMatch(JSON.stringify(error) + error.stack, /t0ken-x|s3cret-y/);
      return true;
    });
  });

  it('adds a package to packages.yml, its comments kept', async () => {
    write(packageFiles('mirror/o/tools/1.0.0', 'tools'));
    write({ 'shop/packages.yml': '# ours\npackages:\n  - local: ../near # why\n' });
    write(packageFiles('near', 'near'));
    await runDeps(
      { RUNNER_PACKAGES_MIRROR: join(folder, 'mirror') },
      { add: { given: 'o/tools@1.0.0', source: 'hub' }, lock: true },
    );
    assert.equal(
      read('shop/packages.yml'),
      '# ours\npackages:\n  - local: ../near # why\n  - package: o/tools\n    version: 1.0.0\n',
    );
    assert.equal(existsSync(join(folder, 'shop/dbt_packages')), false);
  });

  it('compiles with the models, macros, configs and vars of packages as dbt does', async () => {
    write({ 'shop/packages.yml': 'packages:\n  - local: ../near\n' });
    const { context } = contextOf();
    await assert.rejects(
      compile(context, { ...common(), select: [], exclude: [], inline: undefined }),
      {
        message: '1 package is named here, and `dbt_packages` holds 0',
        hint: 'install what is named with `runner deps`',
      },
    );
    write({
      'near/dbt_project.yml':
        'name: near\nvars: {colour: red, size: 1}\nmodels: {near: {+schema: own}}\n',
      'near/models/base.sql': "select '{{ var('colour') }}' as c, {{ var('size') }} as n",
      'near/models/off.sql': 'select 1',
      'near/macros/m.sql':
        "{% macro word() %}{{ return(adapter.dispatch('word', 'near')()) }}{% endmacro %}\n{% macro default__word() %}theirs{% endmacro %}",
      'shop/dbt_project.yml': `${project}vars: {near: {colour: blue}}
models: {near: {off: {+enabled: false}}}
dispatch: [{macro_namespace: near, search_order: [shop, near]}]
`,
      'shop/macros/m.sql': '{% macro default__word() %}ours{% endmacro %}',
      'shop/models/one.sql': "select * from {{ ref('base') }} -- {{ near.word() }}",
      'shop/models/two.sql': "select * from {{ ref('near', 'base') }}",
    });
    await runDeps();
    const options = { ...common(), select: [], exclude: [], inline: undefined };
    assert.equal(await compile(contextOf().context, options), 0);
    const manifest = JSON.parse(read('shop/target/manifest.json'));
    const sql = (id: string): string => manifest.nodes[id].compiled_code;
    assert.equal(sql('model.near.base'), "select 'blue' as c, 1 as n");
    assert.equal(sql('model.shop.one'), 'select * from "db"."dev_own"."base" -- ours');
    assert.equal(sql('model.shop.two'), 'select * from "db"."dev_own"."base"');
    assert.equal(manifest.nodes['model.near.off'], undefined);
  });
});
