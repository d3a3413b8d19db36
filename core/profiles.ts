// profiles.yml in dbt's form: which server, which schema, how many threads.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { nearestName, type Place, throwFaults, UserError } from './errors.ts';
import { renderSetting } from './render-setting.ts';
import type { Env } from './settings.ts';
import { sslModes, tlsOf } from './tls.ts';
import { parseYaml, showValue, validateYaml, type YamlFile, type YamlPath } from './yaml.ts';

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

const text = z.string('expected text, in quotes');
const wholeNumber = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`;
  const number = z.number(expected).int(expected).min(least, expected).max(most, expected);
  const digits = z.string().regex(/^\d+$/).transform(Number).pipe(number);
  return z.union([number, digits], expected);
};
const seconds = wholeNumber(0, 86_400);

const common = { schema: text, threads: wholeNumber(1, 1000).default(4) };
const embeddedOutput = z.strictObject({ type: z.literal('embedded'), ...common });
const postgresOutput = z.strictObject({
  type: z.literal('postgres'),
  host: text,
  port: wholeNumber(1, 65_535).default(5432),
  user: text,
  password: text.optional(),
  pass: text.optional(),
  dbname: text.optional(),
  database: text.optional(),
  ...common,
  connect_timeout: seconds.default(10),
  role: text.optional(),
  search_path: text.optional(),
  keepalives_idle: seconds.optional(),
  sslmode: z.enum(sslModes, `expected one of \`${sslModes.join('`, `')}\``).optional(),
  sslcert: text.optional(),
  sslkey: text.optional(),
  sslrootcert: text.optional(),
  application_name: text.optional(),
  retries: wholeNumber(0, 100).optional(),
  // dbt's key, read so that its profiles stay valid here: our statements choose their transactions themselves.
  autocommit: z.boolean('expected `true` or `false`').optional(),
});
/** The schema of profiles.yml, its templates apart. */
export const profilesFileSchema = z.record(
  z.string(),
  z.looseObject({
    target: text.optional(),
    outputs: z.record(z.string(), z.union([postgresOutput, embeddedOutput])),
  }),
);
const embeddedKeys = Object.keys(embeddedOutput.shape);
const postgresKeys = Object.keys(postgresOutput.shape);

/** Keys whose value no message may show. */
const secretKeys = new Set(['password', 'pass']);

/**
 * Reads one output of profiles.yml.
 * @throws {UserError} for a missing file, profile or target (with those that exist), or a wrong key.
 */
export function readOutput(request: ProfileRequest): Output {
  const file = readProfiles(request);
  const profiles = asRecord(file.value) ?? {};
  if (!Object.hasOwn(profiles, request.profile)) {
    throw unknownName(file, [], 'profile', request.profile, Object.keys(profiles));
  }
  const outputs = readOutputs(file, request.profile, profiles[request.profile]);
  const targetPath: YamlPath = [request.profile, 'target'];
  const ownTarget = asRecord(profiles[request.profile])?.['target'];
  const target = request.target ?? renderTarget(file.placeOf(targetPath), ownTarget, request.env);
  if (!Object.hasOwn(outputs, target)) {
    const isNamedInFile = request.target === undefined && ownTarget !== undefined;
    const named = isNamedInFile ? targetPath : [request.profile, 'outputs'];
    throw unknownName(file, named, 'target', target, Object.keys(outputs));
  }
  const base: YamlPath = [request.profile, 'outputs', target];
  const given = asRecord(outputs[target]);
  if (!given) throw notAMap(file, base, 'the keys of a connection');
  return parseOutput(renderValues(file, request.env, base, given), request.profile, target);
}

function readOutputs(file: YamlFile, name: string, profile: unknown): Record<string, unknown> {
  const given = asRecord(profile);
  if (!given) throw notAMap(file, [name], '`target` and `outputs`');
  const outputs = asRecord(given['outputs']);
  if (outputs) return outputs;
  if (Object.hasOwn(given, 'outputs')) throw notAMap(file, [name, 'outputs'], 'targets');
  const nearest = nearestName('outputs', Object.keys(given));
  throw new UserError(`profile \`${name}\` has no \`outputs\``, {
    where: nearest === undefined ? file.placeOfKey([name]) : file.placeOfKey([name, nearest]),
    hint: nearest === undefined ? 'list its targets under `outputs`' : `rename \`${nearest}\``,
  });
}

function notAMap(file: YamlFile, path: YamlPath, expected: string): UserError {
  return new UserError(`\`${path.join('.')}\` is not a map of ${expected}`, {
    where: file.placeOfKey(path),
  });
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
  const inProject = relative(request.projectDir, path);
  const shown = inProject.split(sep)[0] === '..' ? path : inProject;
  return parseYaml({ path: shown, text: readText(path, shown) });
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError('profiles.yml cannot be read', {
      where: { path: shown },
      hint: 'make it a file that this user may read',
      cause: error,
    });
  }
}

function renderTarget(place: Place, target: unknown, env: Env): string {
  return target === undefined || target === null
    ? 'default'
    : String(renderSetting(String(target), place, env));
}

/** The values of one output, and which of them came out of a template. */
interface RenderedOutput extends YamlFile {
  readonly templates: ReadonlyMap<string, string>;
}

/** Renders only the chosen output: another one may name variables that are not set here. */
function renderValues(
  file: YamlFile,
  env: Env,
  base: YamlPath,
  given: Record<string, unknown>,
): RenderedOutput {
  const templates = new Map<string, string>();
  const faults: UserError[] = [];
  const value: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(given)) {
    try {
      if (typeof raw !== 'string') {
        value[key] = raw;
        continue;
      }
      // A password of digits is text all the same, as in dbt.
      const as = secretKeys.has(key) ? 'text' : 'value';
      value[key] = renderSetting(raw, file.placeOf([...base, key]), env, as);
      if (value[key] !== raw) templates.set(key, raw);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(error);
    }
  }
  throwFaults(faults);
  return {
    path: file.path,
    value,
    templates,
    placeOf: (path) => file.placeOf([...base, ...path]),
    placeOfKey: (path) => file.placeOfKey([...base, ...path]),
  };
}

function parseOutput(file: RenderedOutput, profile: string, name: string): Output {
  const values = asRecord(file.value) ?? {};
  const type = values['type'];
  if (type === 'embedded') {
    const { schema, threads } = validateOutput(file, embeddedOutput, embeddedKeys);
    return { kind: 'embedded', profile, name, schema, threads };
  }
  if (type !== 'postgres') {
    const shown = file.templates.get('type') ?? String(type);
    const found = type === undefined ? 'is missing' : `is \`${shown}\``;
    throw new UserError(`\`type\` ${found}: the runner speaks PostgreSQL`, {
      where: file.placeOf(['type']),
      hint: 'use `type: postgres`, or `type: embedded` for the server that comes along',
    });
  }
  const output = validateOutput(file, postgresOutput, postgresKeys);
  const { schema, threads } = output;
  return {
    kind: 'postgres',
    profile,
    name,
    schema,
    threads,
    connection: connectionOf(output, file),
  };
}

function connectionOf(output: z.infer<typeof postgresOutput>, file: YamlFile): Connection {
  const database = output.dbname ?? output.database;
  if (database === undefined) {
    throw new UserError('`dbname` is missing: expected text, in quotes', {
      where: file.placeOf([]),
    });
  }
  return {
    host: output.host,
    port: output.port,
    user: output.user,
    password: output.password ?? output.pass,
    database,
    ssl: tlsOf(output, (key) => file.placeOf([key])),
    role: output.role,
    searchPath: output.search_path,
    applicationName: output.application_name,
    connectTimeoutMs: output.connect_timeout * 1000,
    connectRetries: output.retries,
    keepAliveIdleMs:
      output.keepalives_idle === undefined ? undefined : output.keepalives_idle * 1000,
  };
}

function validateOutput<T>(file: RenderedOutput, schema: z.ZodType<T>, keys: readonly string[]): T {
  return validateYaml(file, schema, [], keys, (path, value) => {
    const key = String(path[0]);
    if (secretKeys.has(key)) return 'a value that is not shown';
    const template = file.templates.get(key);
    // What the environment holds may be a secret that got into the wrong key.
    return template === undefined ? showValue(value) : `what \`${template}\` gives`;
  });
}

function unknownName(
  file: YamlFile,
  at: YamlPath,
  what: string,
  name: string,
  known: readonly string[],
): UserError {
  const nearest = nearestName(name, known);
  const all = known.length === 0 ? `it has no ${what}` : `it has \`${known.join('`, `')}\``;
  return new UserError(`${what} \`${name}\` is not in ${file.path}`, {
    where: file.placeOf(at),
    hint: nearest === undefined ? all : `did you mean \`${nearest}\`?`,
  });
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>) // as: a YAML map has text keys
    : undefined;
}
