// Settings from the environment and `.env`: read once, validated whole, handed down as values.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { throwFaults, UserError } from './errors.ts';

/** The environment as programs see it: the process's variables over those of `.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Settings that both programs take from the environment. */
export interface Settings {
  /** Replaces the connection of the chosen target; its name and schemas stay. */
  readonly databaseUrl: string | undefined;
  /** Folder of profiles.yml. */
  readonly profilesDir: string | undefined;
  readonly logFormat: 'text' | 'json' | undefined;
}

/** Returns the process's environment laid over the variables of the project's `.env`, if there is one. */
export function readEnv(projectDir: string, processEnv: Env): Env {
  let text: string;
  try {
    text = readFileSync(join(projectDir, '.env'), 'utf8');
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code))
    )
      return processEnv;
    throw new UserError('`.env` cannot be read', {
      where: join(projectDir, '.env'),
      cause: error,
      hint: 'make it readable, or remove it',
    });
  }
  const given = Object.entries(processEnv).filter(([, value]) => value !== undefined);
  return { ...parseEnv(text), ...Object.fromEntries(given) };
}

// libpq also reads URLs that are none to `new URL`, such as `postgresql://user@/db?host=/socket/folder`;
// what they hold is parsed where the connection is made.
const postgresUrl = z
  .string()
  .regex(
    /^postgres(ql)?:\/\/./,
    'is not a URL of the form `postgresql://user:password@host:5432/database`',
  );

const environment = z.object({
  DATABASE_URL: postgresUrl.optional(),
  RUNNER_PROFILES_DIR: z.string().optional(),
  DBT_PROFILES_DIR: z.string().optional(),
  RUNNER_LOG_FORMAT: z.enum(['text', 'json'], 'must be `text` or `json`').optional(),
});

/**
 * Reads the settings from the environment; an empty variable counts as not set.
 * @throws {UserErrors} with every variable that is wrong; a value is never shown, it may be a secret.
 */
export function parseSettings(env: Env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throwFaults(
      parsed.error.issues.map(
        (issue) =>
          new UserError(issue.message, { where: `environment variable ${issue.path.join('.')}` }),
      ),
    );
  }
  const data = parsed.data;
  return {
    databaseUrl: data?.DATABASE_URL,
    profilesDir: data?.RUNNER_PROFILES_DIR ?? data?.DBT_PROFILES_DIR,
    logFormat: data?.RUNNER_LOG_FORMAT,
  };
}
