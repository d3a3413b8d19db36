// Compares what dbt selects with what we select, on a project with every kind of node.
// Usage: DBT=/path/to/dbt npx tsx bench/conformance/selection.ts [PART OF A SELECTION]

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { createReporter } from '../../core/reporter.ts';
import { selectFrom } from '../../runner/commands/choose-nodes.ts';
import { loadProject } from '../../runner/commands/load-project.ts';
import { writeCompiled } from '../../runner/commands/write-artifacts.ts';
import { indirectModes, resourceTypes } from '../../runner/graph/types.ts';
import { changedFiles, projectFiles } from './selection-project.ts';

/** Command lines of ls, without the words that both programs are given. */
const selections: readonly string[] = [
  '',
  '--select orders',
  '--select orders+',
  '--select +orders',
  '--select 1+orders',
  '--select +orders+1',
  '--select 2+revenue',
  '--select @customers',
  '--select @stg_orders --exclude tag:staging',
  '--select 1+revenue+1',
  '--select margin',
  '--select margin.daily',
  '--select shop.marts.finance.margin',
  '--select marts.finance',
  '--select finance',
  '--select shop.*.finance',
  '--select shop.marts.*.*',
  '--select *e*',
  '--select ?rders',
  '--select [os]*',
  '--select dim',
  '--select dim.v1',
  '--select dim_v2',
  '--select dim_v2+',
  '--select shop.marts.dim',
  '--select version:latest',
  '--select version:old',
  '--select version:prerelease',
  '--select version:none',
  '--select path:models/marts',
  '--select models/marts/finance',
  '--select models/**/*.sql',
  '--select path:models/*',
  '--select path:models/schema.yml',
  '--select path:seeds',
  '--select path:tests',
  '--select path:snapshots/people_history.sql',
  '--select file:orders.sql',
  '--select file:*.csv',
  '--select orders.sql',
  '--select people.csv',
  '--select file:margin.daily',
  '--select tag:nightly',
  '--select tag:n*',
  '--select tag:loaded',
  '--select tag:slow',
  '--select tag:fast',
  '--select tag:nightly,tag:second',
  '--select tag:nightly tag:people',
  '--select tag:staging,+orders',
  '--select config.materialized:table',
  '--select config.materialized:ephemeral+',
  '--select config.meta.owner:finance',
  '--select config.meta.tiers:gold',
  '--select config.meta.tiers:true',
  '--select config.enabled:true',
  '--select config.severity:warn',
  '--select config.severity:ERROR',
  '--select config.store_failures:false',
  '--select config.docs.show:true',
  '--select config.contract.enforced:false,resource_type:model',
  '--select config.persist_docs.relation:true',
  '--select config.schema:raw',
  '--select config.tags:nightly',
  '--select resource_type:snapshot',
  '--select resource_type:unit_test',
  '--select resource_type:source',
  '--select resource_type:analysis',
  '--select resource_type:exposure',
  '--select test_type:generic',
  '--select test_type:singular',
  '--select test_type:unit',
  '--select test_type:data',
  '--select test_name:unique',
  '--select test_name:not_*',
  '--select test_name:orders_join',
  '--select source:raw',
  '--select source:raw.pay+',
  '--select source:raw+',
  '--select source:shop.raw.*',
  '--select source:*.refunds',
  '--select exposure:dash',
  '--select +exposure:dash',
  '--select exposure:shop.d*',
  '--select exposure:*,tag:none',
  '--select group:finance',
  '--select group:fin*+',
  '--select access:public',
  '--select access:private',
  '--select access:protected',
  '--select package:shop',
  '--select package:this,tag:nightly',
  '--select unit_test:orders_join',
  '--select unit_test:*',
  '--select orders --indirect-selection cautious',
  '--select orders --indirect-selection buildable',
  '--select orders --indirect-selection empty',
  '--select orders revenue --indirect-selection cautious',
  '--select stg_orders --indirect-selection buildable',
  '--select +orders --indirect-selection cautious',
  '--select orders,test_type:singular --indirect-selection cautious',
  '--exclude orders',
  '--exclude tag:nightly --indirect-selection cautious',
  '--select stg_orders+ --exclude revenue',
  '--select stg_orders+ --exclude revenue --indirect-selection buildable',
  '--resource-type model',
  '--resource-type test unit_test',
  '--resource-type analysis',
  '--exclude-resource-type test unit_test model',
  '--select people+',
  '--select people_history',
  '--select +people_history',
  '--select look',
  '--selector nightly',
  '--selector marts_without_dim',
  '--selector union_of_two',
  '--selector cautious',
  '--selector childrens',
];

/** Selections that compare with the state before. */
const stateSelections: readonly string[] = [
  ...['state:new', 'state:old', 'state:modified', 'state:modified+', 'state:unmodified'],
  ...['state:modified.body', 'state:modified.configs', 'state:modified.relation'],
  ...['state:modified.persisted_descriptions', 'state:modified.macros', 'state:modified.contract'],
  ...['state:modified,resource_type:model', '1+state:modified+1', '@state:new'],
].map((criterion) => `--select ${criterion} --state state`);

/** Where we differ, and why. */
const onPurpose: Readonly<Record<string, string>> = {
  '--selector union_of_two':
    'in a union, dbt takes `exclude` of one member from all of them and forgets what that member selects',
};

/** Runs `dbt ls` for many command lines in one process: most of dbt's time is its start. */
const dbtProgram = `
import contextlib, io, json, sys
from dbt.cli.main import dbtRunner
runner = dbtRunner()
answers = []
for args in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        result = runner.invoke(["--quiet", "--no-send-anonymous-usage-stats"] + args)
    answers.append(result.result if result.success and isinstance(result.result, list) else None)
print(json.dumps(answers))
`;

/** Answers as ids; undefined where the command fails. */
type Answers = readonly (readonly string[] | undefined)[];

const jsonIds = ['--output', 'json', '--output-keys', 'unique_id'];

function askDbt(python: string, folder: string, lines: readonly (readonly string[])[]): Answers {
  const input = JSON.stringify(
    lines.map((line) => (line[0] === 'ls' ? [...line, ...jsonIds] : line)),
  );
  const done = spawnSync(python, ['-c', dbtProgram], {
    cwd: folder,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const answers = z.array(z.array(z.string()).nullable()).parse(JSON.parse(lastLine(done.stdout)));
  return answers.map((answer) => answer?.map(idIn).sort());
}

/** In this process too; `compile` writes target/manifest.json. */
async function askRunner(folder: string, lines: readonly (readonly string[])[]): Promise<Answers> {
  const out: string[] = [];
  const sinks = { out: { write: () => true }, err: { write: (text: string) => out.push(text) } };
  const reporter = createReporter('bench', 'text', sinks);
  const context = { env: {}, reporter, signal: new AbortController().signal };
  const common = {
    ...{ projectDir: folder, profilesDir: folder, profile: undefined, target: undefined },
    ...{ varsText: undefined, threads: undefined, commandLine: 'bench' },
  };
  const project = await loadProject(context, common, { WHICH: 'list' });
  const answers: (readonly string[] | undefined)[] = [];
  for (const line of lines) {
    if (line[0] === 'compile') {
      await writeCompiled(project, common, new Set());
      answers.push(undefined);
      continue;
    }
    try {
      const chosen = selectFrom(project, { ...common, ...optionsOf(line) }, context);
      const isAsked = line.includes('analysis');
      const ids = [...chosen].filter((id) => isAsked || !id.startsWith('analysis.'));
      answers.push(ids.map(idIn).sort());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      answers.push(undefined);
    }
  }
  return answers;
}

/** The flags that the selections above use. */
function optionsOf(line: readonly string[]) {
  const values = (flag: string): string[] => {
    const at = line.indexOf(flag);
    if (at === -1) return [];
    const end = line.findIndex((word, index) => index > at && word.startsWith('--'));
    return line.slice(at + 1, end === -1 ? undefined : end);
  };
  const types = (flag: string) => resourceTypes.filter((type) => values(flag).includes(type));
  return {
    select: values('--select'),
    exclude: values('--exclude'),
    selector: values('--selector')[0],
    state: values('--state')[0],
    indirectSelection: indirectModes.find((mode) => values('--indirect-selection')[0] === mode),
    resourceTypes: types('--resource-type'),
    excludeResourceTypes: types('--exclude-resource-type'),
  };
}

/** What follows the name of a generic test is a hash of the program's own. */
function idIn(line: string): string {
  return (/"unique_id": ?"([^"]+)"/.exec(line)?.[1] ?? line).replace(/\.[0-9a-f]{10}$/, '');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function writeFiles(folder: string, files: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file);
    else writeFileSync(file, text);
  }
}

function report(words: string, theirs: Answers[number], ours: Answers[number]): boolean {
  const missing = theirs?.filter((id) => !ours?.includes(id)) ?? [];
  const extra = ours?.filter((id) => !theirs?.includes(id)) ?? [];
  const isEqual = missing.length === 0 && extra.length === 0;
  const known = Object.hasOwn(onPurpose, words) ? onPurpose[words] : undefined;
  if (!isEqual && known !== undefined) {
    process.stdout.write(`on purpose  ls ${words}  ${known}\n`);
    return true;
  }
  const count = theirs === undefined ? 'refused' : `${theirs.length} nodes`;
  const note = isEqual ? count : `-[${missing.join(' ')}] +[${extra.join(' ')}] (${count})`;
  process.stdout.write(`${isEqual ? 'equal' : 'DIFFERENT'}  ls ${words}  ${note}\n`);
  return isEqual;
}

async function main(): Promise<void> {
  const dbt = process.env['DBT'];
  if (dbt === undefined) throw new Error('DBT names no executable');
  const python = join(dirname(dbt), 'python');
  const root = mkdtempSync(join(tmpdir(), 'fundlens-selection-'));
  const [theirs, ours] = [join(root, 'dbt'), join(root, 'runner')];
  const compare = async (chosen: readonly string[]): Promise<number> => {
    const wanted = chosen.filter((one) => one.includes(process.argv[2] ?? ''));
    const lines = wanted.map((words) => ['ls', ...words.split(' ').filter(Boolean)]);
    const right = await askRunner(ours, lines);
    const left = askDbt(python, theirs, lines);
    return wanted.filter((words, at) => !report(words, left[at], right[at])).length;
  };
  try {
    for (const folder of [theirs, ours]) writeFiles(folder, projectFiles);
    let differences = await compare(selections);
    askDbt(python, theirs, [['parse', '--target-path', 'state']]);
    await askRunner(ours, [['compile']]);
    renameSync(join(ours, 'target'), join(ours, 'state'));
    for (const folder of [theirs, ours]) writeFiles(folder, changedFiles);
    differences += await compare(stateSelections);
    process.stdout.write(`${differences} different\n`);
    if (differences > 0) process.exitCode = 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
