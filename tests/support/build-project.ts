// Projects written in a test and built by the runner's own commands, in this process.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Connection } from '../../core/connection.ts';
import { UserError, UserErrors } from '../../core/errors.ts';
import { runNodes, type Verb } from '../../runner/commands/run-nodes.ts';
import { urlOf } from './extract.ts';
import type { Files } from './project.ts';
import { recordReporter } from './reporter.ts';

/** How a build differs from `build` of everything. */
export interface BuildParts {
  readonly verb?: Verb;
  readonly select?: readonly string[];
  readonly dryRun?: boolean;
  /** Role of the profile. */
  readonly role?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command came to. */
export interface Built {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Builds a project called `shop` in schema `shop`; what the command throws is printed, with code 2. */
export async function buildProject(
  connection: Connection,
  files: Files,
  parts: BuildParts = {},
): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), 'fundlens-build-'));
  try {
    const all: Files = {
      'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\n",
      'profiles.yml': profile(connection, parts),
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return await runCommand(folder, connection, parts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runCommand(
  projectDir: string,
  connection: Connection,
  { verb = 'build', select = [], dryRun = false, role, env }: BuildParts,
): Promise<Built> {
  const { reporter, out, err } = recordReporter();
  const url = role === undefined ? { DATABASE_URL: urlOf(connection) } : {};
  const context = { reporter, env: { ...url, ...env }, signal: new AbortController().signal };
  const options = {
    projectDir,
    profilesDir: undefined,
    profile: undefined,
    target: undefined,
    varsText: undefined,
    threads: undefined,
    commandLine: `runner ${verb}`,
    select,
    exclude: [],
    dryRun,
    failFast: false,
  };
  try {
    const code = await runNodes(context, verb, options);
    return { code, out: out(), err: err() };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof UserErrors)) throw error;
    const faults = error instanceof UserErrors ? error.faults : [error];
    for (const fault of faults) reporter.fault(fault);
    return { code: 2, out: out(), err: err() };
  }
}

function profile({ host, port, user, password, database }: Connection, { role }: BuildParts) {
  const output = {
    type: 'postgres',
    host,
    port,
    user,
    password: password ?? 'none',
    dbname: database,
    schema: 'shop',
    threads: 2,
    ...(role === undefined ? {} : { role }),
  };
  return JSON.stringify({ shop: { target: 'dev', outputs: { dev: output } } });
}
