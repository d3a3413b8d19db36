// What a person does to the embedded server by hand: look, hold, stop, begin anew.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../database.ts';
import { UserError } from '../errors.ts';
import { clusterTitle, removeCluster } from './cluster.ts';
import { readLeaseHolder, takeLeaseFile } from './lease-file.ts';
import { findPlaces, type Places } from './places.ts';
import { stopPostmaster } from './postmaster.ts';
import { isAlive } from './processes.ts';
import { describeServer, type EmbeddedServer, type JoinOptions, joinEmbedded } from './server.ts';
import {
  listUsers,
  readClusterRecord,
  readHold,
  readState,
  type ServerState,
  stateFiles,
  watchdogLease,
  writeHold,
  writeState,
} from './state.ts';
import { countClients } from './watch.ts';

/** What can be said of a project's embedded server without starting it. */
export interface EmbeddedStatus {
  readonly status: 'running' | 'starting' | 'stopping' | 'stopped';
  /** Folder of the cluster; undefined before the first start. */
  readonly dataDir: string | undefined;
  readonly logFile: string;
  /** Living processes that joined. */
  readonly users: number;
  /** Held up until then though unused; undefined where it is not held. */
  readonly heldUntil: Date | undefined;
  /** Undefined unless running. */
  readonly server: Omit<EmbeddedServer, 'release'> | undefined;
}

/** How to stop or reset. */
export interface StopOptions {
  /** Stops although others use the server. */
  readonly force?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** Tells what the project's embedded server does. */
export async function readEmbeddedStatus(
  projectDir: string,
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<EmbeddedStatus> {
  const places = await findPlaces(projectDir, options.env ?? process.env);
  const state = await readState(places);
  const holder = await readLeaseHolder(places.stateDir, watchdogLease);
  const untilMs = await readHold(places);
  const isRunning = state?.status === 'ready' && isAlive(state.postmaster);
  return {
    status: isRunning ? 'running' : holder ? transition(state) : 'stopped',
    dataDir: (await readClusterRecord(places))?.dataDir,
    logFile: join(places.stateDir, stateFiles.log),
    users: (await listUsers(places)).length,
    heldUntil: untilMs > Date.now() ? new Date(untilMs) : undefined,
    server: isRunning ? await describeServer(places, state) : undefined,
  };
}

/** Starts the server if needed and keeps it up for so many minutes, for psql and BI tools. */
export async function holdEmbedded(
  projectDir: string,
  options: { readonly minutes: number } & Omit<JoinOptions, 'projectDir'>,
): Promise<Omit<EmbeddedServer, 'release'>> {
  const { release, ...server } = await joinEmbedded({ ...options, projectDir });
  const places = await findPlaces(projectDir, options.env ?? process.env);
  await writeHold(places, Date.now() + options.minutes * 60_000);
  await release();
  return server;
}

/**
 * Stops the server and returns whether one ran. Sessions of psql and BI tools end.
 * @throws {UserError} while another process of FundLens uses it, unless forced.
 */
export async function stopEmbedded(
  projectDir: string,
  options: StopOptions = {},
): Promise<boolean> {
  const places = await findPlaces(projectDir, options.env ?? process.env);
  if (!options.force) await refuseWhileJoined(places);
  return await stopServer(places);
}

/**
 * Stops the server and deletes the cluster with all its databases.
 * @throws {UserError} while anyone else uses it, unless forced.
 */
export async function resetEmbedded(projectDir: string, options: StopOptions = {}): Promise<void> {
  const places = await findPlaces(projectDir, options.env ?? process.env);
  if (!options.force) {
    await refuseWhileJoined(places);
    await refuseWhileConnected(places);
  }
  for (;;) {
    await stopServer(places);
    // With the lock in our hands no one starts a server on what is being deleted.
    const lease = await takeLeaseFile(places.stateDir, watchdogLease, places.owner);
    if (lease === undefined) continue;
    try {
      await removeCluster(places);
      await writeState(places, { status: 'stopped', atMs: Date.now() });
      return;
    } finally {
      await lease.release();
    }
  }
}

/** What a server does whose watchdog lives and that is not ready. */
function transition(state: ServerState | undefined): EmbeddedStatus['status'] {
  return state?.status === 'stopping' || state?.status === 'stopped' ? state.status : 'starting';
}

async function stopServer(places: Places): Promise<boolean> {
  await writeHold(places, 0);
  const state = await readState(places);
  const holder = await readLeaseHolder(places.stateDir, watchdogLease);
  if (holder?.isForeign) {
    throw new UserError('another machine or container runs the embedded database', {
      where: places.stateDir,
      hint: 'stop it there',
    });
  }
  if (holder) {
    process.kill(holder.process.pid, 'SIGTERM');
    while (isAlive(holder.process)) await sleep(25);
  }
  const isOrphaned = state !== undefined && 'postmaster' in state && isAlive(state.postmaster);
  if (isOrphaned) await stopPostmaster(state.postmaster, state.dataDir, clusterTitle(places));
  if (isOrphaned) await writeState(places, { status: 'stopped', atMs: Date.now() });
  return holder !== undefined || isOrphaned;
}

async function refuseWhileJoined(places: Places): Promise<void> {
  const others = (await listUsers(places)).filter((user) => user.pid !== process.pid);
  if (others.length === 0) return;
  const pids = others.map((user) => user.pid).sort((a, b) => a - b);
  throw new UserError(`the embedded database is in use by process ${pids.join(', ')}`, {
    hint: 'wait for it to end, or add `--force`',
  });
}

async function refuseWhileConnected(places: Places): Promise<void> {
  const state = await readState(places);
  if (state?.status !== 'ready' || !isAlive(state.postmaster)) return;
  const { connection } = await describeServer(places, state);
  const database = openDatabase(connection, { applicationName: 'fundlens:reset', maxClients: 1 });
  try {
    const clients = await countClients(database);
    if (clients === 0) return;
    throw new UserError(`${clients} client sessions are connected to the embedded database`, {
      hint: 'close psql and BI tools, or add `--force`',
    });
  } finally {
    await database.close();
  }
}
