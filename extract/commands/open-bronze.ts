// From the command line's options to a database whose schema `bronze` is up to date.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Connection } from '../../core/connection.ts';
import { type Client, type Database, errorCode, openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { withTarget } from '../../core/target.ts';
import { parseYaml, validateYaml } from '../../core/yaml.ts';
import type { CommonOptions } from './types.ts';

/** The two pools of a run. */
export interface BronzeDatabases {
  readonly connection: Connection;
  /** For rows: its statements are cancelled when the run is interrupted. */
  readonly rows: Database;
  /** For the lease and the attempts: it stays usable after an interruption. */
  readonly ledger: Database;
}

/** Lends the databases of the project's target for as long as `use` needs them. */
export async function withBronze<T>(
  context: ProgramContext,
  options: CommonOptions,
  task: string,
  use: (databases: BronzeDatabases) => Promise<T>,
): Promise<T> {
  const projectDir = resolve(options.projectDir);
  const request = {
    projectDir,
    profilesDir: options.profilesDir,
    profile: options.profile ?? readProfileName(projectDir),
    target: options.target,
    env: readEnv(projectDir, context.env),
    reporter: context.reporter,
    signal: context.signal,
  };
  return withTarget(request, async ({ connection }) => {
    const applicationName = `extract ${task}, pid ${process.pid} on ${hostname()}`.slice(0, 63);
    const rows = openDatabase(connection, {
      applicationName,
      maxClients: 2,
      signal: context.signal,
    });
    const ledger = openDatabase(connection, { applicationName, maxClients: 3 });
    try {
      await rows.withClient((client) => checkEncoding(client, connection));
      return await use({ connection, rows, ledger });
    } finally {
      await rows.close();
      await ledger.close();
    }
  });
}

/** FEC text has letters that other encodings lack, and the hashes of rows are made of UTF-8. */
async function checkEncoding(client: Client, { database }: Connection): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(
    "select current_setting('server_encoding') as encoding",
  );
  const encoding = rows[0]?.encoding;
  if (encoding === 'UTF8') return;
  throw new UserError(`the database is encoded in \`${encoding}\`, not in \`UTF8\``, {
    where: `database ${database}`,
    hint: "make another one: `create database fundlens encoding 'UTF8' template template0`",
  });
}

const projectFile = z.looseObject({ profile: z.string('expected the name of a profile') });

/** Reads from dbt_project.yml which profile the project uses. */
export function readProfileName(projectDir: string): string {
  const path = join(projectDir, 'dbt_project.yml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`there is no \`dbt_project.yml\` to read (${errorCode(error)})`, {
      where: projectDir,
      hint: 'run this in the project folder, or name it with `--project-dir`',
      cause: error,
    });
  }
  return validateYaml(parseYaml({ path: 'dbt_project.yml', text }), projectFile).profile;
}
