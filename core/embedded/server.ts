// The embedded PostgreSQL as programs use it: join it, and it runs; leave, and it stops soon after.

import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../connection.ts';
import { Interrupted, UserError } from '../errors.ts';
import { findBinaries } from './binaries.ts';
import { embeddedDatabase, embeddedUser } from './cluster.ts';
import { readIfThere } from './files.ts';
import { readLeaseHolder } from './lease-file.ts';
import { findPlaces, type Places } from './places.ts';
import { isAlive } from './processes.ts';
import { type StartedWatchdog, spawnWatchdog } from './spawn-watchdog.ts';
import {
  enterUser,
  isFirstToTell,
  readState,
  type ServerAddress,
  type ServerState,
  stateFiles,
  watchdogLease,
} from './state.ts';

/** A running embedded server, joined. */
export interface EmbeddedServer {
  /** Over the Unix socket, to the project's database. */
  readonly connection: Connection;
  /** The same over 127.0.0.1, for psql and BI tools; undefined where no port could be listened on. */
  readonly tcpConnection: Connection | undefined;
  readonly dataDir: string;
  readonly logFile: string;
  /** Leaves the server; it stops by itself soon after the last one left. */
  release(): Promise<void>;
}

/** How to join. */
export interface JoinOptions {
  readonly projectDir: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Hears what the user should know, such as where the cluster lies when not in the project. */
  readonly onNotice?: (message: string) => void;
  readonly signal?: AbortSignal;
}

const pollMs = 20;
/** No start takes longer, recovery after a crash included. */
const patienceMs = 660_000;
const noticeAfterMs = 5_000;
const guardMs = 2_000;

/**
 * Joins the project's embedded server, which is made and started when needed. The server runs at
 * least until `release` or the end of this process.
 * @throws {UserError} when it cannot run here or does not start, with the last lines of its log.
 */
export async function joinEmbedded(options: JoinOptions): Promise<EmbeddedServer> {
  findBinaries();
  const env = options.env ?? process.env;
  const places = await findPlaces(options.projectDir, env);
  // Written down first: a watchdog about to stop sees us, or we see that it stops.
  const { path } = await enterUser(places);
  const strikeOutAtExit = (): void => rmSync(path, { force: true });
  process.once('exit', strikeOutAtExit);
  const leave = async (): Promise<void> => {
    process.off('exit', strikeOutAtExit);
    await rm(path, { force: true });
  };
  try {
    const address = await waitForServer(places, env, options);
    await tellPlace(places, address, options.onNotice);
    const guard = guardWatchdog(places, env);
    return {
      ...(await describeServer(places, address)),
      release: async () => {
        clearInterval(guard);
        await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** Returns the connections to a running server and where its files lie. */
export async function describeServer(
  places: Places,
  address: ServerAddress,
): Promise<Omit<EmbeddedServer, 'release'>> {
  const password = (await readIfThere(join(places.stateDir, stateFiles.password))) ?? '';
  const login = { user: embeddedUser, password: password.trim(), database: embeddedDatabase };
  return {
    connection: { host: address.socketDir, port: address.port, ...login },
    tcpConnection: address.hasTcp ? { host: '127.0.0.1', port: address.port, ...login } : undefined,
    dataDir: address.dataDir,
    logFile: join(places.stateDir, stateFiles.log),
  };
}

async function waitForServer(
  places: Places,
  env: NodeJS.ProcessEnv,
  options: JoinOptions,
): Promise<ServerAddress> {
  const beganAtMs = Date.now();
  let started: StartedWatchdog | undefined;
  let isNoticed = false;
  while (Date.now() - beganAtMs < patienceMs) {
    if (options.signal?.aborted) throw new Interrupted();
    const state = await readState(places);
    const holder = await readLeaseHolder(places.stateDir, watchdogLease);
    if (holder?.isForeign) throw foreignFault(places);
    if (holder && state?.status === 'ready' && isAlive(state.postmaster)) return state;
    if (state?.status === 'failed' && state.atMs >= beganAtMs) throw failure(state);
    if (holder === undefined && (started === undefined || started.hasEnded)) {
      started = await spawnWatchdog(places, env);
    }
    if (!isNoticed && Date.now() - beganAtMs > noticeAfterMs) {
      isNoticed = true;
      options.onNotice?.(
        `waiting for the embedded PostgreSQL to start (log: ${join(places.stateDir, stateFiles.log)})`,
      );
    }
    await sleep(pollMs);
  }
  throw new UserError('the embedded PostgreSQL does not become ready', {
    where: join(places.stateDir, stateFiles.log),
    hint: 'read the log, or set DATABASE_URL to a server of your own',
  });
}

/** While we use the server it has a watchdog: where that is killed, another takes over. */
function guardWatchdog(places: Places, env: NodeJS.ProcessEnv): NodeJS.Timeout {
  let started: StartedWatchdog | undefined;
  const look = async (): Promise<void> => {
    const state = await readState(places);
    if (state?.status !== 'ready' || (started && !started.hasEnded)) return;
    if ((await readLeaseHolder(places.stateDir, watchdogLease)) === undefined) {
      started = await spawnWatchdog(places, env);
    }
  };
  // The guard is a second net: what it cannot read (a removed folder) is for the next join to tell.
  const timer = setInterval(() => void look().catch(() => undefined), guardMs);
  timer.unref();
  return timer;
}

async function tellPlace(
  places: Places,
  address: ServerAddress,
  onNotice: JoinOptions['onNotice'],
): Promise<void> {
  const isInside = address.dataDir.startsWith(`${places.projectDir}/`);
  if (isInside || onNotice === undefined || !(await isFirstToTell(places))) return;
  onNotice(
    `the embedded database lies in \`${address.dataDir}\`: the server's user cannot use the project folder`,
  );
}

function failure(state: Extract<ServerState, { status: 'failed' }>): UserError {
  return new UserError(state.message, { where: state.where, hint: state.hint });
}

function foreignFault(places: Places): UserError {
  return new UserError('another machine or container runs the embedded database of this project', {
    where: places.stateDir,
    hint: 'stop it there with `runner db stop`, or wait until its last user is gone',
  });
}
