// Writes target/: compiled SQL, manifest.json, run_results.json.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { readVersion } from '../../core/version.ts';
import type { NodeId } from '../compile/types.ts';
import type { RunResult } from '../execute/types.ts';
import {
  compiledPath,
  type InvocationFacts,
  manifestJson,
  runResultsJson,
} from '../report/artifacts.ts';
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
  const { manifest, graph } = project;
  await removeCompiled(project);
  await writeWhole(
    project,
    'manifest.json',
    manifestJson(manifest, graph, factsOf(project, options)),
  );
  for (const id of selected) {
    const node = manifest.nodes.get(id);
    if (node?.kind !== 'model' && node?.kind !== 'test') continue;
    await writeWhole(project, compiledPath(manifest, id), `${node.compiledSql}\n`);
  }
  return { shownPath: (path) => join(project.file.paths.target, path) };
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

async function removeCompiled(project: LoadedProject): Promise<void> {
  const folder = join(targetDir(project), 'compiled');
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    throw new UserError('the compiled SQL of the run before cannot be removed', {
      where: { path: folder },
      hint: 'make the folder writable',
      cause: error,
    });
  }
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
  const final = join(targetDir(project), path);
  const partial = `${final}.${process.pid}.part`;
  try {
    await mkdir(dirname(final), { recursive: true });
    await writeFile(partial, text);
    await rename(partial, final);
  } catch (error) {
    throw new UserError(`cannot write: ${error instanceof Error ? error.message : String(error)}`, {
      where: { path: final },
      hint: 'make the folder writable, or name another as `target-path` in dbt_project.yml',
      cause: error,
    });
  }
}
