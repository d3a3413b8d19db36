// A throwaway database for the tests of one process, on the embedded server or on TEST_DATABASE_URL.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Connection } from '../../core/connection.ts';
import { clientConfig } from '../../core/database.ts';
import { type EmbeddedServer, joinEmbedded } from '../../core/embedded/server.ts';

/** The database that the tests of this process share. */
export interface TestDatabase {
  /** How to reach it; known once the hooks have run, so read it inside tests and hooks. */
  readonly connection: Connection;
  /** Runs one statement over a connection of its own kept for the tests, and returns its rows. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

interface Opened {
  readonly server: EmbeddedServer | undefined;
  readonly admin: Connection;
  readonly connection: Connection;
  readonly pool: pg.Pool;
}

const databasePrefix = 'fundlens_test_';
let opening: Promise<Opened> | undefined;
let opened: Opened | undefined;
const extraDatabases: string[] = [];

/**
 * Gives the suite in which it is called the process's database: made by the first suite that asks,
 * dropped after the last test of the process.
 */
export function useDatabase(): TestDatabase {
  before(async function () {
    this.timeout(60_000);
    await open();
  });
  return {
    get connection() {
      return current().connection;
    },
    async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) {
      return (await current().pool.query<Row>(sql, [...values])).rows;
    },
  };
}

/** Creates one more empty database, for a test that must have one to itself; dropped with the rest. */
export async function createDatabase(): Promise<Connection> {
  const { admin } = await open();
  const database = makeName();
  await runAsAdmin(admin, `create database ${database}`);
  extraDatabases.push(database);
  return { ...admin, database };
}

/**
 * Returns the project folder and the environment of the tests' own embedded server: a command that
 * is started with both uses the same server.
 */
export function testServerProject(): {
  readonly projectDir: string;
  readonly env: NodeJS.ProcessEnv;
} {
  const projectDir = join(tmpdir(), `fundlens-tests-${process.getuid?.() ?? 'user'}`);
  mkdirSync(projectDir, { recursive: true });
  // Tests do not crash the machine, and need not wait for its disk.
  return { projectDir, env: { ...process.env, FUNDLENS_EMBEDDED_FSYNC: 'off' } };
}

// At import time the current suite is the root: this runs after every test of the process.
after(async function () {
  this.timeout(60_000);
  if (opening === undefined) return;
  const { pool, admin, connection, server } = await opening;
  await pool.end();
  for (const database of [...extraDatabases, connection.database]) {
    await runAsAdmin(admin, `drop database if exists ${database} with (force)`);
  }
  await server?.release();
});

function open(): Promise<Opened> {
  opening ??= openOnce();
  return opening;
}

async function openOnce(): Promise<Opened> {
  const url = process.env['TEST_DATABASE_URL'];
  const server = url ? undefined : await joinEmbedded(testServerProject());
  const admin = url ? parseUrl(url) : server?.connection;
  if (admin === undefined) throw new Error('no server to test on');
  if (server) await dropLeftovers(admin);
  const database = makeName();
  await runAsAdmin(admin, `create database ${database}`);
  const connection = { ...admin, database };
  const pool = new pg.Pool({ ...clientConfig(connection, 'fundlens:test'), max: 4 });
  pool.on('error', () => undefined);
  opened = { server, admin, connection, pool };
  return opened;
}

function current(): Opened {
  if (opened === undefined) throw new Error('read the test database inside a test or hook');
  return opened;
}

function makeName(): string {
  return `${databasePrefix}${process.pid}_${randomBytes(4).toString('hex')}`;
}

/** Drops what killed test processes left; only our own server can tell who is dead. */
async function dropLeftovers(admin: Connection): Promise<void> {
  const rows = await runAsAdmin<{ datname: string }>(
    admin,
    `select datname from pg_database where datname like '${databasePrefix}%'`,
  );
  for (const { datname } of rows) {
    const pid = Number(datname.slice(databasePrefix.length).split('_')[0]);
    if (!isRunning(pid)) await runAsAdmin(admin, `drop database if exists ${datname} with (force)`);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function runAsAdmin<Row extends pg.QueryResultRow>(
  admin: Connection,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client(clientConfig(admin, 'fundlens:test-admin'));
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

function parseUrl(text: string): Connection {
  const url = new URL(text);
  const database = decodeURIComponent(url.pathname.slice(1)) || 'postgres';
  return {
    host: url.searchParams.get('host') ?? decodeURIComponent(url.hostname),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || 'postgres',
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    database,
    ...(url.searchParams.get('sslmode') === 'require' ? { ssl: true } : {}),
  };
}
