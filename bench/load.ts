// Times zip to Bronze beside `unzip -p | psql \copy`, and a changed file beside an upsert of all rows:
// `npx tsx bench/load.ts 10000,100000,1000000 [URL]`; without a URL on an embedded server of its own.
// ROUNDS=5 sets how often both sides run, in turns; the ratios count, and are medians over the rounds.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Connection } from '../core/connection.ts';
import { joinEmbedded } from '../core/embedded/server.ts';
import { packageRoot } from '../core/package-root.ts';
import { indiv } from '../extract/datasets/indiv.ts';
import { buildZip } from '../tests/support/build-zip.ts';
import { runBulk, urlOf } from '../tests/support/extract.ts';
import { type Cost, costMeter } from './cost-meter.ts';

const sizes = (process.argv[2] ?? '10000,100000,1000000').split(',').map(Number);
const rounds = Number(process.env['ROUNDS'] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'fundlens-bench-'));
const server = process.argv[3] === undefined ? await startServer() : undefined;
const url = process.argv[3] ?? (server === undefined ? '' : urlOf(server.connection));
const names = indiv.columns.map(({ name }) => name);
const columns = names.map((name) => `${name} text`).join(', ');
const copyOptions = "with (format csv, delimiter '|', quote E'\\x01')";
const meter = await costMeter(url);

/** What a report takes from a round. */
const sides = {
  psql: (round: Round) => round.psql,
  lineage: (round: Round) => round.lineage,
  bronze: (round: Round) => round.bronze,
  unchanged: (round: Round) => round.unchanged,
  reconciled: (round: Round) => round.reconciled,
  upsert: (round: Round) => round.upsert,
};

try {
  const [version] = await query<{ version: string }>(url, 'select version()');
  print(`${version?.version}; wal_level ${await setting('wal_level')}; ${rounds} rounds`);
  print(`start-up of the process, not in the figures: ${startUp()}`);
  for (const rows of sizes) await measure(rows);
} finally {
  await meter.close();
  await server?.release();
  rmSync(folder, { recursive: true, force: true });
}

async function startServer() {
  return joinEmbedded({ projectDir: folder, env: { ...process.env } });
}

/** What one round costs, step by step. */
interface Round {
  readonly psql: Cost;
  readonly lineage: Cost;
  readonly bronze: Cost;
  readonly unchanged: Cost;
  /** The whole of a changed file, and what of it came after the copying. */
  readonly reconciled: Cost;
  readonly reconciledStep: number;
  readonly upsert: Cost;
  readonly upsertStep: number;
}

async function measure(rows: number): Promise<void> {
  const first = writeZip('a', rows, () => 0);
  const second = writeZip('b', rows, (row) => (row % 100 === 7 ? 1 : 0));
  const done: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    done.push(await inDatabase(rows, (target) => runRound(target, first, second, round % 2 === 1)));
  }
  report(rows, first.bytes, done);
  for (const { folder: own } of [first, second]) rmSync(own, { recursive: true });
}

async function inDatabase<T>(rows: number, use: (target: URL) => Promise<T>): Promise<T> {
  const database = `bench_load_${process.pid}_${rows}`;
  await query(url, `create database ${database}`);
  const target = new URL(url);
  target.pathname = `/${database}`;
  try {
    return await use(target);
  } finally {
    await query(url, `drop database ${database} with (force)`);
    await query(url, 'checkpoint');
  }
}

/** Runs both sides once; every second round the other one first. */
async function runRound(
  target: URL,
  first: MadeFile,
  second: MadeFile,
  bronzeFirst: boolean,
): Promise<Round> {
  const at = target.href;
  const connection = connectionOf(target);
  await query(
    at,
    `create table plain (${columns});
     create table lineage (${columns}, cycle int default 2020, _load_id bigint default 1,
                           _line bigint generated always as identity)`,
  );
  // Once for nothing: the schema and the server's caches are not what is measured.
  await runBulk(connection, { from: sampleOf(), datasets: ['webl'] });
  await watchPhases(at);
  const early = bronzeFirst ? await cost(() => load(connection, first.folder)) : undefined;
  const psql = await cost(() => copyByPsql(at, first.zip, 'plain'));
  const bronze = early ?? (await cost(() => load(connection, first.folder)));
  const lineage = await cost(() => copyByPsql(at, first.zip, 'lineage'));
  const unchanged = await cost(() => load(connection, first.folder));
  await query(at, 'alter table plain add primary key (sub_id)');
  await query(at, 'vacuum analyze plain');
  const change = async () => {
    const reconciled = await cost(() => load(connection, second.folder));
    return { reconciled, reconciledStep: await publishingMs(at) };
  };
  const changedEarly = bronzeFirst ? await change() : undefined;
  let upsertStep = 0;
  const upsert = await cost(async () => {
    await query(at, 'create unlogged table staged (like plain)');
    copyByPsql(at, second.zip, 'staged');
    const start = performance.now();
    await query(
      at,
      `insert into plain select * from staged on conflict (sub_id) do update
          set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    );
    upsertStep = performance.now() - start;
  });
  const changed = changedEarly ?? (await change());
  return { psql, lineage, bronze, unchanged, ...changed, upsert, upsertStep };
}

/** Writes down when an attempt enters a phase: the ledger itself keeps only the last one. */
async function watchPhases(at: string): Promise<void> {
  await query(
    at,
    `create table phases (attempt bigint, phase text, at timestamptz default clock_timestamp());
     create function note_phase() returns trigger language plpgsql as $$
       begin
         insert into public.phases (attempt, phase)
         values (new.attempt_id, case when new.status = 'running' then new.phase else new.status end);
         return null;
       end $$;
     create trigger note_phase after update on bronze.attempts
       for each row when (old.phase <> new.phase or old.status <> new.status) execute function note_phase()`,
  );
}

/** Returns how long the newest load took from the end of its copying to its commit. */
async function publishingMs(at: string): Promise<number> {
  const [row] = await query<{ ms: string }>(
    at,
    `select 1000 * extract(epoch from max(at) filter (where phase = 'succeeded')
                                    - max(at) filter (where phase = 'publish')) as ms
       from phases group by attempt order by attempt desc limit 1`,
  );
  return Number(row?.ms);
}

function report(rows: number, bytes: number, done: readonly Round[]): void {
  const over = (of: (round: Round) => number): number => median(done.map(of));
  const spent = (of: (round: Round) => Cost): string => {
    const client = over((round) => of(round).clientMs);
    const atServer = over((round) => of(round).serverMs);
    return `${seconds(over((round) => of(round).ms))} (${seconds(client)} + ${seconds(atServer)})`;
  };
  const ratio = (one: (round: Round) => Cost, other: (round: Round) => Cost): string => {
    const clock = over((round) => one(round).ms / other(round).ms);
    const processor = over((round) => processorMs(one(round)) / processorMs(other(round)));
    return `${clock.toFixed(2)} (${processor.toFixed(2)})`;
  };
  const { psql, lineage, bronze, unchanged, reconciled, upsert } = sides;
  const steps = over((round) => round.upsertStep / round.reconciledStep).toFixed(2);
  print(
    [
      `${rows} rows, ${(bytes / 1e6).toFixed(0)} MB; by the clock (processor time of the client + of the server)`,
      `psql ${spent(psql)}, with lineage ${spent(lineage)}`,
      `zip to Bronze ${spent(bronze)} = ${ratio(bronze, psql)} of psql, ${ratio(bronze, lineage)} of psql with lineage`,
      `unchanged file ${spent(unchanged)}`,
      `1 % changed ${spent(reconciled)}, after copying ${seconds(over((round) => round.reconciledStep))}`,
      `upsert of all ${spent(upsert)}, after copying ${seconds(over((round) => round.upsertStep))}`,
      `upsert / changed ${ratio(upsert, reconciled)}, after copying ${steps}`,
    ].join('\n  '),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function startUp(): string {
  const program = join(packageRoot(), 'dist/extract/cli.js');
  if (!existsSync(program)) return 'not measured, there is no build';
  const start = performance.now();
  execFileSync(process.execPath, [program, '--version'], { stdio: 'ignore' });
  return seconds(performance.now() - start);
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

interface MadeFile {
  readonly folder: string;
  readonly zip: string;
  readonly bytes: number;
}

/** Writes a zip of made-up contributions of the shape and size of real ones; `version` tells rows apart. */
function writeZip(name: string, rows: number, version: (row: number) => number): MadeFile {
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

async function cost(run: () => unknown): Promise<Cost> {
  return meter.measure(run);
}

function processorMs({ clientMs, serverMs }: Cost): number {
  return clientMs + serverMs;
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
