// The cache of parsed files: one file in the target folder, safe to delete at any time.

import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParseCache } from '../../core/parse-cache.ts';
import { readVersion } from '../../core/version.ts';

/** A cache that lives in a file. */
export interface ParseCacheFile extends ParseCache {
  /** Writes what this run asked for or added, where that differs from the file; forgets the rest. */
  save(): void;
}

/** Beyond this the file is not written: a text of V8 cannot be much longer. */
const maxBytes = 128 * 1024 * 1024;

/**
 * Reads the cache of a target folder. A file that is damaged, unreadable or of another version of the
 * program counts as empty, and one that cannot be written is left alone: a cache is never a fault.
 */
export function openParseCache(targetDir: string, stamp: string = programStamp()): ParseCacheFile {
  const path = join(targetDir, 'parse-cache');
  const entries = readEntries(path, stamp);
  const used = new Map<string, string>();
  let isChanged = false;
  return {
    get: (key) => {
      const text = used.get(key) ?? entries.get(key);
      if (text === undefined) return undefined;
      used.set(key, text);
      // Each asker gets data of its own: what it makes of it changes nobody else's.
      return JSON.parse(text) as unknown;
    },
    set: (key, value) => {
      isChanged = true;
      used.set(key, JSON.stringify(value));
    },
    save: () => {
      if (isChanged || used.size < entries.size) writeEntries(path, stamp, used);
    },
  };
}

/** What entries depend on beside the text: the version, and in development the parsers themselves. */
export function programStamp(): string {
  const core = fileURLToPath(new URL('../../core/', import.meta.url));
  const files = [
    ...readdirSync(join(core, 'template')).map((name) => join('template', name)),
    ...readdirSync(core).filter((name) => name.startsWith('yaml.')),
  ];
  const stats = files.sort().map((name) => {
    const { size, mtimeMs } = statSync(join(core, name));
    return [name, size, mtimeMs];
  });
  return sha256(JSON.stringify([readVersion(), stats]));
}

/**
 * The first line holds stamp and checksum; each line after it a key, a tab and JSON, which has neither
 * tabs nor line ends.
 */
function readEntries(path: string, stamp: string): Map<string, string> {
  const entries = new Map<string, string>();
  const bytes = readIfThere(path);
  const headEnd = bytes?.indexOf('\n') ?? -1;
  if (bytes === undefined || headEnd === -1) return entries;
  const body = bytes.subarray(headEnd + 1);
  if (bytes.toString('latin1', 0, headEnd) !== headOf(stamp, body)) return entries;
  const text = body.toString('utf8');
  for (let start = 0; start < text.length; ) {
    const tab = text.indexOf('\t', start);
    const end = text.indexOf('\n', tab);
    entries.set(text.slice(start, tab), text.slice(tab + 1, end));
    start = end + 1;
  }
  return entries;
}

function writeEntries(path: string, stamp: string, entries: ReadonlyMap<string, string>): void {
  const lines = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = Buffer.from(lines.map(([key, text]) => `${key}\t${text}\n`).join(''));
  if (body.length > maxBytes) return;
  const partial = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(partial, Buffer.concat([Buffer.from(`${headOf(stamp, body)}\n`), body]));
    renameSync(partial, path);
  } catch (error) {
    // A full or read-only disk: the next run parses again, and this one has lost nothing.
    if (!isFileError(error)) throw error;
    removeIfThere(partial);
  }
}

function headOf(stamp: string, body: Buffer): string {
  return `fundlens parse-cache ${stamp} ${sha256(body)}`;
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (!isFileError(error)) throw error;
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
