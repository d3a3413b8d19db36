// `npm start`: the whole pipeline on the FEC sample that ships, by calling both programs as a user would.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { packageRoot } from './package-root.ts';

const root = packageRoot();
const sample = 'extract/sample/2019-03-17';
const startedAtMs = Date.now();

/** A program that did not end well, with its exit code. */
class Ended extends Error {
  override readonly name = 'Ended';
  readonly code: number;

  constructor(code: number) {
    super(`a program ended with ${code}`);
    this.code = code;
  }
}

async function main(): Promise<number> {
  // A terminal sends Ctrl-C to the program as well: it stops in its own way, and we report how.
  process.on('SIGINT', () => undefined);
  try {
    return await start();
  } catch (error) {
    if (error instanceof Ended) return error.code;
    throw error;
  }
}

async function start(): Promise<number> {
  title('1. FEC files to Bronze', `extract bulk --cycle 2020 --from ${sample}`);
  const loaded = await call('extract', ['bulk', '--cycle', '2020', '--from', sample]);
  if (loaded !== 0) return loaded;
  title('2. Bronze to Silver to Gold, tested before it is published', 'runner build');
  const built = await call('runner', ['build']);
  if (built !== 0) return built;
  title('3. What was built', undefined);
  await printBronze();
  printLayers();
  await printHeadlines();
  say(nextSteps);
  say(`\nDone in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s.`);
  return 0;
}

const nextSteps = `
Ask a question in SQL:
  npx runner show --inline "select committee_name, itemized_net from {{ ref('committee_summary') }} order by itemized_net desc"

Connect psql; \`npx runner db psql-hint\` also prints host, port and user for a BI tool:
  ${process.env['DATABASE_URL'] ? 'psql "$DATABASE_URL"' : 'psql "$(npx runner db url)"'}

Change a model in models/ and build it with all that reads it:
  npx runner build --select contributions+

Contributor data: 52 U.S.C. 30111(a)(4) forbids their sale, and their use to solicit contributions
or for commercial purposes.`;

/** The three sums that a campaign-finance reporter asks first. */
const headlineQuery = `
select
    coalesce(sum(itemized_receipts), 0) as receipts,
    coalesce(sum(itemized_refunds), 0) as refunds,
    coalesce(sum(itemized_net), 0) as net
from {{ ref('committee_summary') }}`;

async function printHeadlines(): Promise<void> {
  const output = await read('runner', ['show', '--inline', headlineQuery, '--output', 'csv']);
  const [receipts, refunds, net] = (output.trim().split('\n')[1] ?? '').split(',');
  say('\nGold, cycle 2020 as disclosed by 17 March 2019');
  sayRow('itemized individual receipts', dollars(receipts));
  sayRow('refunds to individuals', dollars(refunds));
  sayRow('net', dollars(net));
}

async function printBronze(): Promise<void> {
  const status: unknown = JSON.parse(await read('extract', ['status', '--json']));
  say('\nBronze rows');
  for (const table of Array.isArray(status) ? status : []) {
    sayRow(String(fieldOf(table, 'table')), Number(fieldOf(table, 'rows')).toLocaleString('en-US'));
  }
}

/** Counts from the artifacts of the build that just ended. */
function printLayers(): void {
  const results: unknown = readArtifact('run_results.json');
  const manifest: unknown = readArtifact('manifest.json');
  const nodes = fieldOf(manifest, 'nodes');
  const counts = new Map<string, { built: number; tested: number; warned: number }>();
  for (const result of listOf(results, 'results')) {
    const node = fieldOf(nodes, String(fieldOf(result, 'unique_id')));
    const status = fieldOf(result, 'status');
    const isTest = fieldOf(node, 'resource_type') === 'test';
    const layer = layerOf(String(fieldOf(node, 'original_file_path')));
    const count = counts.get(layer) ?? { built: 0, tested: 0, warned: 0 };
    if (isTest) count.tested += 1;
    else count.built += 1;
    if (status === 'warn') count.warned += 1;
    counts.set(layer, count);
  }
  say('\nBuilt by layer');
  for (const [layer, { built, tested, warned }] of [...counts].sort()) {
    const warnings = warned === 0 ? '' : `, ${warned} with warnings`;
    const tables = built === 0 ? '' : `${built} built, `;
    sayRow(layer, `${tables}${tested - warned} tests passed${warnings}`);
  }
}

function layerOf(path: string): string {
  const match = /^models\/([^/]+)\//.exec(path);
  if (match?.[1]) return match[1];
  return path.startsWith('seeds/') ? 'seeds' : 'tests across layers';
}

async function call(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [cliOf(program), ...args], { cwd: root, stdio: 'inherit' });
  return endOf(child);
}

/** The exit code; for a signal 128 and its number, as shells report it. */
function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const number = signal === null ? 0 : constants.signals[signal];
      resolve(code ?? 128 + number);
    });
  });
}

async function read(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [cliOf(program), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = endOf(child);
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) output += String(chunk);
  const code = await end;
  if (code !== 0) throw new Ended(code);
  return output;
}

function cliOf(program: string): string {
  return join(root, 'dist', program, 'cli.js');
}

function readArtifact(name: string): unknown {
  const path = join(root, 'target', name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function listOf(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}

function dollars(amount: string | undefined): string {
  const [whole = '0', cents = '00'] = (amount ?? '0').split('.');
  return `$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`;
}

function title(text: string, command: string | undefined): void {
  const shown = process.stdout.isTTY ? styleText('bold', text) : text;
  say(`\n${shown}${command === undefined ? '' : `\n$ npx ${command}`}`);
}

function sayRow(name: string, value: string): void {
  say(`  ${name.padEnd(34)}${value.padStart(24)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// At the end: what is above is constants too, which are not there before their line.
process.exitCode = await main();
