// Whether a received file is what the FEC publishes, before anything takes it for that.

import { open } from 'node:fs/promises';
import { UserError } from '../../../core/errors.ts';
import { memberName } from '../../datasets/catalog.ts';
import type { BulkFile } from '../find-files.ts';
import { openMember } from '../zip.ts';

/**
 * Reads a received file once from its first byte to its last. Returns what is wrong with it, or undefined.
 * For a zip: directory, sizes and checksum.
 */
export async function findDamage(
  path: string,
  member: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const handle = await open(path);
  try {
    const start = Buffer.alloc(512);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    const text = start.subarray(0, bytesRead).toString('latin1').trimStart().toLowerCase();
    if (bytesRead === 0) return 'the server sent an empty file';
    if (text.startsWith('<!doctype') || text.startsWith('<html') || text.startsWith('<?xml')) {
      return 'the server sent a web page in the place of the file';
    }
    if (member === undefined) return undefined;
    for await (const _piece of (await openMember({ path, handle }, member)).open()) {
      signal.throwIfAborted();
    }
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) return `the file received ${error.message}`;
    throw error;
  } finally {
    await handle.close();
  }
}

/** Returns how long the file in a zip is unpacked, by the zip's directory; a plain file's own length. */
export async function readMemberBytes(file: BulkFile): Promise<number> {
  const handle = await open(file.path);
  try {
    if (!file.name.endsWith('.zip')) return (await handle.stat()).size;
    const member = memberName(file.dataset, file.cycle);
    return (await openMember({ path: file.path, handle }, member)).sizeBytes;
  } finally {
    await handle.close();
  }
}
