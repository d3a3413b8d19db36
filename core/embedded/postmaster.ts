// Starting, adopting and stopping the postmaster of one cluster.

import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { startAs } from './account.ts';
import { type Cluster, renewSettings } from './cluster.ts';
import type { Owner } from './files.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { identifyProcess, isAlive, listServerProcesses, type ProcessId } from './processes.ts';
import { lastLines, openLog, readLogFrom } from './server-log.ts';
import type { ServerAddress } from './state.ts';

/** How a start may go. */
export interface StartOptions {
  readonly logFile: string;
  readonly logOwner?: Owner;
  /** False for tests only. */
  readonly isDurable: boolean;
  /** Tried first, so that the settings of a BI tool stay right. */
  readonly wantedPort?: number | undefined;
}

/** What stood in the way of a start, as the server's log tells it. */
export type Obstacle = 'running' | 'orphans' | 'port' | 'memory' | 'other';

/** How long to wait for what a killed server left behind: orphaned backends, an unreaped process. */
const remainsPatienceMs = 60_000;
/** Recovery after a crash reads up to `max_wal_size` of WAL and more; the server says when it is through. */
const recoveryPatienceMs = 600_000;

/** Starts the server, or adopts the one that runs on the cluster already. */
export async function startPostmaster(
  cluster: Cluster,
  options: StartOptions,
): Promise<ServerAddress> {
  const giveUpAtMs = Date.now() + remainsPatienceMs;
  let port = await findPort(options.wantedPort);
  let hasTcp = port !== undefined;
  let portFailures = 0;
  let isSmall = false;
  for (let attempt = 0; ; attempt += 1) {
    const running = await adoptPostmaster(cluster);
    if (running) return running;
    await renewSettings(cluster, { isDurable: options.isDurable, isSmall });
    const log = await openLog(options.logFile, options.logOwner);
    const listen = { port: port ?? 5432, hasTcp };
    const child = startAs(cluster.account, startCommand(cluster, listen), {
      logDescriptor: log.descriptor,
    });
    await log.close();
    const started = await waitUntilReady(child, cluster);
    if (started) return started;
    const words = await readLogFrom(options.logFile, log.sizeBytes);
    const obstacle = recogniseObstacle(words);
    if (obstacle === 'port' && portFailures < 3) {
      portFailures += 1;
      port = await findPort(undefined);
      hasTcp = port !== undefined && portFailures < 3;
    } else if (obstacle === 'memory' && !isSmall) {
      isSmall = true;
    } else if ((obstacle === 'running' || obstacle === 'orphans') && Date.now() < giveUpAtMs) {
      await clearRemains(cluster, remainsPatienceMs - (giveUpAtMs - Date.now()));
      await sleep(Math.min(100 * 2 ** attempt, 1_000));
    } else {
      throw startFault(options.logFile, words, child.exitCode);
    }
  }
}

/** Recognises what stood in the way; the server speaks English, since we set its `lc_messages`. */
export function recogniseObstacle(log: string): Obstacle {
  if (/lock file "postmaster\.pid" already exists/.test(log)) return 'running';
  if (/pre-existing shared memory block/.test(log)) return 'orphans';
  if (/could not (bind|create any TCP\/IP sockets|create any Unix-domain sockets)/.test(log)) {
    return 'port';
  }
  if (/could not (map anonymous|create|resize) shared memory/.test(log)) return 'memory';
  return 'other';
}

/**
 * Stops a server: fast first (sessions are ended, the cluster is closed cleanly), at once when that
 * takes too long, by force at last. Nothing of it runs when this returns.
 */
export async function stopPostmaster(
  postmaster: ProcessId,
  dataDir: string,
  title: string,
  cleanStopMs = 40_000,
): Promise<void> {
  const steps: readonly [NodeJS.Signals, number][] = [
    ['SIGINT', cleanStopMs],
    ['SIGQUIT', 6_000],
    ['SIGKILL', 2_000],
  ];
  for (const [signal, patienceMs] of steps) {
    signalProcess(postmaster, signal);
    if (await waitUntilGone([postmaster], patienceMs)) break;
  }
  const orphans = listServerProcesses(dataDir, title);
  for (const orphan of orphans) signalProcess(orphan, 'SIGKILL');
  await waitUntilGone(orphans, 5_000);
}

/** Returns the server that runs on a cluster, once it is ready; undefined where none does. */
export async function adoptPostmaster(cluster: Cluster): Promise<ServerAddress | undefined> {
  const giveUpAtMs = Date.now() + recoveryPatienceMs;
  for (;;) {
    const file = await readPostmasterFile(cluster.dataDir);
    const postmaster = file && findPostmaster(file.pid, cluster);
    if (!file || !postmaster) return undefined;
    if (file.status === 'ready' && file.socketDir === cluster.socketDir) {
      const { port, hasTcp } = file;
      const { dataDir, socketDir } = cluster;
      return { dataDir, socketDir, port, hasTcp, postmaster };
    }
    if (file.status === 'ready') {
      // Its socket lies where nobody of ours looks (another TMPDIR): its own users are gone with its watchdog.
      await stopPostmaster(postmaster, cluster.dataDir, cluster.title);
      return undefined;
    }
    if (Date.now() > giveUpAtMs) return undefined;
    await sleep(50);
  }
}

async function waitUntilReady(
  child: ChildProcess,
  cluster: Cluster,
): Promise<ServerAddress | undefined> {
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  child.once('error', () => {
    hasEnded = true;
  });
  // The server must not keep this process alive, nor end with it.
  child.unref();
  const giveUpAtMs = Date.now() + recoveryPatienceMs;
  while (!hasEnded && Date.now() < giveUpAtMs) {
    const file = await readPostmasterFile(cluster.dataDir);
    const postmaster = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (file && postmaster && file.pid === child.pid && file.status === 'ready') {
      const { dataDir, socketDir } = cluster;
      return { dataDir, socketDir, port: file.port, hasTcp: file.hasTcp, postmaster };
    }
    await sleep(20);
  }
  return undefined;
}

function findPostmaster(pid: number, cluster: Cluster): ProcessId | undefined {
  return listServerProcesses(cluster.dataDir, cluster.title).find((found) => found.pid === pid);
}

/**
 * Helps what a killed server left to go away. A zombie needs only time. Orphaned backends can no
 * longer serve anyone, and PostgreSQL refuses to start beside them: after a while they are asked to
 * end, then told to. The pid file is removed only where no process of the cluster is left and the
 * number in it belongs to a stranger.
 */
async function clearRemains(cluster: Cluster, waitedMs: number): Promise<void> {
  const remains = listServerProcesses(cluster.dataDir, cluster.title);
  if (remains.length > 0) {
    const signal = waitedMs > 20_000 ? 'SIGQUIT' : 'SIGTERM';
    if (waitedMs > 2_000) for (const orphan of remains) signalProcess(orphan, signal);
    return;
  }
  const file = await readPostmasterFile(cluster.dataDir);
  if (file) await rm(join(cluster.dataDir, 'postmaster.pid'), { force: true });
}

function startCommand(
  cluster: Cluster,
  listen: { readonly port: number; readonly hasTcp: boolean },
): readonly [string, ...string[]] {
  return [
    join(cluster.native, 'bin', 'postgres'),
    '-D',
    cluster.dataDir,
    '-k',
    cluster.socketDir,
    '-p',
    String(listen.port),
    '-c',
    `listen_addresses=${listen.hasTcp ? '127.0.0.1' : ''}`,
  ];
}

function startFault(logFile: string, words: string, exitCode: number | null): UserError {
  const quoted = lastLines(words, 12) || `postgres ended with ${exitCode ?? 'a signal'}`;
  return new UserError(`the embedded PostgreSQL does not start:\n${quoted}`, {
    where: logFile,
    hint: 'remove the cause the log names; `runner db reset` begins with an empty cluster; or set DATABASE_URL to a server of your own',
  });
}

function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function waitUntilGone(ids: readonly ProcessId[], patienceMs: number): Promise<boolean> {
  const giveUpAtMs = Date.now() + patienceMs;
  while (ids.some(isAlive)) {
    if (Date.now() > giveUpAtMs) return false;
    await sleep(25);
  }
  return true;
}

/** Finds a free port of 127.0.0.1, the wanted one if it is free; undefined where none can be had. */
async function findPort(wanted: number | undefined): Promise<number | undefined> {
  return (wanted === undefined ? undefined : await tryPort(wanted)) ?? (await tryPort(0));
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const found = typeof address === 'object' && address ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}
