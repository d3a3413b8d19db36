// The server's log file: opened for appending, kept within a bound, and quoted when a start fails.

import { chown, copyFile, open, rename, stat, truncate } from 'node:fs/promises';
import { type Owner, systemCode } from './files.ts';

/** A log grows to this, and one older file of the same size is kept beside it. */
export const logLimitBytes = 16 * 1024 * 1024;

/** Opens a log for appending and returns its descriptor with what closes it; a big one is set aside first. */
export async function openLog(
  path: string,
  owner?: Owner,
): Promise<{ readonly descriptor: number; readonly sizeBytes: number; close(): Promise<void> }> {
  if ((await readSize(path)) > logLimitBytes) await rename(path, `${path}.1`);
  const handle = await open(path, 'a', 0o600);
  if (owner) await chown(path, owner.uid, owner.gid);
  const { size } = await handle.stat();
  return { descriptor: handle.fd, sizeBytes: size, close: () => handle.close() };
}

/**
 * Sets a log that outgrew its bound aside while the server writes it: it writes at the end of the
 * file, wherever that is, so the file may be cut. Lines written meanwhile may be lost.
 */
export async function boundLog(path: string, limitBytes = logLimitBytes): Promise<void> {
  if ((await readSize(path)) <= limitBytes) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}

/** Returns what was written to a log from a byte on, or its last `maxBytes` of that. */
export async function readLogFrom(
  path: string,
  fromByte: number,
  maxBytes = 64 * 1024,
): Promise<string> {
  const size = await readSize(path);
  const start = Math.max(fromByte > size ? 0 : fromByte, size - maxBytes);
  if (size === start) return '';
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Returns the last lines of a text, blank ones left out. */
export function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}

async function readSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
