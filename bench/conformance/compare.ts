// Compares the SQL that dbt compiles with ours, node by node, white space aside.
// Usage: DBT=/path/to/dbt npx tsx bench/conformance/compare.ts PROJECT_FOLDER…
// Each folder holds profiles.yml, its packages are installed, and its database is up.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../core/package-root.ts';

const manifestSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      resource_type: z.string(),
      name: z.string(),
      compiled_code: z.string().nullish(),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;
type Node = Manifest['nodes'][string];

/** What became of one node, or why it cannot be compared. */
interface Row {
  readonly status: 'equal' | 'different' | 'missing' | 'ours only' | 'not compiled';
  readonly id: string;
  readonly why: string;
}

function compareProject(dbt: string, projectDir: string): readonly Row[] {
  const scratch = mkdtempSync(join(tmpdir(), 'fundlens-conformance-'));
  try {
    run(dbt, ['-q', 'compile', '--profiles-dir', '.', '--target-path', scratch], projectDir);
    const theirs = readManifest(join(scratch, 'manifest.json'));
    const tsx = join(packageRoot(), 'node_modules/tsx/dist/esm/index.mjs');
    const cli = join(packageRoot(), 'runner/cli.ts');
    run(
      process.execPath,
      ['--import', tsx, cli, 'compile', '--profiles-dir', projectDir],
      projectDir,
    );
    return compareNodes(theirs, readManifest(join(projectDir, 'target/manifest.json')));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], cwd: string): void {
  const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', NO_COLOR: '1' };
  const done = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (done.status === 0) return;
  throw new Error(`${basename(program)} ${args.join(' ')}:\n${done.stdout}${done.stderr}`);
}

function readManifest(path: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** Seeds have no SQL; what dbt does not compile has nothing to be compared with. */
function compareNodes(theirs: Manifest, ours: Manifest): readonly Row[] {
  const left = new Map(Object.entries(ours.nodes));
  const rows: Row[] = [];
  const unmatched: [string, Node][] = [];
  for (const [id, node] of Object.entries(theirs.nodes)) {
    const own = left.get(id);
    if (isLeftOut(node)) rows.push({ status: 'not compiled', id, why: 'by dbt either' });
    else if (own === undefined) unmatched.push([id, node]);
    else rows.push(compareNode(id, node, own));
    left.delete(id);
  }
  for (const [id, node] of unmatched) {
    const twin = twinOf(id, node, left);
    if (twin === undefined)
      rows.push({ status: 'missing', id, why: `no such ${node.resource_type}` });
    else {
      const row = compareNode(id, node, twin[1]);
      rows.push({ ...row, why: `our id: ${twin[0]}${row.why}` });
      left.delete(twin[0]);
    }
  }
  const more = [...left.keys()].map((id): Row => ({ status: 'ours only', id, why: '' }));
  return [...rows, ...more].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What dbt lists and does not compile, such as a test of a model that has no file. */
function isLeftOut(node: Node): boolean {
  return node.resource_type !== 'seed' && (node.compiled_code ?? '') === '';
}

/** A test may have another id: one of the same SQL, or else one that differs in its hash only. */
function twinOf(
  id: string,
  node: Node,
  left: ReadonlyMap<string, Node>,
): readonly [string, Node] | undefined {
  const stem = id.split('.').slice(0, 3).join('.');
  const others = [...left].filter(([, own]) => own.resource_type === node.resource_type);
  return (
    others.find(([, own]) => squeezed(own) !== '' && squeezed(own) === squeezed(node)) ??
    others.find(([other]) => other.startsWith(`${stem}.`))
  );
}

function compareNode(id: string, node: Node, own: Node): Row {
  if (node.resource_type === 'seed') return { status: 'equal', id, why: 'a seed, by its id alone' };
  const [expected, actual] = [squeezed(node), squeezed(own)];
  if (expected === actual) return { status: 'equal', id, why: '' };
  return { status: 'different', id, why: differenceOf(expected, actual) };
}

/** White space between words of SQL counts as one blank; none is left beside punctuation. */
function squeezed(node: Node): string {
  return (node.compiled_code ?? '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),;]) ?/g, '$1')
    .trim();
}

/** The first place where two texts part, with what stands before and after it. */
function differenceOf(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at += 1;
  const part = (text: string): string => text.slice(Math.max(0, at - 40), at + 160);
  return `\n      dbt:  …${part(expected)}\n      ours: …${part(actual)}`;
}

const dbt = process.env['DBT'];
const folders = process.argv.slice(2);
if (dbt === undefined || folders.length === 0) {
  throw new Error('usage: DBT=/path/to/dbt npx tsx bench/conformance/compare.ts PROJECT_FOLDER…');
}
for (const folder of folders) {
  const rows = compareProject(dbt, resolve(folder));
  const count = (status: Row['status']): number =>
    rows.filter((row) => row.status === status).length;
  const shown = rows.filter(({ status }) => status !== 'equal' || process.env['VERBOSE'] === '1');
  const table = shown.map(({ status, id, why }) => `  ${status.padEnd(10)} ${id}  ${why}`);
  const statuses = ['equal', 'different', 'missing', 'ours only', 'not compiled'] as const;
  const sums = statuses.map((status) => `${count(status)} ${status}`).join(', ');
  process.stdout.write(`${folder}: ${sums}\n${table.join('\n')}\n`);
}
