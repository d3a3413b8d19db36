// The folder of fetched files: each with a note of its version beside it, bounded in size.

import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../../core/database.ts';
import { UserError } from '../../../core/errors.ts';
import { mayLive, ownerTag, type Partial, removePartial } from './partial.ts';
import type { SourceZip, Version } from './types.ts';

/** Makes the cache's folder. */
export async function openCache(cacheDir: string): Promise<void> {
  try {
    await makeFolder(cacheDir);
    // In a project it lies in a folder that git ignores; elsewhere it must not be committed either.
    await writeFile(join(cacheDir, '.gitignore'), '*\n');
  } catch (error) {
    throw new UserError(`the folder for downloads cannot be written (${errorCode(error)})`, {
      where: cacheDir,
      hint: 'make it writable, or name another with FUNDLENS_CACHE_DIR',
      cause: error,
    });
  }
}

/** By itself: where a file system makes no folders (`/proc`), Node's own recursion never ends. */
async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !(await exists(parent))) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Returns the cached copy of an address, where its note fits the file that lies there. */
export async function readCached(
  cacheDir: string,
  name: string,
  url: string,
): Promise<SourceZip | undefined> {
  const path = join(cacheDir, name);
  try {
    const note: unknown = JSON.parse(await readFile(`${path}.json`, 'utf8'));
    const found = await stat(path);
    if (typeof note !== 'object' || note === null) return undefined;
    const fields: Record<string, unknown> = { ...note };
    // Another program may have put a file there since the note was written.
    const fits = fields['inode'] === found.ino && fields['bytes'] === found.size;
    if (!fits || fields['url'] !== url) return undefined;
    const { etag, lastModified } = fields;
    return {
      path,
      url,
      bytes: found.size,
      etag: typeof etag === 'string' ? etag : undefined,
      lastModified: typeof lastModified === 'string' ? lastModified : undefined,
    };
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts a whole, verified part in the place of its file, durably, with its note. */
export async function keepPartial(
  cacheDir: string,
  name: string,
  partial: Partial,
  from: Version & { readonly url: string },
): Promise<SourceZip> {
  const path = join(cacheDir, name);
  const { url, etag, lastModified } = from;
  const found = await stat(partial.path);
  await sync(partial.path);
  // The note after the file: one that fits no file costs a download, a wrong one would hide a change.
  await rename(partial.path, path);
  const note = { url, etag, lastModified, bytes: found.size, inode: found.ino };
  const newNote = join(partial.folder, 'note.json');
  await writeFile(newNote, `${JSON.stringify(note)}\n`);
  await rename(newNote, `${path}.json`);
  await sync(cacheDir);
  await removePartial(partial);
  return { path, url, etag, lastModified, bytes: found.size };
}

/** Marks a file as in use by this process until `releaseUse`; it is not evicted meanwhile. */
export async function markUse(cacheDir: string, name: string): Promise<void> {
  await writeFile(join(cacheDir, `${name}.${ownerTag()}.use`), '');
  const now = new Date();
  // The time of the note tells when the file was used last.
  await utimes(join(cacheDir, `${name}.json`), now, now).catch(() => undefined);
}

/** Takes this process's marks of use away. */
export async function releaseUse(cacheDir: string): Promise<void> {
  const ending = `.${ownerTag()}.use`;
  for (const entry of await readdir(cacheDir)) {
    if (entry.endsWith(ending)) await rm(join(cacheDir, entry), { force: true });
  }
}

/**
 * Removes the files that were not used for the longest time until all are at most `maxBytes`; files in
 * use and those of `keep` stay. Returns the names of what was removed.
 */
export async function evict(
  cacheDir: string,
  maxBytes: number,
  keep: ReadonlySet<string> = new Set(),
): Promise<readonly string[]> {
  const entries = await readdir(cacheDir);
  const used = new Set(keep);
  for (const entry of entries.filter((name) => name.endsWith('.use'))) {
    const [, name, tag] = /^(.*)\.(\d+-[0-9a-f]+-[0-9a-f]+)\.use$/.exec(entry) ?? [];
    if (name === undefined || tag === undefined) continue;
    if (mayLive(tag)) used.add(name);
    else await rm(join(cacheDir, entry), { force: true });
  }
  // A file without a note is not ours to remove: someone put it there.
  const names = entries.filter((name) => entries.includes(`${name}.json`));
  const files = await Promise.all(
    names.map(async (name) => {
      const bytes = await stat(join(cacheDir, name)).then(({ size }) => size, absent);
      const usedMs = await stat(join(cacheDir, `${name}.json`)).then(
        (note) => note.mtimeMs,
        absent,
      );
      return { name, bytes, usedMs };
    }),
  );
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: string[] = [];
  for (const { name, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (total <= maxBytes) break;
    if (used.has(name)) continue;
    await rm(join(cacheDir, `${name}.json`), { force: true });
    await rm(join(cacheDir, name), { force: true });
    total -= bytes;
    removed.push(name);
  }
  return removed;
}

/** A file that another process evicted meanwhile. */
function absent(error: unknown): number {
  if (errorCode(error) === 'ENOENT') return 0;
  throw error;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
