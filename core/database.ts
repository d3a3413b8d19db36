// The one place that connects to PostgreSQL and runs statements; `copy.ts` streams over its clients.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { connectionFaultOf } from './connection-fault.ts';
import { Interrupted, type UserError } from './errors.ts';

/** A borrowed connection; valid only inside the callback it was given to. */
export type Client = pg.PoolClient;

/** How a program wants its connections. */
export interface DatabaseOptions {
  /** Shown in `pg_stat_activity`, so that a DBA can tell who runs what. */
  readonly applicationName: string;
  /** The most connections open at once. */
  readonly maxClients: number;
  /** When it aborts, running statements are cancelled and no connection is lent any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A pool of connections to one database. */
export interface Database {
  readonly connection: Connection;
  /** Lends a connection and always takes it back. */
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** Lends a connection inside one transaction: committed when `use` resolves, else rolled back. */
  withTransaction<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** Cancels every statement that runs on a lent connection. */
  cancelRunning(): Promise<void>;
  close(): Promise<void>;
}

const keepAsText = new Set([1082, 1083, 1114, 1184, 1186, 1266]);
const keepAsTextArrays = new Set([1182, 1183, 1115, 1185, 1187, 1270]);
const textArray = 1009 as Parameters<typeof pg.types.getTypeParser>[0]; // as: the enum lists no array types

/** Dates and times stay text: a JavaScript Date would move them into the local time zone. */
const textTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    keepAsText.has(oid)
      ? (text: string) => text
      : pg.types.getTypeParser(keepAsTextArrays.has(oid) ? textArray : oid, format),
};

/** Returns the settings that `pg` takes for a connection, without opening anything. */
export function clientConfig(connection: Connection, applicationName: string): pg.ClientConfig {
  const { searchPath, role, startupOptions, keepAliveIdleMs } = connection;
  const options: string[] = [];
  if (startupOptions) options.push(startupOptions);
  if (searchPath) options.push(`-c search_path=${escapeOption(searchPath)}`);
  if (role) options.push(`-c role=${escapeOption(role)}`);
  return {
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password ?? '',
    database: connection.database,
    application_name: connection.applicationName ?? applicationName,
    // PGCLIENTENCODING and PGSSLMODE of the environment must not reach a connection that is set in full.
    client_encoding: 'UTF8',
    ssl: connection.ssl ?? false,
    connectionTimeoutMillis: connection.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    ...(keepAliveIdleMs === undefined ? {} : { keepAliveInitialDelayMillis: keepAliveIdleMs }),
    types: textTypes,
    ...(options.length === 0 ? {} : { options: options.join(' ') }),
  };
}

/** How long after a cancellation the backends that still run are cancelled again. */
const cancelAgainMs = 250;
const lentByProcess = new Set<Client>();

/** Returns how many connections this process has lent and not taken back, over all its databases. */
export function countLentClients(): number {
  return lentByProcess.size;
}

/** Opens a pool; nothing connects before the first `withClient`. */
export function openDatabase(connection: Connection, options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    ...clientConfig(connection, options.applicationName),
    max: options.maxClients,
    idleTimeoutMillis: 0,
  });
  // An idle connection that dies is replaced at the next loan; unheard, its event would end the process.
  pool.on('error', () => undefined);
  const lent = new Set<Client>();
  const turns = takeTurns(options.maxClients);
  let interrupted = options.signal?.aborted ?? false;
  let closing: Promise<void> | undefined;

  const lend = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = await borrow(pool, connection, () => interrupted);
    // The abort may have come while the connection was being made.
    if (interrupted) {
      client.release();
      throw new Interrupted();
    }
    client.on('error', ignore);
    for (const set of [lent, lentByProcess]) set.add(client);
    try {
      return await use(client);
    } finally {
      for (const set of [lent, lentByProcess]) set.delete(client);
      client.off('error', ignore);
      client.release(!isIdle(client));
    }
  };
  const database: Database = {
    connection,
    withClient: (use) =>
      turns.withTurn(() => {
        if (interrupted) throw new Interrupted();
        return lend(use);
      }),
    withTransaction: (use) => database.withClient((client) => inTransaction(client, use)),
    cancelRunning: () => cancelBackends(connection, [...lent]),
    close: () => {
      options.signal?.removeEventListener('abort', interrupt);
      closing ??= pool.end();
      return closing;
    },
  };
  // Whoever is between two statements at the first cancellation starts the next one: so again, until all are back.
  const cancelUntilReturned = async (): Promise<void> => {
    while (lent.size > 0) {
      // A refused connection ends no run; the next round tries again, and a second Ctrl-C ends at once.
      await database.cancelRunning().catch(ignore);
      await sleep(cancelAgainMs, undefined, { ref: false });
    }
  };
  const interrupt = (): void => {
    interrupted = true;
    void cancelUntilReturned();
  };
  options.signal?.addEventListener('abort', interrupt, { once: true });
  return database;
}

/** Lets at most `count` loans run; the pool's own queue would give up after the time to connect. */
function takeTurns(count: number): { withTurn<T>(work: () => Promise<T>): Promise<T> } {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async withTurn(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}

/**
 * Whether a connection can be lent to the next user: no statement under way, no transaction left open.
 * Any other is closed, which rolls back, unlocks and costs one reconnection.
 */
function isIdle(client: Client): boolean {
  return Reflect.get(client, 'readyForQuery') === true && client.getTransactionStatus() === 'I';
}

function ignore(): void {}

/** Runs `use` between BEGIN and COMMIT on a client that is already borrowed. */
export async function inTransaction<T>(
  client: Client,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    const result = await use(client);
    const { command } = await client.query('commit');
    // PostgreSQL answers COMMIT in a failed transaction with ROLLBACK and no error.
    if (command !== 'COMMIT') {
      throw new Error('nothing was committed: a statement failed and its error was not passed on');
    }
    return result;
  } catch (error) {
    // The first error is the one to tell; a rollback fails only where the connection is gone.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/**
 * Runs text that must be one statement: the extended protocol refuses a second one (42601), which the
 * ordinary protocol would run without a word.
 */
export function queryOneStatement<Row extends pg.QueryResultRow>(
  client: Client,
  text: string,
): Promise<pg.QueryResult<Row>> {
  const config = { text, queryMode: 'extended' };
  return client.query<Row>(config);
}

/** The same with each row as a list of its values. */
export function queryOneStatementAsLists(
  client: Client,
  text: string,
): Promise<pg.QueryArrayResult<unknown[]>> {
  const config = { text, queryMode: 'extended', rowMode: 'array' as const };
  return client.query<unknown[]>(config);
}

/** Tells whether an error came from the server as a PostgreSQL error with an SQLSTATE. */
export function isServerError(error: unknown): error is pg.DatabaseError {
  return (
    error instanceof pg.DatabaseError ||
    (error instanceof Error && 'severity' in error && 'code' in error)
  );
}

/** Returns the SQLSTATE or system code of an error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const transientClasses = ['08', '40', '53'];
const transientCodes = new Set([
  '57P01',
  '57P02',
  '57P03',
  '55P03',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Tells whether the same statement may succeed when it is tried again later. */
export function isTransient(error: unknown): boolean {
  const code = errorCode(error);
  if (code === undefined) return false;
  if (transientCodes.has(code)) return true;
  return code.length === 5 && transientClasses.some((prefix) => code.startsWith(prefix));
}

async function borrow(
  pool: pg.Pool,
  connection: Connection,
  isInterrupted: () => boolean,
): Promise<Client> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pool.connect();
    } catch (error) {
      if (attempt > (connection.connectRetries ?? 0) || isInterrupted() || !isTransient(error)) {
        throw connectionFault(error, connection);
      }
      await sleep(attempt ** 2 * 1000);
    }
  }
}

/** Turns a failed connection attempt into an error that says what to change. */
export function connectionFault(error: unknown, connection: Connection): UserError {
  return connectionFaultOf(error, errorCode(error), connection);
}

async function cancelBackends(connection: Connection, clients: readonly Client[]): Promise<void> {
  const pids = clients.map((client) => Reflect.get(client, 'processID')).filter(Number.isInteger);
  if (pids.length === 0) return;
  const canceller = new pg.Client(clientConfig(connection, 'fundlens:cancel'));
  canceller.on('error', () => undefined);
  await canceller.connect();
  try {
    await canceller.query('select pg_cancel_backend(pid) from unnest($1::int[]) as pid', [pids]);
  } finally {
    await canceller.end();
  }
}

function escapeOption(value: string): string {
  return value.replace(/[\\\s]/g, '\\$&');
}
