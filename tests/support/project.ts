// Projects written in a test, parsed and compiled without a file or a database.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';
import { type CompiledProject, compileProject } from '../../runner/compile/compile-project.ts';
import type { CompileInputs } from '../../runner/compile/inputs.ts';
import { parseProject } from '../../runner/project/parse-project.ts';
import { parseProjectFile } from '../../runner/project/project-file.ts';
import type { FileKind, ParsedProject, SourceFile } from '../../runner/project/types.ts';

/** Files by path, as they would lie in a project folder. */
export type Files = Readonly<Record<string, string>>;

const folders: readonly (readonly [string, FileKind])[] = [
  ['models/', 'model'],
  ['macros/', 'macro'],
  ['tests/generic/', 'macro'],
  ['tests/', 'singular-test'],
  ['seeds/', 'seed'],
  ['snapshots/', 'snapshot'],
  ['analyses/', 'analysis'],
];

/** Parses a project called `shop` from its files; `dbt_project.yml` may be left out. */
export function parseFiles(files: Files, given: Partial<CompileInputs> = {}): ParsedProject {
  const { target, vars, env } = { ...testInputs, ...given };
  const inputs = { target: { ...target }, vars, env };
  const project = files['dbt_project.yml'] ?? 'name: shop\nprofile: shop\n';
  const file = parseProjectFile({ project, vars: files['vars.yml'] }, inputs);
  return parseProject(file, sourceFiles(files), { inputs });
}

/** Compiles such a project for a target with database `db` and schema `dev`. */
export function compileFiles(files: Files, inputs: Partial<CompileInputs> = {}): CompiledProject {
  return compileProject(parseFiles(files, inputs), { ...testInputs, ...inputs });
}

/** Inputs that never change. */
export const testInputs: CompileInputs = {
  target: {
    profile: 'shop',
    name: 'dev',
    database: 'db',
    schema: 'dev',
    threads: 2,
    host: 'localhost',
    port: 5432,
    user: 'me',
  },
  vars: {},
  env: {},
  runStartedAt: '2026-11-23T01:00:00.000Z',
  invocationId: '00000000-0000-4000-8000-000000000000',
};

function kindOf(path: string, kind: FileKind): FileKind {
  if (path.endsWith('.md')) return 'docs';
  if (/^tests\/fixtures\/.*\.(csv|sql)$/.test(path)) return 'fixture';
  return /\.ya?ml$/.test(path) ? 'properties' : kind;
}

function sourceFiles(files: Files): SourceFile[] {
  const own = Object.entries(files).flatMap(([path, text]): SourceFile[] => {
    const folder = folders.find(([prefix]) => path.startsWith(prefix));
    if (folder === undefined) return [];
    const [prefix, kind] = folder;
    return [
      {
        kind: kindOf(path, kind),
        path,
        pathInFolder: path.slice(prefix.length),
        packageName: 'shop',
        text,
      },
    ];
  });
  const folder = join(packageRoot(), 'runner/macros');
  const internal = readdirSync(folder).map((name): SourceFile => {
    const path = `runner/macros/${name}`;
    const text = readFileSync(join(packageRoot(), path), 'utf8');
    return { kind: 'macro', path, pathInFolder: name, packageName: 'dbt', text };
  });
  return [...own, ...internal].sort((a, b) => (a.path < b.path ? -1 : 1));
}
