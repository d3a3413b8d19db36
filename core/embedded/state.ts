// What the processes around one embedded server tell each other, through files in its state folder.

import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, systemCode, writePrivate } from './files.ts';
import type { Places } from './places.ts';
import { isAlive, isLocal, type ProcessId, parseProcessId, thisProcess } from './processes.ts';

/** Where a running server is. */
export interface ServerAddress {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  /** False where 127.0.0.1 could not be listened on. */
  readonly hasTcp: boolean;
  readonly postmaster: ProcessId;
}

/** What the watchdog says of the server; `atMs` is the time of the change since the epoch. */
export type ServerState =
  | { readonly status: 'starting' | 'stopped'; readonly atMs: number }
  | ({ readonly status: 'ready' | 'stopping'; readonly atMs: number } & ServerAddress)
  | {
      readonly status: 'failed';
      readonly atMs: number;
      readonly message: string;
      readonly where?: string;
      readonly hint?: string;
    };

/** The name of the lock that the watchdog holds while it lives. */
export const watchdogLease = 'watchdog';

/**
 * The environment variables that the watchdog heeds: `FUNDLENS_EMBEDDED_FSYNC=off` (tests only) and
 * `FUNDLENS_EMBEDDED_IDLE_SECONDS`, how long the server stays after its last user.
 */
export const watchSettingNames = [
  'FUNDLENS_EMBEDDED_FSYNC',
  'FUNDLENS_EMBEDDED_IDLE_SECONDS',
] as const;

/** The names of the files in the state folder. */
export const stateFiles = {
  state: 'server.json',
  password: 'password',
  hold: 'hold.json',
  cluster: 'cluster.json',
  told: 'told',
  log: 'server.log',
  watchdogLog: 'watchdog.log',
} as const;

/** Reads what the watchdog said last, or undefined where nothing readable was said. */
export async function readState(places: Places): Promise<ServerState | undefined> {
  return parseState(await readJson(join(places.stateDir, stateFiles.state)));
}

/** Says something to every process that asks. */
export async function writeState(places: Places, state: ServerState): Promise<void> {
  const path = join(places.stateDir, stateFiles.state);
  await writePrivate(path, `${JSON.stringify(state)}\n`, places.owner);
}

/** Parses the state file. */
export function parseState(value: unknown): ServerState | undefined {
  if (!isRecord(value)) return undefined;
  const { status, atMs } = value;
  if (typeof atMs !== 'number') return undefined;
  switch (status) {
    case 'starting':
    case 'stopped':
      return { status, atMs };
    case 'ready':
    case 'stopping': {
      const address = parseAddress(value);
      return address && { status, atMs, ...address };
    }
    case 'failed': {
      const { message, where, hint } = value;
      if (typeof message !== 'string') return undefined;
      return {
        status,
        atMs,
        message,
        ...(typeof where === 'string' ? { where } : {}),
        ...(typeof hint === 'string' ? { hint } : {}),
      };
    }
    default:
      return undefined;
  }
}

/** Writes this process down as a user of the server; returns how to strike it out. */
export async function enterUser(places: Places): Promise<{ readonly path: string }> {
  const name = `${process.pid}-${randomBytes(6).toString('hex')}.json`;
  const path = join(places.stateDir, 'users', name);
  await writePrivate(path, `${JSON.stringify(thisProcess())}\n`, places.owner);
  return { path };
}

/** Lists the living users, and strikes out those that died without a word. */
export async function listUsers(places: Places): Promise<readonly ProcessId[]> {
  const dir = join(places.stateDir, 'users');
  const users: ProcessId[] = [];
  for (const name of await readdir(dir)) {
    if (!name.endsWith('.json')) continue;
    const user = parseProcessId(await readJson(join(dir, name)));
    if (user && isAlive(user)) users.push(user);
    // What another container wrote is its own to strike out.
    else if (user === undefined || isLocal(user)) await rm(join(dir, name), { force: true });
  }
  return users;
}

/** Returns the time until which the server is held up without users, in ms since the epoch; 0 when it is not. */
export async function readHold(places: Places): Promise<number> {
  const value = await readJson(join(places.stateDir, stateFiles.hold));
  return isRecord(value) && typeof value['untilMs'] === 'number' ? value['untilMs'] : 0;
}

/** Keeps the server up until then, used or not. */
export async function writeHold(places: Places, untilMs: number): Promise<void> {
  const path = join(places.stateDir, stateFiles.hold);
  await writePrivate(path, `${JSON.stringify({ untilMs })}\n`, places.owner);
}

/** What is remembered of a cluster while its server is down. */
export interface ClusterRecord {
  /** Kept, so that another TMPDIR does not hide the cluster. */
  readonly dataDir: string;
  /** The port of the last run; taken again if free, so that the settings of a BI tool stay right. */
  readonly port?: number;
}

/** Reads what is remembered of the project's cluster; undefined before the first start. */
export async function readClusterRecord(places: Places): Promise<ClusterRecord | undefined> {
  const value = await readJson(join(places.stateDir, stateFiles.cluster));
  if (!isRecord(value) || typeof value['dataDir'] !== 'string') return undefined;
  const { dataDir, port } = value;
  return { dataDir, ...(typeof port === 'number' ? { port } : {}) };
}

/** Remembers the project's cluster. */
export async function writeClusterRecord(places: Places, record: ClusterRecord): Promise<void> {
  const path = join(places.stateDir, stateFiles.cluster);
  await writePrivate(path, `${JSON.stringify(record)}\n`, places.owner);
}

/** True for the first caller ever in this state folder: what is said once is said by that one. */
export async function isFirstToTell(places: Places): Promise<boolean> {
  try {
    await writeFile(join(places.stateDir, stateFiles.told), '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function parseAddress(value: Record<string, unknown>): ServerAddress | undefined {
  const { dataDir, socketDir, port, hasTcp } = value;
  const postmaster = parseProcessId(value['postmaster']);
  if (typeof dataDir !== 'string' || typeof socketDir !== 'string') return undefined;
  if (typeof port !== 'number' || typeof hasTcp !== 'boolean' || !postmaster) return undefined;
  return { dataDir, socketDir, port, hasTcp, postmaster };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
