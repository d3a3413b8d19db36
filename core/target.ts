// From a project folder to a database that answers: profile, DATABASE_URL, embedded server.

import { userInfo } from 'node:os';
import { parse as parseConnectionString } from 'pg-connection-string';
import type { Connection } from './connection.ts';
import { UserError } from './errors.ts';
import { readOutput } from './profiles.ts';
import type { Reporter } from './reporter.ts';
import { type Env, parseSettings } from './settings.ts';

/** Which database a run works on. */
export interface Target {
  readonly profile: string;
  /** Name of the profile's output: `target.name` in templates. */
  readonly name: string;
  readonly schema: string;
  readonly threads: number;
  readonly connection: Connection;
  /** Whether the connection is the embedded server's. */
  readonly embedded: boolean;
}

/** What is asked for on the command line. */
export interface TargetRequest {
  readonly projectDir: string;
  readonly profilesDir?: string | undefined;
  readonly profile: string;
  readonly target?: string | undefined;
  readonly env: Env;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Lends the target's connection, with the embedded server running for as long as `use` needs it. */
export async function withTarget<T>(
  request: TargetRequest,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const settings = parseSettings(request.env);
  const output = readOutput({
    projectDir: request.projectDir,
    profilesDir: request.profilesDir ?? settings.profilesDir,
    profile: request.profile,
    target: request.target,
    env: request.env,
  });
  const { profile, name, schema, threads } = output;
  const lend = (connection: Connection, embedded: boolean): Promise<T> => {
    if (connection.password) request.reporter.addSecret(connection.password);
    return use({ profile, name, schema, threads, connection, embedded });
  };
  if (settings.databaseUrl !== undefined) {
    request.reporter.addSecret(settings.databaseUrl);
    return lend(parseDatabaseUrl(settings.databaseUrl), false);
  }
  if (output.kind === 'postgres') return lend(output.connection, false);
  // Only this target pays for loading the server's code.
  const { joinEmbedded } = await import('./embedded/server.ts');
  const server = await joinEmbedded({
    projectDir: request.projectDir,
    onNotice: (message) => request.reporter.info(message),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  try {
    return await lend(server.connection, true);
  } finally {
    await server.release();
  }
}

/**
 * Parses a `postgresql://` URL as libpq reads it, `sslmode` and `options` included.
 * @throws {UserError} without the URL, which may hold a password.
 */
export function parseDatabaseUrl(url: string): Connection {
  let parts: ReturnType<typeof parseConnectionString>;
  try {
    parts = parseConnectionString(url, { useLibpqCompat: true });
  } catch (error) {
    throw new UserError('DATABASE_URL cannot be read', {
      where: 'environment variable DATABASE_URL',
      hint: 'write it as `postgresql://user:password@host:5432/database`',
      cause: error instanceof Error ? error.name : undefined,
    });
  }
  if (!parts.database) {
    throw new UserError('DATABASE_URL names no database', {
      where: 'environment variable DATABASE_URL',
      hint: 'write it as `postgresql://user:password@host:5432/database`',
    });
  }
  return {
    host: parts.host || 'localhost',
    port: Number(parts.port) || 5432,
    user: parts.user || userInfo().username,
    password: parts.password,
    database: parts.database,
    ssl: typeof parts.ssl === 'object' ? parts.ssl : parts.ssl === true || parts.ssl === 'true',
  };
}
