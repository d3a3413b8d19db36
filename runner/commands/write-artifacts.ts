// Writes target/: compiled SQL, manifest.json, run_results.json.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { readVersion } from '../../core/version.ts';
import type { Late } from '../compile/compile-nodes.ts';
import { isSqlNode, type NodeId } from '../compile/types.ts';
import type { RunResult } from '../execute/types.ts';
import {
  compiledPath,
  type InvocationFacts,
  manifestJson,
  runResultsJson,
} from '../report/artifacts.ts';
import { type FreshnessRun, sourcesJson } from '../report/freshness.ts';
import type { LoadedProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';

/** Where the artifacts of a run went. */
export interface WrittenArtifacts {
  /** A path below the target folder as the user would type it in the project. */
  shownPath(path: string): string;
}

/** Writes manifest.json and the compiled SQL of the selected nodes. */
export async function writeCompiled(
  project: LoadedProject,
  options: CommonOptions,
  selected: ReadonlySet<NodeId>,
): Promise<WrittenArtifacts> {
  const { manifest } = project;
  await writeManifest(project, options);
  const texts = new Map<string, string>();
  for (const id of selected) {
    const node = manifest.nodes.get(id);
    if (!isSqlNode(node) || node.isLate) continue;
    if (node.kind === 'unit-test' && node.fault !== undefined) continue;
    texts.set(join(targetDir(project), compiledPath(manifest, id)), `${node.compiledSql}\n`);
  }
  const folder = join(targetDir(project), 'compiled');
  try {
    replaceFiles(folder, texts);
  } catch (error) {
    throw writeFault(folder, error);
  }
  return { shownPath: (path) => join(project.file.paths.target, path) };
}

/** Writes manifest.json. */
export async function writeManifest(project: LoadedProject, options: CommonOptions): Promise<void> {
  const text = manifestJson(project.manifest, project.graph, factsOf(project, options));
  await writeWhole(project, 'manifest.json', text);
}

/** Writes the compiled SQL of a node whose turn has come. */
export async function writeCompiledNode(project: LoadedProject, node: Late): Promise<void> {
  await writeWhole(project, compiledPath(project.manifest, node.uniqueId), `${node.compiledSql}\n`);
}

/**
 * Makes these the files of a folder. Those that have their text already are left alone: in a project
 * of thousands of nodes that is nearly all of them, and to write is many times slower than to read.
 */
function replaceFiles(folder: string, texts: ReadonlyMap<string, string>): void {
  const isStale = listFiles(folder).some((path) => !texts.has(path));
  if (isStale) rmSync(folder, { recursive: true, force: true });
  const folders = new Set<string>();
  for (const [path, text] of texts) {
    if (readIfThere(path) === text) continue;
    if (!folders.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
    folders.add(dirname(path));
    const partial = `${path}.${process.pid}.part`;
    writeFileSync(partial, text);
    renameSync(partial, path);
  }
}

function listFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Writes run_results.json. */
export async function writeRunResults(
  project: LoadedProject,
  options: CommonOptions,
  result: RunResult,
): Promise<void> {
  const text = runResultsJson(project.manifest, result, factsOf(project, options));
  await writeWhole(project, 'run_results.json', project.request.reporter.scrub(text));
}

/** Writes sources.json, or the file that was named for it. */
export async function writeSources(
  project: LoadedProject,
  options: CommonOptions & { readonly output: string | undefined },
  run: FreshnessRun,
): Promise<void> {
  const text = sourcesJson(project.manifest, run, factsOf(project, options));
  const path = resolve(
    project.projectDir,
    options.output ?? join(targetDir(project), 'sources.json'),
  );
  await writeAt(path, project.request.reporter.scrub(text));
}

function factsOf(project: LoadedProject, options: CommonOptions): InvocationFacts {
  return {
    invocationId: project.inputs.invocationId,
    programVersion: readVersion(),
    generatedAt: project.inputs.runStartedAt,
    projectName: project.file.name,
    databaseName: project.inputs.target.database,
    command: options.commandLine,
  };
}

function targetDir(project: LoadedProject): string {
  return join(project.projectDir, project.file.paths.target);
}

/** A reader of the file, or a run that is killed, sees the old text or the new one. */
async function writeWhole(project: LoadedProject, path: string, text: string): Promise<void> {
  await writeAt(join(targetDir(project), path), text);
}

async function writeAt(final: string, text: string): Promise<void> {
  const partial = `${final}.${process.pid}.part`;
  try {
    await mkdir(dirname(final), { recursive: true });
    await writeFile(partial, text);
    await rename(partial, final);
  } catch (error) {
    throw writeFault(final, error);
  }
}

function writeFault(path: string, error: unknown): UserError {
  return new UserError(`cannot write: ${error instanceof Error ? error.message : String(error)}`, {
    where: { path },
    hint: 'make the folder writable, or name another as `target-path` in dbt_project.yml',
    cause: error,
  });
}
