// The one place that connects to PostgreSQL and runs statements; `copy.ts` streams over its clients.

import pg from 'pg';
import type { Connection } from './connection.ts';
import { Interrupted, UserError } from './errors.ts';

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

/** Dates and times stay text: a JavaScript Date would move them into the local time zone. */
const textTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    keepAsText.has(oid) ? (text: string) => text : pg.types.getTypeParser(oid, format),
};

/** Returns the settings that `pg` takes for a connection, without opening anything. */
export function clientConfig(connection: Connection, applicationName: string): pg.ClientConfig {
  const options: string[] = [];
  if (connection.searchPath) options.push(`-c search_path=${escapeOption(connection.searchPath)}`);
  if (connection.role) options.push(`-c role=${escapeOption(connection.role)}`);
  return {
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password ?? '',
    database: connection.database,
    application_name: applicationName,
    connectionTimeoutMillis: connection.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    types: textTypes,
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    ...(options.length === 0 ? {} : { options: options.join(' ') }),
  };
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
  let interrupted = options.signal?.aborted ?? false;

  const database: Database = {
    connection,
    async withClient(use) {
      if (interrupted) throw new Interrupted();
      const client = await borrow(pool, connection);
      const onError = () => undefined;
      client.on('error', onError);
      lent.add(client);
      let broken: Error | undefined;
      try {
        return await use(client);
      } catch (error) {
        if (!isServerError(error))
          broken = error instanceof Error ? error : new Error(String(error));
        throw error;
      } finally {
        lent.delete(client);
        client.off('error', onError);
        // After an error that the server did not report, the connection's state is unknown: not reused.
        client.release(broken);
      }
    },
    withTransaction: (use) => database.withClient((client) => inTransaction(client, use)),
    cancelRunning: () => cancelBackends(connection, [...lent]),
    close: () => pool.end(),
  };
  options.signal?.addEventListener(
    'abort',
    () => {
      interrupted = true;
      database.cancelRunning().catch(() => undefined);
    },
    { once: true },
  );
  return database;
}

/** Runs `use` between BEGIN and COMMIT on a client that is already borrowed. */
export async function inTransaction<T>(
  client: Client,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    const result = await use(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // The first error is the one to tell; a rollback fails only where the connection is gone.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
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
  return transientCodes.has(code) || transientClasses.some((prefix) => code.startsWith(prefix));
}

async function borrow(pool: pg.Pool, connection: Connection): Promise<Client> {
  try {
    return await pool.connect();
  } catch (error) {
    throw connectionFault(error, connection);
  }
}

/** Turns a failed connection attempt into an error that says what to change. */
export function connectionFault(error: unknown, connection: Connection): UserError {
  const code = errorCode(error);
  const address = `${connection.host}:${connection.port}`;
  const cause = error instanceof Error ? error.message : String(error);
  const parts = { where: `${connection.user}@${address}/${connection.database}`, cause: error };
  switch (code) {
    case '28P01':
    case '28000':
      return new UserError(`PostgreSQL refused user \`${connection.user}\`: ${cause}`, {
        ...parts,
        hint: 'check user and password in profiles.yml or DATABASE_URL',
      });
    case '3D000':
      return new UserError(`database \`${connection.database}\` does not exist`, {
        ...parts,
        hint: `create it with \`createdb ${connection.database}\`, or name another in profiles.yml`,
      });
    case 'ECONNREFUSED':
    case 'ENOENT':
      return new UserError(`no PostgreSQL answers at \`${address}\``, {
        ...parts,
        hint: 'start the server, or check host and port in profiles.yml or DATABASE_URL',
      });
    default:
      return new UserError(`cannot connect to \`${address}\`: ${cause}`, {
        ...parts,
        hint: 'run `runner debug` to see the settings in use',
      });
  }
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
  return value.replaceAll('\\', '\\\\').replaceAll(' ', '\\ ');
}
