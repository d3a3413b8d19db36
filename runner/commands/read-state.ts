// The folder of --state: artifacts of an earlier run, read as JSON.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';
import {
  type BuiltRelation,
  parseBuiltRelations,
  parseSourceStatus,
  parseState,
} from '../graph/parse-state.ts';
import type { PreviousState } from '../graph/types.ts';

/**
 * Reads the artifacts of a folder; those that are not there are left out.
 * @throws {UserError} where there is no such folder, or a file is no artifact.
 */
export function readState(projectDir: string, folder: string): PreviousState {
  const dir = stateFolder(projectDir, folder, '--state');
  const read = (file: string): unknown => readJson(projectDir, join(dir, file));
  return parseState({
    manifest: read('manifest.json'),
    runResults: read('run_results.json'),
    sources: read('sources.json'),
  });
}

/**
 * Reads where an earlier run has its relations.
 * @throws {UserError} where the folder has no manifest.
 */
export function readBuiltRelations(
  projectDir: string,
  folder: string,
  flag: '--state' | '--defer-state',
): ReadonlyMap<NodeId, BuiltRelation> {
  const path = join(stateFolder(projectDir, folder, flag), 'manifest.json');
  const artifact = readJson(projectDir, path);
  if (artifact !== undefined) return parseBuiltRelations(artifact);
  throw new UserError(`there is no manifest.json in \`${folder}\``, { where: flag, hint: named });
}

const named = 'name a folder with the manifest.json of an earlier run, relative to the project';

function stateFolder(projectDir: string, folder: string, flag: string): string {
  const dir = resolve(projectDir, folder);
  if (existsSync(dir) && statSync(dir).isDirectory()) return dir;
  throw new UserError(`there is no folder \`${folder}\``, { where: flag, hint: named });
}

/** Reads what the project's own last `source freshness` found, if there was one. */
export function readSourceStatus(projectDir: string, targetPath: string): PreviousState['sources'] {
  const artifact = readJson(projectDir, join(projectDir, targetPath, 'sources.json'));
  return artifact === undefined ? undefined : parseSourceStatus(artifact);
}

/** Reads one file as JSON; undefined where it is not there. @throws {UserError} where it is no JSON. */
export function readJson(projectDir: string, path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError('cannot be read as JSON', {
      where: { path: relative(projectDir, path) },
      hint: 'remove the file, or run the command that writes it again',
      cause: error,
    });
  }
}
