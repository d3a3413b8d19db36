// From a project folder to a database that answers: profile, DATABASE_URL, embedded server.

import { userInfo } from 'node:os';
import { parse as parseConnectionString } from 'pg-connection-string';
import type { Connection } from './connection.ts';
import { UserError } from './errors.ts';
import { readOutput } from './profiles.ts';
import type { Reporter } from './reporter.ts';
import { type Env, parseSettings } from './settings.ts';
import { sslModes, type TlsSettings, tlsOf } from './tls.ts';

/** Which database a run works on, as far as files and settings tell: nothing is started or opened. */
export interface Target {
  readonly profile: string;
  /** Name of the profile's output: `target.name` in templates. */
  readonly name: string;
  readonly schema: string;
  readonly threads: number;
  readonly server:
    | { readonly kind: 'embedded' }
    | { readonly kind: 'ordinary'; readonly connection: Connection };
}

/** A target whose server answers for as long as it is lent. */
export interface OpenTarget extends Target {
  readonly connection: Connection;
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

/**
 * Reads the chosen target from profiles.yml and DATABASE_URL; passwords become secrets of the reporter.
 * @throws {UserError} for whatever is missing or wrong there.
 */
export function readTarget(request: TargetRequest): Target {
  const settings = parseSettings(request.env);
  const output = readOutput({
    projectDir: request.projectDir,
    profilesDir: request.profilesDir ?? settings.profilesDir,
    profile: request.profile,
    target: request.target,
    env: request.env,
  });
  const { profile, name, schema, threads } = output;
  const common = { profile, name, schema, threads };
  for (const [name, value] of Object.entries(request.env)) {
    // dbt hides these, wherever a template puts them.
    if (name.startsWith('DBT_ENV_SECRET') && value) request.reporter.addSecret(value);
  }
  if (settings.databaseUrl !== undefined) addUrlSecrets(request.reporter, settings.databaseUrl);
  const connection =
    settings.databaseUrl !== undefined
      ? parseDatabaseUrl(settings.databaseUrl)
      : output.kind === 'postgres'
        ? output.connection
        : undefined;
  if (connection === undefined) return { ...common, server: { kind: 'embedded' } };
  if (connection.password) request.reporter.addSecret(connection.password);
  return { ...common, server: { kind: 'ordinary', connection } };
}

/** Lends the target's connection, with the embedded server running for as long as `use` needs it. */
export async function withTarget<T>(
  request: TargetRequest,
  use: (target: OpenTarget) => Promise<T>,
): Promise<T> {
  const target = readTarget(request);
  if (target.server.kind === 'ordinary') {
    return use({ ...target, connection: target.server.connection });
  }
  // Only this target pays for loading the server's code.
  const { joinEmbedded } = await import('./embedded/server.ts');
  const server = await joinEmbedded({
    projectDir: request.projectDir,
    env: request.env,
    onNotice: (message) => request.reporter.info(message),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  try {
    if (server.connection.password) request.reporter.addSecret(server.connection.password);
    return await use({ ...target, connection: server.connection });
  } finally {
    await server.release();
  }
}

const urlPlace = 'environment variable DATABASE_URL';
const urlHint = 'write it as `postgresql://user:password@host:5432/database`';

/**
 * Parses a `postgresql://` URL as libpq reads it, `sslmode` and `options` included.
 * @throws {UserError} without the URL, which may hold a password.
 */
export function parseDatabaseUrl(url: string): Connection {
  const { bare, tls } = takeTls(url);
  let parts: ReturnType<typeof parseConnectionString>;
  try {
    parts = parseConnectionString(bare);
  } catch {
    // Not kept as the cause: it may hold the URL.
    throw new UserError('DATABASE_URL cannot be read', { where: urlPlace, hint: urlHint });
  }
  if (!parts.database) {
    throw new UserError('DATABASE_URL names no database', { where: urlPlace, hint: urlHint });
  }
  const seconds = Number(parts['connect_timeout']);
  return {
    host: parts.host || 'localhost',
    port: Number(parts.port) || 5432,
    user: parts.user || userInfo().username,
    password: parts.password,
    database: parts.database,
    ssl: tls.sslmode === undefined ? parts.ssl === true : tlsOf(tls, () => urlPlace),
    startupOptions: parts.options,
    applicationName: parts.application_name,
    connectTimeoutMs: seconds > 0 ? seconds * 1000 : undefined,
  };
}

/** Takes the TLS settings off the URL: they are read as those of profiles.yml are. */
function takeTls(url: string): { readonly bare: string; readonly tls: TlsSettings } {
  const [address = '', query = ''] = url.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const take = (key: string): string | undefined => {
    const value = parameters.get(key) ?? undefined;
    parameters.delete(key);
    return value || undefined;
  };
  const given = take('sslmode');
  const sslmode = sslModes.find((mode) => mode === given);
  if (given !== undefined && sslmode === undefined) {
    throw new UserError('DATABASE_URL has an unknown `sslmode`', {
      where: urlPlace,
      hint: `use one of \`${sslModes.join('`, `')}\``,
    });
  }
  const files = {
    sslcert: take('sslcert'),
    sslkey: take('sslkey'),
    sslrootcert: take('sslrootcert'),
  };
  return { bare: `${address}?${parameters}`, tls: { sslmode, ...files } };
}

/** Hides a URL and the password in it, as written there; what it means is hidden with the connection. */
function addUrlSecrets(reporter: Reporter, url: string): void {
  reporter.addSecret(url);
  const password = /^\w+:\/\/[^:@/]*:([^@]*)@/.exec(url)?.[1];
  if (password) reporter.addSecret(password);
}
