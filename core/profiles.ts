// profiles.yml in dbt's form: which server, which schema, how many threads.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { nearestName, UserError } from './errors.ts';
import { renderSetting } from './render-setting.ts';
import type { Env } from './settings.ts';
import { parseYaml, validateYaml, type YamlFile, type YamlPath } from './yaml.ts';

/** The output of a profile that a run uses. */
export type Output = EmbeddedOutput | PostgresOutput;

interface OutputCommon {
  readonly profile: string;
  /** Name of the output, `target.name` in templates. */
  readonly name: string;
  readonly schema: string;
  readonly threads: number;
}

/** The PostgreSQL that the program brings along and starts on demand. */
export interface EmbeddedOutput extends OutputCommon {
  readonly kind: 'embedded';
}

/** An ordinary server. */
export interface PostgresOutput extends OutputCommon {
  readonly kind: 'postgres';
  readonly connection: Connection;
}

/** Which output to read. */
export interface ProfileRequest {
  readonly projectDir: string;
  /** Folder given by flag or setting; else the project's, else `~/.dbt`. */
  readonly profilesDir: string | undefined;
  readonly profile: string;
  /** Name given by flag; else the profile's own `target`. */
  readonly target: string | undefined;
  readonly env: Env;
}

const text = z.union([z.string(), z.number()], 'expected text').transform(String);
const integer = z.union(
  [z.number().int().nonnegative(), z.string().regex(/^\d+$/).transform(Number)],
  'expected a whole number',
);

const common = { schema: text, threads: integer.default(4) };
const embeddedOutput = z.strictObject({ type: z.literal('embedded'), ...common });
const postgresOutput = z.strictObject({
  type: z.literal('postgres'),
  host: text,
  port: integer.default(5432),
  user: text,
  password: text.optional(),
  pass: text.optional(),
  dbname: text.optional(),
  database: text.optional(),
  ...common,
  connect_timeout: integer.default(10),
  role: text.optional(),
  search_path: text.optional(),
  keepalives_idle: integer.optional(),
  sslmode: z.enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']).optional(),
  sslcert: text.optional(),
  sslkey: text.optional(),
  sslrootcert: text.optional(),
  application_name: text.optional(),
  retries: integer.optional(),
  autocommit: z.boolean().optional(),
});
const embeddedKeys = Object.keys(embeddedOutput.shape);
const postgresKeys = Object.keys(postgresOutput.shape);

/**
 * Reads one output of profiles.yml.
 * @throws {UserError} for a missing file, profile or target (with those that exist), or a wrong key.
 */
export function readOutput(request: ProfileRequest): Output {
  const file = readProfiles(request);
  const profiles = asRecord(file.value);
  const profile = asRecord(profiles?.[request.profile]);
  if (!profile) {
    throw unknownName(file, [], 'profile', request.profile, Object.keys(profiles ?? {}));
  }
  const outputs = asRecord(profile['outputs']) ?? {};
  const target = request.target ?? renderTarget(file, request, profile['target']);
  const given = asRecord(outputs[target]);
  if (!given) {
    const base = [request.profile, 'outputs'];
    throw unknownName(file, base, 'target', target, Object.keys(outputs));
  }
  return parseOutput(renderValues(file, request, target, given), request, target);
}

function readProfiles(request: ProfileRequest): YamlFile {
  const folders =
    request.profilesDir === undefined
      ? [request.projectDir, join(homedir(), '.dbt')]
      : [request.profilesDir];
  const folder = folders.find((candidate) => existsSync(join(candidate, 'profiles.yml')));
  if (folder === undefined) {
    throw new UserError('no profiles.yml found', {
      where: folders.join(' or '),
      hint: 'name its folder with --profiles-dir or RUNNER_PROFILES_DIR',
    });
  }
  const path = join(folder, 'profiles.yml');
  const shown = relative(request.projectDir, path);
  return parseYaml({
    path: shown.startsWith('..') ? path : shown,
    text: readFileSync(path, 'utf8'),
  });
}

function renderTarget(file: YamlFile, request: ProfileRequest, target: unknown): string {
  if (target === undefined || target === null) return 'default';
  return renderSetting(String(target), file.placeOf([request.profile, 'target']), request.env);
}

/** Renders only the chosen output: another one may name variables that are not set here. */
function renderValues(
  file: YamlFile,
  request: ProfileRequest,
  target: string,
  given: Record<string, unknown>,
): YamlFile {
  const base: YamlPath = [request.profile, 'outputs', target];
  const value = Object.fromEntries(
    Object.entries(given).map(([key, raw]) => [
      key,
      typeof raw === 'string' ? renderSetting(raw, file.placeOf([...base, key]), request.env) : raw,
    ]),
  );
  return {
    path: file.path,
    value,
    placeOf: (path) => file.placeOf([...base, ...path]),
    placeOfKey: (path) => file.placeOfKey([...base, ...path]),
  };
}

function parseOutput(file: YamlFile, request: ProfileRequest, name: string): Output {
  const type = asRecord(file.value)?.['type'];
  if (type === 'embedded') {
    const output = validateYaml(file, embeddedOutput, [], embeddedKeys);
    const { schema, threads } = output;
    return {
      kind: 'embedded',
      profile: request.profile,
      name,
      schema,
      threads: Math.max(1, threads),
    };
  }
  if (type !== 'postgres') {
    throw new UserError(`type \`${String(type)}\` is not supported: the runner speaks PostgreSQL`, {
      where: file.placeOf(['type']),
      hint: 'use `type: postgres`, or `type: embedded` for the server that comes along',
    });
  }
  const output = validateYaml(file, postgresOutput, [], postgresKeys);
  const database = output.dbname ?? output.database;
  if (database === undefined) {
    throw new UserError('`dbname` is missing', { where: file.placeOf([]) });
  }
  return {
    kind: 'postgres',
    profile: request.profile,
    name,
    schema: output.schema,
    threads: Math.max(1, output.threads),
    connection: {
      host: output.host,
      port: output.port,
      user: output.user,
      password: output.password ?? output.pass,
      database,
      ssl: tlsOf(output),
      role: output.role,
      searchPath: output.search_path,
      connectTimeoutMs: output.connect_timeout * 1000,
    },
  };
}

/**
 * TLS as libpq's sslmode means it. `allow` and `prefer` promise nothing, and libpq falls back to plain
 * text under them; we go there at once.
 */
function tlsOf(output: z.infer<typeof postgresOutput>): Connection['ssl'] {
  const mode = output.sslmode ?? 'disable';
  if (mode === 'disable' || mode === 'allow' || mode === 'prefer') return false;
  const read = (path: string | undefined) =>
    path === undefined ? undefined : readFileSync(path, 'utf8');
  const files = {
    ca: read(output.sslrootcert),
    cert: read(output.sslcert),
    key: read(output.sslkey),
  };
  if (mode === 'require') return { ...files, rejectUnauthorized: false };
  if (mode === 'verify-ca') return { ...files, checkServerIdentity: () => undefined };
  return files;
}

function unknownName(
  file: YamlFile,
  base: YamlPath,
  what: string,
  name: string,
  known: readonly string[],
): UserError {
  const nearest = nearestName(name, known);
  return new UserError(`${what} \`${name}\` is not in ${file.path}`, {
    where: file.placeOf(base),
    hint:
      nearest === undefined ? `it has \`${known.join('`, `')}\`` : `did you mean \`${nearest}\`?`,
  });
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>) // as: a YAML map has text keys
    : undefined;
}
