// Whether what is to come has room on its disk.

import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../../core/database.ts';
import { UserError } from '../../../core/errors.ts';

/** Rows, their indexes, the staging beside them and the write-ahead log, for each unpacked byte. */
export const loadFactor = 2.5;
/** How many times FEC text shrinks, at most, where the unpacked size is not known yet. */
export const packFactor = 8;
/** Left to everything else on the disk. */
const reserveBytes = 64 * 1024 * 1024;

/** Returns how many bytes are free for this user on the disk of a folder, or of its nearest parent that exists. */
export async function readFreeBytes(folder: string): Promise<number> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    }
  }
}

/**
 * Checks that a folder's disk has room.
 * @throws {UserError} with what is needed, what is free and what to do.
 */
export function checkRoom(
  need: { readonly folder: string; readonly bytes: number; readonly what: string },
  freeBytes: number,
  hint: string,
): void {
  if (need.bytes + reserveBytes <= freeBytes) return;
  throw new UserError(
    `${need.what} needs ${formatBytes(need.bytes)}, but only ${formatBytes(freeBytes)} are free`,
    { where: need.folder, hint },
  );
}

/** Returns the folder in which the project's embedded server keeps, or would keep, its data. */
export async function readDataDir(projectDir: string): Promise<string> {
  const stateDir = join(projectDir, '.fundlens');
  try {
    const record: unknown = JSON.parse(await readFile(join(stateDir, 'cluster.json'), 'utf8'));
    const isRecord = typeof record === 'object' && record !== null && 'dataDir' in record;
    return isRecord && typeof record.dataDir === 'string' ? record.dataDir : stateDir;
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) !== undefined) return stateDir;
    throw error;
  }
}

/** Writes a size for people: `4.8 GB`, `12.3 MB`, `0.4 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}
