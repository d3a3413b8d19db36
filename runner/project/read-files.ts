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

/** Reads a text file of the project's own folder that may be missing, such as `vars.yml`. */
export function readOptionalText(projectDir: string, name: string): string | undefined {
  const path = join(projectDir, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Reads all files of the project and of the runner's own macros, in the order of their paths. */
export async function readFiles(
  projectDir: string,
  packageName: string,
  paths: ProjectPaths,
): Promise<readonly SourceFile[]> {
  const groups = await Promise.all([
    readFilesOf({ root: projectDir, packageName }, paths),
    readFolder({
      root: packageRoot(),
      packageName: internalPackage,
      folder: 'runner/macros',
      sqlKind: 'macro',
    }),
  ]);
  return inPathOrder(groups.flat());
}

/** A project or an installed package, on disk. */
export interface FileRoot {
  readonly root: string;
  readonly packageName: string;
  /** What paths start with: the folder of an installed package, relative to the project. */
  readonly prefix?: string;
}

/** Reads the files of one project, or of one package, in the order of their paths. */
export async function readFilesOf(
  own: FileRoot,
  paths: ProjectPaths,
): Promise<readonly SourceFile[]> {
  const groups = await Promise.all([
    ...paths.models.map((folder) => readFolder({ ...own, folder, sqlKind: 'model' })),
    ...paths.seeds.map((folder) => readFolder({ ...own, folder, sqlKind: undefined })),
    ...paths.tests.map((folder) => readFolder({ ...own, folder, sqlKind: 'singular-test' })),
    ...paths.macros.map((folder) => readFolder({ ...own, folder, sqlKind: 'macro' })),
    ...paths.snapshots.map((folder) => readFolder({ ...own, folder, sqlKind: 'snapshot' })),
    ...paths.analyses.map((folder) => readFolder({ ...own, folder, sqlKind: 'analysis' })),
    ...paths.docs
      .filter((folder) => !isReadAlready(paths, folder))
      .map((folder) => readFolder({ ...own, folder, sqlKind: 'docs' })),
  ]);
  return inPathOrder(groups.flat());
}

/** A file of two folders counts once. */
function inPathOrder(files: readonly SourceFile[]): readonly SourceFile[] {
  const byPath = new Map(files.map((file) => [`${file.packageName}:${file.path}`, file]));
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Folders of nodes are read for their docs blocks too. */
function isReadAlready(paths: ProjectPaths, folder: string): boolean {
  const { models, seeds, tests, macros, snapshots, analyses } = paths;
  return [models, seeds, tests, macros, snapshots, analyses].some((it) => it.includes(folder));
}

interface Folder extends FileRoot {
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
      path: slashed(join(folder.prefix ?? '', relative(folder.root, absolute))),
      pathInFolder,
      packageName: folder.packageName,
      text: kind === 'seed' ? '' : await readText(absolute),
    };
  });
  return (await Promise.all(read)).filter((file) => file !== undefined);
}

function kindOf(path: string, sqlKind: FileKind | undefined): FileKind | undefined {
  if (path.endsWith('.md')) return 'docs';
  if (sqlKind === 'docs') return undefined;
  if (/\.ya?ml$/.test(path)) return 'properties';
  if (sqlKind === 'singular-test' && /^fixtures\/.*\.(csv|sql)$/.test(path)) return 'fixture';
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
