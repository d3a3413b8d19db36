// A download under way: a folder that belongs to one process, and is left to the next run when it stops.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../../core/database.ts';
import { identifyProcess, thisProcess } from '../../../core/embedded/processes.ts';
import type { Version } from './types.ts';

/** The bytes received so far of a file, owned by this process. */
export interface Partial {
  readonly folder: string;
  /** The bytes themselves. */
  readonly path: string;
}

/** What the bytes are a part of. */
export interface PartialOf extends Version {
  readonly url: string;
  /** Of the whole file; undefined where the server does not say. */
  readonly totalBytes: number | undefined;
}

const pollMs = 200;
const abandonedMs = 7 * 24 * 3_600_000;

/**
 * Takes over the part of a file that an ended run left, or begins a new one. While another process
 * fetches the same file, waits for it: its file will do for both.
 */
export async function claimPartial(
  cacheDir: string,
  name: string,
  signal: AbortSignal,
  onWait: () => void,
): Promise<Partial> {
  const own = join(cacheDir, `${name}.${ownerTag()}.part`);
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted();
    if ((await listLiving(cacheDir, name)).length === 0) {
      await takeOver(cacheDir, name, own);
      // Whoever came at the same moment sees us too: both step back, and chance decides.
      if ((await listLiving(cacheDir, name)).length === 0) return partialIn(own);
      await leavePartial(cacheDir, name, partialIn(own));
    }
    if (tries === 1) onWait();
    await sleep(pollMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
  }
}

/** Leaves what was received to the next run. */
export async function leavePartial(
  cacheDir: string,
  name: string,
  partial: Partial,
): Promise<void> {
  try {
    await rename(partial.folder, join(cacheDir, `${name}.part`));
  } catch {
    // Another run left a part of the same file first: one is enough.
    await removePartial(partial);
  }
}

/** Removes a part, whose bytes are of no use or in their place. */
export async function removePartial(partial: Partial): Promise<void> {
  await rm(partial.folder, { recursive: true, force: true });
}

/** Returns what the bytes are a part of and how many there are; undefined where that is not known. */
export async function readPartial(
  partial: Partial,
): Promise<{ readonly of: PartialOf; readonly bytes: number } | undefined> {
  try {
    const of = parseOf(JSON.parse(await readFile(join(partial.folder, 'of.json'), 'utf8')));
    const { size } = await stat(partial.path);
    return of === undefined || size === 0 ? undefined : { of, bytes: size };
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Empties the part and says of what file the bytes to come will be. */
export async function restartPartial(partial: Partial, of: PartialOf): Promise<void> {
  const path = join(partial.folder, 'of.json');
  // In this order a crash leaves an empty part, never bytes under the wrong name.
  await writeFile(partial.path, '');
  await writeFile(`${path}.new`, JSON.stringify(of));
  await rename(`${path}.new`, path);
}

/** Removes the parts that ended runs left a week ago. */
export async function removeAbandoned(cacheDir: string, nowMs: number): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    if (!entry.endsWith('.part')) continue;
    const folder = join(cacheDir, entry);
    const changedMs = await stat(join(folder, 'data')).then(
      ({ mtimeMs }) => mtimeMs,
      () => nowMs,
    );
    if (nowMs - changedMs > abandonedMs) await removePartial(partialIn(folder));
  }
}

/** Names this process in the names of files. */
export function ownerTag(): string {
  const { pid, started, host } = thisProcess();
  return `${pid}-${shortHash(host)}-${shortHash(started)}`;
}

/** Tells whether the process that a tag names lives; one of another machine may. */
export function mayLive(tag: string): boolean {
  const [pid, host, started] = tag.split('-');
  if (host !== shortHash(thisProcess().host)) return true;
  const found = identifyProcess(Number(pid));
  return found !== undefined && shortHash(found.started) === started;
}

function partialIn(folder: string): Partial {
  return { folder, path: join(folder, 'data') };
}

/** Makes the part that was left for all, or that of a dead process, our own; rename has one winner. */
async function takeOver(cacheDir: string, name: string, own: string): Promise<void> {
  const entries = await readdir(cacheDir);
  const dead = entries.filter((entry) => {
    const tag = tagOf(entry, name);
    return tag !== undefined && !mayLive(tag);
  });
  for (const entry of [`${name}.part`, ...dead]) {
    try {
      await rename(join(cacheDir, entry), own);
      return;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  await mkdir(own, { recursive: true });
}

async function listLiving(cacheDir: string, name: string): Promise<readonly string[]> {
  const me = ownerTag();
  return (await readdir(cacheDir)).filter((entry) => {
    const tag = tagOf(entry, name);
    return tag !== undefined && tag !== me && mayLive(tag);
  });
}

function tagOf(entry: string, name: string): string | undefined {
  if (!entry.startsWith(`${name}.`) || !entry.endsWith('.part')) return undefined;
  const tag = entry.slice(name.length + 1, -'.part'.length);
  return /^\d+-[0-9a-f]+-[0-9a-f]+$/.test(tag) ? tag : undefined;
}

function parseOf(value: unknown): PartialOf | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { url, etag, lastModified, totalBytes }: Record<string, unknown> = { ...value };
  if (typeof url !== 'string') return undefined;
  return {
    url,
    etag: typeof etag === 'string' ? etag : undefined,
    lastModified: typeof lastModified === 'string' ? lastModified : undefined,
    totalBytes: typeof totalBytes === 'number' ? totalBytes : undefined,
  };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
