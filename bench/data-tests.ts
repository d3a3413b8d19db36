// Times ten generic tests of one table beside one of them, and beside the same ten each asked alone:
// `npx tsx bench/data-tests.ts [ROWS] [ROUNDS] [URL]`; without a URL on an embedded server of its own.
// The variants take turns, so that what else the machine does meets all of them; read the ratios.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Connection } from '../core/connection.ts';
import { joinEmbedded } from '../core/embedded/server.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Files } from '../tests/support/project.ts';
import { runFiles } from '../tests/support/run-project.ts';

const rows = Number(process.argv[2] ?? 3_000_000);
const rounds = Number(process.argv[3] ?? 5);
const schema = `bench_tests_${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'fundlens-bench-'));
const server =
  process.argv[4] === undefined
    ? await joinEmbedded({ projectDir: folder, env: { ...process.env } })
    : undefined;
const connection = server?.connection ?? connectionOf(process.argv[4] ?? '');

/** Copies of the runner's own tests: the same SQL, and no test that the runner knows. */
function ownMacros(): string {
  const text = readFileSync(join(packageRoot(), 'runner/macros/generic_tests.sql'), 'utf8');
  return [...text.matchAll(/\{% macro default__test_\w+[\s\S]*?\{% endmacro %\}/g)].join('\n');
}

function project(unique: string, customers: string, macros: Files): Files {
  return {
    'models/s.yml': `sources:
  - name: bench
    schema: ${schema}
    tables:
      - name: few
      - name: many
      - name: days
      - name: orders
        columns:
          - {name: id, data_tests: [not_null]}
          - {name: ${unique}, data_tests: [unique]}
          - {name: code, data_tests: [not_null]}
          - {name: amount, data_tests: [{not_null: {name: first}}]}
          - name: customer_id
            data_tests:
              - not_null
              - relationships: {arguments: {to: "source('bench', '${customers}')", field: id}}
          - name: day
            data_tests:
              - not_null
              - relationships: {arguments: {to: "source('bench', 'days')", field: day}}
          - name: status
            data_tests: [{accepted_values: {arguments: {values: [open, shut, lost]}}}]
          - name: kind
            data_tests: [{accepted_values: {arguments: {values: [1, 2, 3], quote: false}}}]
`,
    ...macros,
  };
}

try {
  await prepare();
  const own = { 'macros/own.sql': ownMacros() };
  for (const [title, unique, customers] of [
    ['with a unique index on the key, values looked up in lists of 1,000', 'id', 'few'],
    ['the same, one of them looked up in 100,000 keys', 'id', 'many'],
    ['as the first, with a unique text that has no index', 'code', 'few'],
  ] as const) {
    const variants = {
      one: () => time(project(unique, customers, {}), ['first']),
      shared: () => time(project(unique, customers, {})),
      alone: () => time(project(unique, customers, own)),
    };
    const times: Record<keyof typeof variants, number[]> = { one: [], shared: [], alone: [] };
    await variants.shared();
    for (let round = 0; round < rounds; round += 1) {
      for (const name of ['one', 'shared', 'alone'] as const)
        times[name].push(await variants[name]());
    }
    const [one, shared, alone] = [times.one, times.shared, times.alone].map(median);
    print(`${rows} rows, ${rounds} rounds, ten tests ${title}:`);
    print(`  one test ${seconds(one)}, ten shared ${seconds(shared)}, ten alone ${seconds(alone)}`);
    print(`  shared / one ${ratio(shared, one)}, alone / shared ${ratio(alone, shared)}`);
  }
} finally {
  await query(`drop schema if exists ${schema} cascade`);
  await server?.release();
  rmSync(folder, { recursive: true, force: true });
}

async function prepare(): Promise<void> {
  await query(`create schema ${schema}`);
  // Rows in no order, as a table has them that was loaded from many files.
  await query(`create table ${schema}.orders as
    select n as id, md5(n::text) as code, (n % 1000)::numeric(12, 2) as amount,
      n % 1000 as customer_id, date '2020-01-01' + n % 1000 as day,
      (array['open', 'shut', 'lost'])[1 + n % 3] as status, 1 + n % 3 as kind
    from (select ((i::bigint * 7919) % ${rows})::int as n from generate_series(1, ${rows}) as i) as made`);
  await query(`create unique index on ${schema}.orders (id)`);
  await query(`create table ${schema}.few as select generate_series(0, 999) as id`);
  await query(`create table ${schema}.many as select generate_series(0, 99999) as id`);
  await query(`create table ${schema}.days as
    select date '2020-01-01' + n as day from generate_series(0, 999) as n`);
  await query(`vacuum analyze ${schema}.orders, ${schema}.few, ${schema}.many, ${schema}.days`);
  const { rows: found } = await query('select version()');
  print(String(found[0]?.['version']));
}

/** Milliseconds that the tests took; one that does not pass makes the figure worthless. */
async function time(files: Files, only?: readonly string[]): Promise<number> {
  const ran = await runFiles(connection, schema, files, { verb: 'test', ...(only && { only }) });
  const bad = Object.entries(ran.statuses()).filter(([, status]) => status !== 'pass');
  if (bad.length > 0) throw new Error(`not passed: ${bad.map(([name]) => name).join(', ')}`);
  return ran.result.elapsedMs;
}

async function query(sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ ...connection, ssl: connection.ssl ?? false });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

function connectionOf(text: string): Connection {
  const url = new URL(text);
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || 'postgres',
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    database: url.pathname.slice(1) || 'postgres',
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function seconds(ms: number | undefined): string {
  return `${((ms ?? 0) / 1000).toFixed(2)} s`;
}

function ratio(a: number | undefined, b: number | undefined): string {
  return ((a ?? 0) / (b ?? 1)).toFixed(2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
