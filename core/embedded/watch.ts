// What the watchdog does: start the server, watch who uses it, stop it when nobody does.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../connection.ts';
import { type Database, openDatabase } from '../database.ts';
import { formatPlace, UserError } from '../errors.ts';
import {
  type Cluster,
  clusterTitle,
  embeddedDatabase,
  embeddedUser,
  prepareCluster,
  removeSocketDir,
} from './cluster.ts';
import { systemCode } from './files.ts';
import { type LeaseFile, takeLeaseFile } from './lease-file.ts';
import type { Places } from './places.ts';
import { startPostmaster, stopPostmaster } from './postmaster.ts';
import { isAlive } from './processes.ts';
import { boundLog } from './server-log.ts';
import {
  listUsers,
  readClusterRecord,
  readHold,
  type ServerAddress,
  stateFiles,
  watchdogLease,
  writeClusterRecord,
  writeState,
} from './state.ts';

/** How a watchdog is to behave. */
export interface WatchOptions {
  /** How long the server stays after its last user, in ms. */
  readonly idleMs: number;
  /** False for tests only. */
  readonly isDurable: boolean;
  /** Aborts when the watchdog is asked to stop the server, used or not. */
  readonly signal: AbortSignal;
  /** Readies what takes over when this process is killed; returns how to call it off. */
  readonly startSuccessor: () => () => void;
}

/** Why the watch over a running server ended. */
type End = 'unused' | 'asked' | 'crashed' | 'removed';

const defaultIdleSeconds = 5;
const roundMs = 1_000;
const crashLimit = 3;
const crashForgottenMs = 60_000;

/** Reads how to behave from the environment. */
export function readWatchSettings(
  env: NodeJS.ProcessEnv,
): Pick<WatchOptions, 'idleMs' | 'isDurable'> {
  const idleSeconds = Number(env['FUNDLENS_EMBEDDED_IDLE_SECONDS'] || defaultIdleSeconds);
  return {
    idleMs: (idleSeconds >= 0 ? idleSeconds : defaultIdleSeconds) * 1_000,
    isDurable: env['FUNDLENS_EMBEDDED_FSYNC'] !== 'off',
  };
}

/** Takes the project's lock and serves until nobody uses the server; returns at once where another does. */
export async function watch(places: Places, options: WatchOptions): Promise<void> {
  const lease = await takeLeaseFile(places.stateDir, watchdogLease, places.owner);
  if (lease === undefined) return;
  await writeState(places, { status: 'starting', atMs: Date.now() });
  const renewal = setInterval(() => {
    // A lock that cannot be renewed is noticed by `isHeld` in the next round.
    lease.renew().catch(() => undefined);
  }, roundMs);
  const callOffSuccessor = options.startSuccessor();
  try {
    await serve(places, options, lease);
    await writeState(places, { status: 'stopped', atMs: Date.now() });
  } catch (error) {
    await reportFailure(places, error);
    throw error;
  } finally {
    clearInterval(renewal);
    callOffSuccessor();
    await lease.release().catch(ignoreMissing);
  }
}

async function serve(places: Places, options: WatchOptions, lease: LeaseFile): Promise<void> {
  let crashes = 0;
  for (;;) {
    const cluster = await prepareCluster(places);
    const record = await readClusterRecord(places);
    // Before the start: a successor looks there for a server.
    await writeClusterRecord(places, { ...record, dataDir: cluster.dataDir });
    const address = await startPostmaster(cluster, {
      logFile: join(places.stateDir, stateFiles.log),
      ...(places.owner ? { logOwner: places.owner } : {}),
      isDurable: options.isDurable,
      wantedPort: record?.port,
    });
    await writeClusterRecord(places, { dataDir: cluster.dataDir, port: address.port });
    const startedAtMs = Date.now();
    const end = await serveOnce(places, options, lease, { cluster, address });
    if (end !== 'crashed') return await removeSocketDir(cluster);
    crashes = Date.now() - startedAtMs > crashForgottenMs ? 1 : crashes + 1;
    if (crashes >= crashLimit) {
      throw new UserError(`the embedded PostgreSQL crashed ${crashes} times within a minute`, {
        where: join(places.stateDir, stateFiles.log),
        hint: 'read the log; `runner db reset` begins with an empty cluster',
      });
    }
    if ((await listUsers(places)).length === 0) return;
    await writeState(places, { status: 'starting', atMs: Date.now() });
  }
}

async function serveOnce(
  places: Places,
  options: WatchOptions,
  lease: LeaseFile,
  server: { readonly cluster: Cluster; readonly address: ServerAddress },
): Promise<End> {
  const { cluster, address } = server;
  const database = openDatabase(adminConnection(cluster, address), {
    applicationName: watchdogApplication,
    maxClients: 1,
  });
  try {
    try {
      await ensureDatabase(database);
    } catch (error) {
      await stopPostmaster(address.postmaster, cluster.dataDir, cluster.title);
      throw error;
    }
    await writeState(places, { status: 'ready', atMs: Date.now(), ...address });
    const end = await watchUsers({ places, options, lease, address, database });
    await database.close();
    // A folder that was removed has nothing left to write: no need for a clean close.
    const cleanStopMs = end === 'removed' ? 4_000 : undefined;
    if (end !== 'crashed') {
      await stopPostmaster(address.postmaster, cluster.dataDir, clusterTitle(places), cleanStopMs);
    }
    return end;
  } finally {
    await database.close().catch(() => undefined);
  }
}

interface Watched {
  readonly places: Places;
  readonly options: WatchOptions;
  readonly lease: LeaseFile;
  readonly address: ServerAddress;
  readonly database: Database;
}

async function watchUsers(watched: Watched): Promise<End> {
  const { places, options, lease, address, database } = watched;
  let usedAtMs = Date.now();
  for (;;) {
    if (options.signal.aborted) return await announceStop(watched, 'asked');
    if (!(await lease.isHeld()) || !(await isThere(join(address.dataDir, 'PG_VERSION')))) {
      return 'removed';
    }
    if (!isAlive(address.postmaster)) return 'crashed';
    await boundLog(join(places.stateDir, stateFiles.log));
    if (await isUsed(places, database)) usedAtMs = Date.now();
    else if (Date.now() - usedAtMs >= options.idleMs) {
      await announceStop(watched, 'unused');
      // Who enters writes itself down before it reads the state: either it sees that we stop, or we see it.
      if (!(await isUsed(places, database))) return 'unused';
      usedAtMs = Date.now();
      await writeState(places, { status: 'ready', atMs: Date.now(), ...address });
    }
    await sleep(roundMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

async function announceStop(watched: Watched, end: End): Promise<End> {
  await writeState(watched.places, { status: 'stopping', atMs: Date.now(), ...watched.address });
  return end;
}

async function isUsed(places: Places, database: Database): Promise<boolean> {
  if ((await listUsers(places)).length > 0) return true;
  if ((await readHold(places)) > Date.now()) return true;
  try {
    return (await countClients(database)) > 0;
  } catch (error) {
    // A server that lets us in no more has no use for anyone else either; a crash is seen in the next round.
    if (error instanceof Error) return false;
    throw error;
  }
}

/** The name under which the watchdog connects; it does not count as use. */
export const watchdogApplication = 'fundlens:watchdog';

/**
 * Counts the sessions of clients other than the watchdog, in every database of the server. Who has
 * not given the password yet (state `starting`) is no client.
 */
export async function countClients(database: Database): Promise<number> {
  return await database.withClient(async (client) => {
    const { rows } = await client.query<{ clients: number }>(
      `select count(*)::int as clients
         from pg_stat_activity
        where backend_type = 'client backend'
          and pid <> pg_backend_pid()
          and state is distinct from 'starting'
          and application_name <> $1`,
      [watchdogApplication],
    );
    return rows[0]?.clients ?? 0;
  });
}

async function ensureDatabase(database: Database): Promise<void> {
  await database.withClient(async (client) => {
    const { rows } = await client.query('select from pg_database where datname = $1', [
      embeddedDatabase,
    ]);
    if (rows.length === 0) await client.query(`create database ${embeddedDatabase}`);
  });
}

function adminConnection(cluster: Cluster, address: ServerAddress): Connection {
  return {
    host: address.socketDir,
    port: address.port,
    user: embeddedUser,
    password: cluster.password,
    database: 'postgres',
  };
}

async function reportFailure(places: Places, error: unknown): Promise<void> {
  const isFault = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  await writeState(places, {
    status: 'failed',
    atMs: Date.now(),
    message: isFault ? message : `the watchdog of the embedded PostgreSQL failed: ${message}`,
    where:
      isFault && error.where
        ? formatPlace(error.where)
        : join(places.stateDir, stateFiles.watchdogLog),
    ...(isFault && error.hint ? { hint: error.hint } : {}),
  }).catch(ignoreMissing);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

// The state folder was removed under the watchdog: nobody is left to tell.
function ignoreMissing(error: unknown): void {
  if (systemCode(error) === undefined) throw error;
}
