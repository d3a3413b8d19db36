// Builds one project with dbt-core and with the runner, each into a schema of its own, and compares
// everything that PostgreSQL knows of the two. Usage: DBT=/path/to/dbt npx tsx bench/nodes/compare.ts

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pg from 'pg';
import type { Connection } from '../../core/connection.ts';
import { clientConfig } from '../../core/database.ts';
import { joinEmbedded } from '../../core/embedded/server.ts';
import { packageRoot } from '../../core/package-root.ts';
import { parseDatabaseUrl } from '../../core/target.ts';

const schemas = { dbt: 'bench_dbt', runner: 'bench_runner' };
const roles = ['bench_reader', 'bench_writer'];

/** What both sides must agree on, one row a fact; names that either side makes up are left out. */
const facts = `
  select 'relation' as fact, relname as about, relkind::text || ' ' || relpersistence::text || ' '
    || coalesce(obj_description(oid, 'pg_class'), '') as said
  from pg_class where relnamespace = $1::text::regnamespace and relkind in ('r', 'v', 'm', 'p')
  union all
  select 'column', relname, attnum || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
    || case when attnotnull then ' not null' else '' end || ' ' || coalesce(col_description(attrelid, attnum), '')
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = $1::text::regnamespace and relkind in ('r', 'v', 'm', 'p') and attnum > 0 and not attisdropped
  union all
  select 'index', tablename, regexp_replace(indexdef, ' INDEX .* USING', ' INDEX USING')
  from pg_indexes where schemaname::text = $1::text
  union all
  select 'constraint', relname, pg_get_constraintdef(pg_constraint.oid)
  from pg_constraint join pg_class on pg_class.oid = conrelid
  where relnamespace = $1::text::regnamespace and contype <> 'n'
  union all
  select 'right', relname, pg_get_userbyid(grantee) || ' ' || privilege_type
  from pg_class cross join lateral aclexplode(relacl)
  where relnamespace = $1::text::regnamespace and grantee <> relowner
  order by 1, 2, 3`;

async function main(): Promise<void> {
  const dbt = process.env['DBT'];
  if (!dbt) throw new Error('DBT names the executable of dbt-core with dbt-postgres');
  const given = process.env['DATABASE_URL'];
  const place = mkdtempSync(join(tmpdir(), 'fundlens-bench-'));
  const server = given ? undefined : await joinEmbedded({ projectDir: place });
  const connection = given ? parseDatabaseUrl(given) : server?.tcpConnection;
  if (connection === undefined) throw new Error('dbt needs a server with a port');
  const client = new pg.Client(clientConfig(connection, 'fundlens:bench'));
  await client.connect();
  try {
    await prepare(client);
    // Twice: what is there already is met on another way than what is new.
    for (const round of [1, 2]) {
      build(dbt, 'dbt', connection, place);
      build(process.execPath, 'runner', connection, place);
      await compare(client, round);
    }
  } finally {
    await prepare(client, 'drop only');
    await client.end();
    await server?.release();
    rmSync(place, { recursive: true, force: true });
  }
}

async function prepare(client: pg.Client, only?: 'drop only'): Promise<void> {
  for (const schema of Object.values(schemas)) {
    await client.query(`drop schema if exists ${schema} cascade`);
    if (!only) await client.query(`create schema ${schema}`);
  }
  for (const role of roles) {
    await client.query(`drop role if exists ${role}`);
    if (!only) await client.query(`create role ${role}`);
  }
}

function build(
  program: string,
  side: keyof typeof schemas,
  connection: Connection,
  place: string,
): void {
  const folder = join(place, side);
  cpSync(join(packageRoot(), 'bench/nodes/project'), folder, { recursive: true });
  const tsx = join(packageRoot(), 'node_modules/tsx/dist/esm/index.mjs');
  const cli = join(packageRoot(), 'runner/cli.ts');
  const args = side === 'dbt' ? ['build'] : ['--import', tsx, cli, 'build'];
  const { DATABASE_URL: _, ...rest } = process.env;
  const done = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...rest,
      NO_COLOR: '1',
      DBT_PROFILES_DIR: folder,
      BENCH_SCHEMA: schemas[side],
      BENCH_HOST: connection.host,
      BENCH_PORT: String(connection.port),
      BENCH_USER: connection.user,
      BENCH_PASSWORD: connection.password ?? 'none',
      BENCH_DATABASE: connection.database,
    },
  });
  if (done.status === 0) return;
  throw new Error(`${basename(program)} ${args.join(' ')}:\n${done.stdout}${done.stderr}`);
}

async function compare(client: pg.Client, round: number): Promise<void> {
  const dbt = await describe(client, schemas.dbt);
  const runner = await describe(client, schemas.runner);
  const missing = dbt.filter((line) => !runner.includes(line));
  const added = runner.filter((line) => !dbt.includes(line));
  process.stdout.write(
    `build ${round}: ${dbt.length} facts of dbt, ${runner.length} of the runner\n`,
  );
  for (const line of missing) process.stdout.write(`  dbt only     ${line}\n`);
  for (const line of added) process.stdout.write(`  runner only  ${line}\n`);
  if (missing.length + added.length > 0) process.exitCode = 1;
}

async function describe(client: pg.Client, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ fact: string; about: string; said: string }>(facts, [
    schema,
  ]);
  const lines = rows.map(({ fact, about, said }) => `${fact} ${about}: ${said}`);
  for (const { about } of rows.filter(({ fact }) => fact === 'relation')) {
    const found = await client.query<{ row: string }>(
      `select row(t.*)::text as row from "${schema}"."${about}" as t order by 1`,
    );
    lines.push(...found.rows.map(({ row }, index) => `row ${index + 1} of ${about}: ${row}`));
  }
  return lines.map((line) => line.replaceAll(schema, 'bench'));
}

await main();
