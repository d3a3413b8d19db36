// db: the embedded PostgreSQL by hand, for psql, BI tools and a fresh start.

import { resolve } from 'node:path';
import {
  holdEmbedded,
  readEmbeddedStatus,
  resetEmbedded,
  stopEmbedded,
} from '../../core/embedded/administer.ts';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';

/** What to do with the server. */
export type DbAction = 'start' | 'stop' | 'status' | 'url' | 'psql-hint' | 'reset';

/** Options of db. */
export interface DbOptions extends CommonOptions {
  readonly action: DbAction;
  /** How long the server stays up though nobody uses it. */
  readonly minutes: number;
  /** Act though others use the server. */
  readonly force: boolean;
}

/** Administers the project's embedded server. */
export async function db(context: ProgramContext, options: DbOptions): Promise<ExitCode> {
  const projectDir = resolve(options.projectDir);
  const { env, target } = readProject(context, options);
  if (target.server.kind === 'ordinary')
    return ordinaryServer(context, options.action, target.name);
  const { reporter } = context;
  switch (options.action) {
    case 'start': {
      const server = await hold(context, options, env);
      reporter.info(`PostgreSQL is up, data in ${server.dataDir}`);
      reporter.info(
        `It stays up for ${options.minutes} minutes, and as long as anyone is connected.`,
      );
      reporter.info('Connect with psql:  psql "$(npx runner db url)"');
      return 0;
    }
    case 'url': {
      const server = await hold(context, options, env);
      // The one place where the password is the answer: it is asked for, and goes to stdout alone.
      reporter.result(toUrl(server));
      return 0;
    }
    case 'psql-hint': {
      const server = await hold(context, options, env);
      const { connection, tcpConnection = connection } = server;
      const { host, port, user, database } = tcpConnection;
      reporter.result('psql "$(npx runner db url)"');
      reporter.result(
        `or, in any tool: host ${host}, port ${port}, database ${database}, user ${user}, ` +
          'password as in `npx runner db url`',
      );
      return 0;
    }
    case 'stop': {
      const stopped = await stopEmbedded(projectDir, { env, force: options.force });
      reporter.info(stopped ? 'PostgreSQL is stopped' : 'PostgreSQL was not running');
      return 0;
    }
    case 'reset': {
      await resetEmbedded(projectDir, { env, force: options.force });
      reporter.info('The embedded database is deleted; the next command begins with an empty one.');
      return 0;
    }
    case 'status': {
      const status = await readEmbeddedStatus(projectDir, { env });
      reporter.result(`status    ${status.status}`);
      reporter.result(`data      ${status.dataDir ?? 'none yet'}`);
      reporter.result(`log       ${status.logFile}`);
      reporter.result(`users     ${status.users}`);
      if (status.heldUntil) reporter.result(`held to   ${status.heldUntil.toISOString()}`);
      return 0;
    }
  }
}

type HeldServer = Awaited<ReturnType<typeof holdEmbedded>>;

function hold(
  context: ProgramContext,
  options: DbOptions,
  env: NodeJS.ProcessEnv,
): Promise<HeldServer> {
  return holdEmbedded(resolve(options.projectDir), {
    minutes: options.minutes,
    env,
    onNotice: (message) => context.reporter.info(message),
    signal: context.signal,
  });
}

function toUrl(server: HeldServer): string {
  const { host, port, user, password, database } = server.tcpConnection ?? server.connection;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}`;
  if (host.startsWith('/')) {
    return `postgresql://${login}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
  }
  return `postgresql://${login}@${host}:${port}/${database}`;
}

function ordinaryServer(context: ProgramContext, action: DbAction, target: string): ExitCode {
  if (action === 'psql-hint') {
    context.reporter.result('psql "$DATABASE_URL"');
    return 0;
  }
  throw new UserError(
    `target \`${target}\` is an ordinary server: \`db ${action}\` is not ours to do`,
    {
      hint: 'unset DATABASE_URL and use `--target embedded` for the server that comes along',
    },
  );
}
