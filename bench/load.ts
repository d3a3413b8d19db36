// Times zip to Bronze beside `unzip -p | psql \copy`, and a changed file beside an upsert of all rows:
// `npx tsx bench/load.ts 20000,200000,2000000 [URL]`; without a URL on an embedded server of its own.
// Prints a line per measurement and the ratios, which are what counts: the two sides run alternately.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Connection } from '../core/connection.ts';
import { joinEmbedded } from '../core/embedded/server.ts';
import { indiv } from '../extract/datasets/indiv.ts';
import { buildZip } from '../tests/support/build-zip.ts';
import { runBulk, urlOf } from '../tests/support/extract.ts';

const sizes = (process.argv[2] ?? '20000,200000').split(',').map(Number);
const folder = mkdtempSync(join(tmpdir(), 'fundlens-bench-'));
const server = process.argv[3] === undefined ? await startServer() : undefined;
const url = process.argv[3] ?? (server === undefined ? '' : urlOf(server.connection));
const names = indiv.columns.map(({ name }) => name);
const columns = names.map((name) => `${name} text`).join(', ');
const copyOptions = "with (format csv, delimiter '|', quote E'\\x01')";

try {
  const [version] = await query<{ version: string }>(url, 'select version()');
  print(`${version?.version}; wal_level ${await setting('wal_level')}`);
  for (const rows of sizes) await measure(rows);
} finally {
  await server?.release();
  rmSync(folder, { recursive: true, force: true });
}

async function startServer() {
  return joinEmbedded({ projectDir: folder, env: { ...process.env } });
}

async function measure(rows: number): Promise<void> {
  const first = writeZip('a', rows, () => 0);
  const second = writeZip('b', rows, (row) => (row % 100 === 7 ? 1 : 0));
  const database = `bench_load_${process.pid}_${rows}`;
  await query(url, `create database ${database}`);
  const target = new URL(url);
  target.pathname = `/${database}`;
  const at = target.href;
  try {
    await query(at, `create table plain (${columns})`);
    await query(
      at,
      `create table lineage (${columns}, cycle int default 2020, _load_id bigint default 1,
                             _line bigint generated always as identity)`,
    );
    const connection = connectionOf(target);
    // Once for nothing: the schema and the server's caches are not what is measured.
    await runBulk(connection, { from: sampleOf(), datasets: ['webl'] });
    const plain = await timed(() => copyByPsql(at, first.zip, 'plain'));
    const lineage = await timed(() => copyByPsql(at, first.zip, 'lineage'));
    const bronze = await timed(() => load(connection, first.folder));
    const unchanged = await timed(() => load(connection, first.folder));
    const reconciled = await timed(() => load(connection, second.folder));
    await query(at, 'alter table plain add primary key (sub_id)');
    await query(at, 'analyze plain');
    const upsert = await timed(async () => {
      await query(at, 'create unlogged table staged (like plain)');
      copyByPsql(at, second.zip, 'staged');
      const set = names.map((name) => `${name} = excluded.${name}`).join(', ');
      await query(
        at,
        `insert into plain select * from staged on conflict (sub_id) do update set ${set}`,
      );
    });
    print(
      [
        `${rows} rows, ${(first.bytes / 1e6).toFixed(0)} MB`,
        `psql ${seconds(plain)}, with lineage ${seconds(lineage)}`,
        `zip to Bronze ${seconds(bronze)} = ${ratio(bronze, plain)} of psql, ${ratio(bronze, lineage)} of psql with lineage`,
        `unchanged file ${seconds(unchanged)}`,
        `1 % changed ${seconds(reconciled)}; upsert of all ${seconds(upsert)} = ${ratio(upsert, reconciled)} times as long`,
      ].join('\n  '),
    );
  } finally {
    await query(url, `drop database ${database} with (force)`);
  }
}

async function load(connection: Connection, from: string): Promise<void> {
  const run = await runBulk(connection, { from, datasets: ['indiv'] });
  if (run.code !== 0) throw new Error(run.err);
}

function sampleOf(): string {
  return join(import.meta.dirname, '../extract/sample/2019-03-17');
}

function copyByPsql(at: string, zip: string, table: string): void {
  execFileSync(
    'bash',
    [
      '-c',
      `set -o pipefail; unzip -p '${zip}' | psql -qX '${at}' -c "\\copy ${table} (${names.join(', ')}) from stdin ${copyOptions}"`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

/** Writes a zip of made-up contributions of the shape and size of real ones; `version` tells rows apart. */
function writeZip(name: string, rows: number, version: (row: number) => number) {
  const pieces: Buffer[] = [];
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    const committee = String(400000 + ((row * 7919) % 5000)).padStart(8, '0');
    const id = 4_031_220_191_600_000_000n + BigInt(row);
    text += `C${committee}|N|M3|P|20190320914563${row % 10_000}|15|IND|SMITH, JOHN ${row % 9973}|SPRINGFIELD|IL|6270${row % 10}1234|SELF-EMPLOYED|ATTORNEY ${row % 101}|0${1 + (row % 9)}1${row % 10}2019|${25 + (row % 2775) + version(row)}||SA11AI.${row}|13${row % 100_000}|||${id}\n`;
    if (text.length > 1e6 || row === rows - 1) {
      pieces.push(Buffer.from(text));
      text = '';
    }
  }
  const data = Buffer.concat(pieces);
  const own = mkdtempSync(join(folder, `${name}-`));
  const zip = join(own, 'indiv20.zip');
  writeFileSync(zip, buildZip([{ name: 'itcont.txt', data }]));
  return { folder: own, zip, bytes: data.length };
}

function connectionOf(target: URL): Connection {
  return {
    host: target.searchParams.get('host') ?? target.hostname,
    port: Number(target.port || 5432),
    user: decodeURIComponent(target.username),
    password: decodeURIComponent(target.password),
    database: target.pathname.slice(1),
  };
}

async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function query<Row extends pg.QueryResultRow>(at: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function setting(name: string): Promise<string> {
  const [row] = await query<{ value: string }>(url, `select current_setting('${name}') as value`);
  return row?.value ?? '?';
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(2);
}
