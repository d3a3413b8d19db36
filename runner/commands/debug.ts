// debug: which project, profile and server would be used, and whether they answer.

import { openDatabase } from '../../core/database.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import { readVersion } from '../../core/version.ts';
import { readProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';

const oldestServer = 150_000;

/** Prints the settings in use, never a password, and tries the connection. */
export async function debug(context: ProgramContext, options: CommonOptions): Promise<ExitCode> {
  const { reporter } = context;
  const line = (name: string, value: string): void => reporter.result(`${name.padEnd(12)}${value}`);
  line('runner', `${readVersion()} on Node ${process.version}`);
  const { projectDir, file, target, request } = readProject(context, options);
  line('project', `${file.name} in ${projectDir}`);
  line('profile', target.profile);
  line('target', `${target.name} (schema ${target.schema}, ${target.threads} threads)`);
  return withTarget<ExitCode>(request, async (open) => {
    const { host, port, user, database } = open.connection;
    line('server', open.server.kind === 'embedded' ? 'embedded PostgreSQL' : 'ordinary PostgreSQL');
    line('connection', `${user}@${host}:${port}/${database}`);
    const pool = openDatabase(open.connection, {
      applicationName: 'fundlens:runner:debug',
      maxClients: 1,
      signal: context.signal,
    });
    try {
      const { rows } = await pool.withClient((client) =>
        client.query<{ version: string; number: string; can_create: boolean }>(
          `select current_setting('server_version') as version,
                  current_setting('server_version_num') as number,
                  has_database_privilege(current_database(), 'create') as can_create`,
        ),
      );
      const found = rows[0];
      line('version', found?.version ?? 'unknown');
      if (Number(found?.number) < oldestServer) {
        reporter.warn('PostgreSQL 15 is the oldest version that the runner supports');
      }
      if (!found?.can_create) reporter.warn(`\`${user}\` cannot create schemas in \`${database}\``);
      line('answer', 'connection ok');
      return 0;
    } finally {
      await pool.close();
    }
  });
}
