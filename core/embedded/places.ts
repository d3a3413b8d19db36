// Where the files of a project's embedded server lie.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { ensureFolder, type Owner, systemCode } from './files.ts';

/** The folders of one project's embedded server. */
export interface Places {
  /** The project's real path. */
  readonly projectDir: string;
  /** Twelve hex digits that stand for the project's path. */
  readonly hash: string;
  /** Lock, users, password and logs; only the calling user reads it. */
  readonly stateDir: string;
  /** Private folders in temp folders, most wanted first: sockets, copies, clusters that have no other place. */
  readonly temporaryDirs: readonly string[];
  /** To whom files are given: the project's owner when root works in another's project. */
  readonly owner?: Owner;
  /** The state folder could not be in the project. */
  readonly isOutsideProject: boolean;
}

/** The cluster's folder inside a state or temp folder; the number is PostgreSQL's major version. */
export const clusterName = 'pg18';

/** Finds the folders of a project and makes those that are missing. */
export async function findPlaces(projectDir: string, env: NodeJS.ProcessEnv): Promise<Places> {
  const real = await realProjectDir(projectDir);
  const hash = hashPath(real);
  const owner = await foreignOwner(real);
  const temporaryDirs = await findTemporaryDirs(env);
  const inProject = join(real, '.fundlens');
  if (await canKeepState(inProject, owner)) {
    return {
      projectDir: real,
      hash,
      stateDir: inProject,
      temporaryDirs,
      isOutsideProject: false,
      ...(owner ? { owner } : {}),
    };
  }
  const [first] = temporaryDirs;
  if (first === undefined) {
    throw new UserError(`neither \`${real}\` nor a temp folder can be written`, {
      hint: 'make the project folder writable or set TMPDIR to a folder that is',
    });
  }
  const stateDir = join(first, hash);
  await ensureFolder(stateDir, folderMode());
  await ensureFolder(join(stateDir, 'users'), 0o700);
  return { projectDir: real, hash, stateDir, temporaryDirs, isOutsideProject: true };
}

/** Returns the twelve hex digits that stand for a path in names that must be short. */
export function hashPath(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12);
}

/** Root's folders let the server's user pass to its own folder inside, and show it nothing. */
export function folderMode(): number {
  return process.getuid?.() === 0 ? 0o711 : 0o700;
}

async function realProjectDir(projectDir: string): Promise<string> {
  try {
    return await realpath(projectDir);
  } catch (error) {
    throw new UserError(`project folder \`${projectDir}\` cannot be read`, {
      hint: 'name a folder that exists',
      cause: error,
    });
  }
}

async function foreignOwner(projectDir: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(projectDir);
  return uid === 0 ? undefined : { uid, gid };
}

async function canKeepState(dir: string, owner: Owner | undefined): Promise<boolean> {
  try {
    await ensureFolder(dir, 0o711, owner);
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    await ensureFolder(join(dir, 'users'), 0o700, owner);
    await access(join(dir, 'users'), constants.R_OK | constants.W_OK | constants.X_OK);
    await writeFile(join(dir, '.gitignore'), '*\n', { flag: 'wx' }).catch(ignoreExisting);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

async function findTemporaryDirs(env: NodeJS.ProcessEnv): Promise<string[]> {
  const dirs = new Set<string>();
  for (const root of [env['TMPDIR'], '/tmp', '/var/tmp']) {
    const dir = root ? await privateDirIn(root) : undefined;
    if (dir !== undefined) dirs.add(dir);
  }
  return [...dirs];
}

/** Finds or makes our folder in a temp folder; one that another user put there in our name is passed over. */
async function privateDirIn(root: string): Promise<string | undefined> {
  const uid = process.getuid?.() ?? 0;
  try {
    const real = await realpath(root);
    if (!(await isSafeRoot(real, uid))) return undefined;
    for (const suffix of ['', '-1', '-2', '-3']) {
      const dir = join(real, `fundlens-${uid}${suffix}`);
      await ensureFolder(dir, folderMode());
      const found = await lstat(dir);
      if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0) return dir;
    }
    return undefined;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** In a folder that others write, only the sticky bit keeps them from renaming what is ours. */
async function isSafeRoot(root: string, uid: number): Promise<boolean> {
  const found = await stat(root);
  const isShared = (found.mode & 0o022) !== 0;
  return (found.uid === uid || found.uid === 0) && (!isShared || (found.mode & 0o1000) !== 0);
}

function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}
