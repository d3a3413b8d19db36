// Reads a project's files; the only part of this stage that touches the file system.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import type { FileKind, ProjectPaths, SourceFile } from './types.ts';

/** Package name of the macros that come with the runner; dbt's own is called so too. */
export const internalPackage = 'dbt';

/**
 * Reads `dbt_project.yml`.
 * @throws {UserError} where the folder or the file is missing.
 */
export function readProjectText(projectDir: string): string {
  const path = join(projectDir, 'dbt_project.yml');
  if (!existsSync(path)) {
    const exists = existsSync(projectDir) && statSync(projectDir).isDirectory();
    throw new UserError(
      exists ? 'there is no dbt_project.yml here' : 'this folder does not exist',
      { where: projectDir, hint: 'go to the project, or name it with --project-dir' },
    );
  }
  return readFileSync(path, 'utf8');
}

/** Reads all files of the project and of the runner's own macros, in the order of their paths. */
export async function readFiles(
  projectDir: string,
  packageName: string,
  paths: ProjectPaths,
): Promise<readonly SourceFile[]> {
  const own = { root: projectDir, packageName };
  const groups = await Promise.all([
    ...paths.models.map((folder) => readFolder({ ...own, folder, sqlKind: 'model' })),
    ...paths.seeds.map((folder) => readFolder({ ...own, folder, sqlKind: undefined })),
    ...paths.tests.map((folder) => readFolder({ ...own, folder, sqlKind: 'singular-test' })),
    ...paths.macros.map((folder) => readFolder({ ...own, folder, sqlKind: 'macro' })),
    readFolder({
      root: packageRoot(),
      packageName: internalPackage,
      folder: 'runner/macros',
      sqlKind: 'macro',
    }),
  ]);
  const byPath = new Map(groups.flat().map((file) => [`${file.packageName}:${file.path}`, file]));
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Folder {
  readonly root: string;
  readonly packageName: string;
  /** Relative to `root`. */
  readonly folder: string;
  /** What a `.sql` file is there; undefined where it is nothing. */
  readonly sqlKind: FileKind | undefined;
}

async function readFolder(folder: Folder): Promise<SourceFile[]> {
  const base = join(folder.root, folder.folder);
  if (!existsSync(base)) return [];
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(async (absolute): Promise<SourceFile | undefined> => {
    const pathInFolder = slashed(relative(base, absolute));
    const kind = kindOf(pathInFolder, folder.sqlKind);
    if (kind === undefined) return undefined;
    return {
      kind,
      path: slashed(relative(folder.root, absolute)),
      pathInFolder,
      packageName: folder.packageName,
      text: kind === 'seed' ? '' : await readText(absolute),
    };
  });
  return (await Promise.all(read)).filter((file) => file !== undefined);
}

function kindOf(path: string, sqlKind: FileKind | undefined): FileKind | undefined {
  if (/\.ya?ml$/.test(path)) return 'properties';
  if (path.endsWith('.csv') && sqlKind === undefined) return 'seed';
  if (!path.endsWith('.sql') || sqlKind === undefined) return undefined;
  return sqlKind === 'singular-test' && path.startsWith('generic/') ? 'macro' : sqlKind;
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserError('the file is not UTF-8', {
      where: { path },
      hint: 'save it as UTF-8',
      cause: error,
    });
  }
}

function slashed(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
