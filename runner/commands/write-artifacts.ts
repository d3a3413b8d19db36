// Writes target/: compiled SQL, manifest.json, run_results.json.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
  await rm(join(targetDir(project), 'compiled'), { recursive: true, force: true });
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
  await mkdir(dirname(final), { recursive: true });
  const partial = `${final}.${process.pid}.part`;
  await writeFile(partial, text);
  await rename(partial, final);
}
