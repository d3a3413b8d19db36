// Which processes live: a process is named by its id and its start time, since ids are used again.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one process for good: no later process equals it, on this machine or another. */
export interface ProcessId {
  readonly pid: number;
  /** Start time as the system tells it; compared, never read. */
  readonly started: string;
  /** The boot and the pid namespace in which `pid` has a meaning. */
  readonly host: string;
}

/** Returns the name of this process. */
export function thisProcess(): ProcessId {
  const found = identifyProcess(process.pid);
  // Without a readable process table (a container without /proc and ps) the id alone must do.
  return found ?? { pid: process.pid, started: 'unknown', host: thisHost() };
}

/** Returns the name of a living process, or undefined where it is gone or a zombie. */
export function identifyProcess(pid: number): ProcessId | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const started = process.platform === 'linux' ? readLinuxStart(pid) : readPsStart(pid);
  return started === undefined ? undefined : { pid, started, host: thisHost() };
}

/** Tells whether exactly that process is alive; one of another machine or container is not ours to see. */
export function isAlive(id: ProcessId): boolean {
  if (!isLocal(id)) return false;
  const now = identifyProcess(id.pid);
  return now !== undefined && now.started === id.started;
}

/** Tells whether a process belongs to this machine, boot and pid namespace. */
export function isLocal(id: ProcessId): boolean {
  return id.host === thisHost();
}

/** Reads a `ProcessId` from JSON, or undefined where it is none. */
export function parseProcessId(value: unknown): ProcessId | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value && 'started' in value && 'host' in value)) return undefined;
  const { pid, started, host } = value;
  if (typeof pid !== 'number' || typeof started !== 'string' || typeof host !== 'string') {
    return undefined;
  }
  return { pid, started, host };
}

/**
 * Returns the living processes of the server on a data folder, orphaned backends included. On Linux
 * they are known by their working folder, which is the data folder; elsewhere by the cluster's name
 * in their titles.
 */
export function listServerProcesses(dataDir: string, clusterName: string): readonly ProcessId[] {
  const pids =
    process.platform === 'linux' ? listPidsIn(dataDir) : listPidsTitled(dataDir, clusterName);
  return pids.flatMap((pid) => identifyProcess(pid) ?? []);
}

/** Parses `/proc/<pid>/stat` into state and start time; the name in it may hold spaces and brackets. */
export function parseLinuxStat(stat: string): { state: string; started: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const started = fields[19];
  return state === undefined || started === undefined ? undefined : { state, started };
}

function readLinuxStart(pid: number): string | undefined {
  const stat = parseLinuxStat(readOrEmpty(`/proc/${pid}/stat`));
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  return stat.started;
}

function readPsStart(pid: number): string | undefined {
  const line = runOrEmpty('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).trim();
  const [state, ...started] = line.split(/\s+/);
  if (!state || state.startsWith('Z')) return undefined;
  return started.join(' ');
}

function listPidsIn(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const cwd = readlinkOrEmpty(`/proc/${name}/cwd`);
      return cwd === dataDir || cwd === `${dataDir} (deleted)`;
    })
    .map(Number)
    .filter((pid) => /postgres/.test(readOrEmpty(`/proc/${pid}/comm`)));
}

function listPidsTitled(dataDir: string, clusterName: string): number[] {
  return runOrEmpty('ps', ['-axo', 'pid=,command='])
    .split('\n')
    .filter((line) => line.includes('postgres'))
    .filter(
      (line) => line.includes(`postgres: ${clusterName}: `) || line.includes(`-D ${dataDir} `),
    )
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => Number.isSafeInteger(pid) && pid !== process.pid);
}

let knownHost: string | undefined;

function thisHost(): string {
  knownHost ??=
    process.platform === 'linux'
      ? `${readOrEmpty('/proc/sys/kernel/random/boot_id').trim()}/${readlinkOrEmpty('/proc/self/ns/pid')}`
      : runOrEmpty('sysctl', ['-n', 'kern.bootsessionuuid']).trim();
  if (knownHost === '' || knownHost === '/') knownHost = hostname();
  return knownHost;
}

// A process may end between the listing and the look: what cannot be read is not there.
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readlinkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function runOrEmpty(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
