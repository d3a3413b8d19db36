// A lock between processes that needs no server and ends with its holder, SIGKILL included.
//
// The lock is the file `<name>.<n>` with the highest n, and the process it names. Whoever finds that
// process dead creates `<name>.<n+1>`, which only one can. The highest file is never removed, so a
// process that slept between looking and creating finds a higher one and withdraws: no lock is
// broken by two at once, which removing a stale lock file cannot promise.

import { randomBytes } from 'node:crypto';
import { chown, link, readdir, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Owner, readJson, systemCode, writePrivate } from './files.ts';
import { isAlive, isLocal, type ProcessId, parseProcessId, thisProcess } from './processes.ts';

/** A lock that this process holds. */
export interface LeaseFile {
  /** Tells whether the lock is still there and ours; false when its folder was removed. */
  isHeld(): Promise<boolean>;
  /** Shows the holder to be alive to those who cannot see its process: other machines and containers. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lock. */
export interface LeaseHolder {
  readonly process: ProcessId;
  /** The holder runs on another machine or in another container. */
  readonly isForeign: boolean;
}

const keptGenerations = 8;
const unreadableGraceMs = 5_000;
const foreignGraceMs = 15_000;

/** Takes the lock `name` in `dir`, or returns undefined where a living process holds it. */
export async function takeLeaseFile(
  dir: string,
  name: string,
  owner?: Owner,
): Promise<LeaseFile | undefined> {
  for (;;) {
    const generations = await listGenerations(dir, name);
    const top = generations.at(-1) ?? 0;
    if (top > 0 && (await readHolder(join(dir, `${name}.${top}`))) !== undefined) return undefined;
    const next = top + 1;
    const path = join(dir, `${name}.${next}`);
    if (!(await createWhole(path, `${JSON.stringify(thisProcess())}\n`, owner))) continue;
    if ((await listGenerations(dir, name)).at(-1) !== next) {
      await rm(path, { force: true });
      continue;
    }
    for (const old of generations.filter((n) => n <= next - keptGenerations)) {
      await rm(join(dir, `${name}.${old}`), { force: true });
    }
    return makeLease(path, owner);
  }
}

/** Returns the living holder of the lock `name` in `dir`, or undefined where it is free. */
export async function readLeaseHolder(dir: string, name: string): Promise<LeaseHolder | undefined> {
  const top = (await listGenerations(dir, name)).at(-1);
  return top === undefined ? undefined : readHolder(join(dir, `${name}.${top}`));
}

function makeLease(path: string, owner: Owner | undefined): LeaseFile {
  const self = thisProcess();
  return {
    async isHeld() {
      const found = parseProcessId(await readJson(path));
      return found?.pid === self.pid && found.started === self.started;
    },
    async renew() {
      const now = new Date();
      await utimes(path, now, now);
    },
    release: () => writePrivate(path, '{"released":true}\n', owner),
  };
}

async function readHolder(path: string): Promise<LeaseHolder | undefined> {
  const value = await readJson(path);
  if (typeof value === 'object' && value !== null && 'released' in value) return undefined;
  const holder = parseProcessId(value);
  const ageMs = await readAgeMs(path);
  if (holder === undefined) {
    // Half written by one that is still at it, or that died there.
    return ageMs < unreadableGraceMs ? { process: thisProcess(), isForeign: false } : undefined;
  }
  if (!isLocal(holder)) {
    return ageMs < foreignGraceMs ? { process: holder, isForeign: true } : undefined;
  }
  return isAlive(holder) ? { process: holder, isForeign: false } : undefined;
}

async function readAgeMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

async function listGenerations(dir: string, name: string): Promise<number[]> {
  const numbers = (await readdir(dir))
    .filter((entry) => entry.startsWith(`${name}.`))
    .map((entry) => entry.slice(name.length + 1))
    .filter((suffix) => /^[1-9]\d*$/.test(suffix))
    .map(Number);
  return numbers.sort((a, b) => a - b);
}

async function createWhole(path: string, text: string, owner?: Owner): Promise<boolean> {
  const temporary = `${path}-${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
  try {
    if (owner) await chown(temporary, owner.uid, owner.gid);
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    return await createWithoutLink(path, text, error);
  } finally {
    await unlink(temporary);
  }
}

// Some file systems (FAT, shared folders of virtual machines) have no hard links.
async function createWithoutLink(path: string, text: string, cause: unknown): Promise<boolean> {
  const code = systemCode(cause);
  if (code === undefined || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code))
    throw cause;
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}
