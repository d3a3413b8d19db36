// Measures how long projects of growing size take to read, parse and compile, and what a doubling costs.
//
//   npx tsx bench/parse.ts [--nodes 500,1000,2000,4000] [--runs 3]
//   DBT=/path/to/dbt npx tsx bench/parse.ts       with `dbt parse` beside it, and with `dbt compile`
//                                                 where PGPORT and its like name a server
//
// Times of this program are processor time, which a busy machine disturbs less than the clock; `clock`
// is what a person waits. Each is the best of the runs. It runs dist/ where
// that is built, or the built program that RUNNER names.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../core/package-root.ts';
import { writeProject } from './generate-project.ts';

/** What a doubling of the nodes may cost. */
const MAX_RATIO = 2.5;

/** Milliseconds of one command. */
interface Cost {
  readonly cpu: number;
  readonly clock: number;
}

interface Row {
  readonly nodes: number;
  readonly tests: number;
  readonly read: number;
  readonly parseCold: number;
  readonly parseWarm: number;
  readonly cold: Cost;
  readonly warm: Cost;
  readonly dbtParse: number | undefined;
  readonly dbtCompile: number | undefined;
}

const root = packageRoot();
const work = mkdtempSync(join(tmpdir(), 'fundlens-bench-parse-'));
const usagePath = join(work, 'usage');
/** Writes the processor time of a Node process when it ends. */
const usageHook = `data:text/javascript,${encodeURIComponent(
  `import { writeFileSync } from 'node:fs';
   process.on('exit', () => writeFileSync(${JSON.stringify(usagePath)}, JSON.stringify(process.cpuUsage())));`,
)}`;
const built = process.env['RUNNER'] ?? join(root, 'dist/runner/cli.js');
const runner = existsSync(built) ? [built] : ['--import', 'tsx', join(root, 'runner/cli.ts')];

function run(command: string, args: readonly string[], cwd = root): { ms: number; out: string } {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}${stdout}`);
  return { ms: performance.now() - start, out: stdout };
}

function runNode(args: readonly string[]): Cost {
  const { ms } = run(process.execPath, ['--import', usageHook, ...args]);
  const usage: { user: number; system: number } = JSON.parse(readFileSync(usagePath, 'utf8'));
  return { cpu: (usage.user + usage.system) / 1000, clock: ms };
}

function best<T>(runs: number, cost: (one: T) => number, make: () => T): T {
  const all = Array.from({ length: runs }, make).sort((a, b) => cost(a) - cost(b));
  const [first] = all;
  if (first === undefined) throw new RangeError('at least one run');
  return first;
}

function measureParse(folder: string): { read: number; parse: number; tests: number } {
  const script = join(root, 'bench/measure-parse.ts');
  return JSON.parse(run(process.execPath, ['--import', 'tsx', script, folder]).out);
}

async function measure(nodes: number, runs: number, dbt: string | undefined): Promise<Row> {
  const folder = join(work, String(nodes));
  await writeProject({ nodes, seed: 1 }, folder);
  const target = join(folder, 'target');
  const forget = (): void => rmSync(target, { recursive: true, force: true });
  const compile = (): Cost =>
    runNode([...runner, 'compile', '--project-dir', folder, '--profiles-dir', folder]);
  const parseCold = best(
    runs,
    (one) => one.parse,
    () => measureParse(folder),
  );
  const cold = best(
    runs,
    (one) => one.cpu,
    () => {
      forget();
      return compile();
    },
  );
  const warm = best(runs, (one) => one.cpu, compile);
  const parseWarm = best(
    runs,
    (one) => one.parse,
    () => measureParse(folder),
  );
  const dbtArgs = ['--project-dir', folder, '--profiles-dir', folder, '--no-partial-parse'];
  const dbtRun = (args: readonly string[]): number | undefined =>
    dbt === undefined ? undefined : run(dbt, [...args, ...dbtArgs], folder).ms;
  const row = {
    nodes,
    tests: parseCold.tests,
    read: parseCold.read,
    parseCold: parseCold.parse,
    parseWarm: parseWarm.parse,
    cold,
    warm,
    dbtParse: dbtRun(['parse']),
    // dbt connects even to compile.
    dbtCompile: process.env['PGPORT'] === undefined ? undefined : dbtRun(['compile']),
  };
  rmSync(folder, { recursive: true, force: true });
  return row;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printHead(): void {
  const names = ['nodes', 'tests', 'read', 'parse cold', 'warm', 'compile cold (clock)', 'ratio'];
  names.push('warm (clock)', 'ratio', 'dbt parse', 'dbt compile');
  print(`| ${names.join(' | ')} |`);
  print(`|${'---:|'.repeat(names.length)}`);
}

function printRow(row: Row, before: Row | undefined): void {
  const ms = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(0));
  const ratio = (value: number, of: number | undefined): string => {
    if (of === undefined) return '-';
    return `${(value / of).toFixed(2)}${value / of > MAX_RATIO ? ' !' : ''}`;
  };
  const cells = [
    ...[String(row.nodes), String(row.tests), ms(row.read), ms(row.parseCold), ms(row.parseWarm)],
    `${ms(row.cold.cpu)} (${ms(row.cold.clock)})`,
    ratio(row.cold.cpu, before?.cold.cpu),
    `${ms(row.warm.cpu)} (${ms(row.warm.clock)})`,
    ratio(row.warm.cpu, before?.warm.cpu),
    ...[ms(row.dbtParse), ms(row.dbtCompile)],
  ];
  print(`| ${cells.join(' | ')} |`);
}

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '500,1000,2000,4000' },
    runs: { type: 'string', default: '3' },
  },
});
const runs = Number(values.runs);
try {
  const start = (args: readonly string[]): string => {
    const { cpu, clock } = best(
      runs,
      (one) => one.cpu,
      () => runNode(args),
    );
    return `${cpu.toFixed(0)} ms of processor, ${clock.toFixed(0)} ms by the clock`;
  };
  print(
    `Node ${process.version}, ${runner[0] === built ? 'dist' : 'sources through tsx'}; milliseconds.`,
  );
  print(`- node -e 0: ${start(['-e', '0'])}`);
  print(`- runner --version: ${start([...runner, '--version'])}`);
  const one = join(work, 'one');
  await writeProject({ nodes: 5, seed: 1 }, one);
  const five = [...runner, 'compile', '--project-dir', one, '--profiles-dir', one];
  print(`- runner compile of 5 nodes (start-up): ${start(five)}\n`);
  printHead();
  let before: Row | undefined;
  for (const nodes of values.nodes.split(',').map(Number)) {
    const row = await measure(nodes, runs, process.env['DBT']);
    printRow(row, before);
    before = row;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
