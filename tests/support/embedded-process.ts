// Other processes that join an embedded server, for tests that kill them.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Connection } from '../../core/connection.ts';

/** The environment of servers that need not outlive a crash of the machine, nor their users for long. */
export const briefServer = {
  FUNDLENS_EMBEDDED_FSYNC: 'off',
  FUNDLENS_EMBEDDED_IDLE_SECONDS: '2',
} as const;

/** What a process that joined says. */
export interface Joined {
  readonly connection: Connection;
  readonly tcpConnection: Connection;
  readonly dataDir: string;
  readonly logFile: string;
  readonly notices: readonly string[];
  readonly error?: { readonly message: string; readonly hint?: string };
}

/** A process that joins an embedded server. */
export interface JoiningProcess {
  readonly child: ChildProcess;
  /** What it got, once it has it. */
  readonly joined: Promise<Joined>;
  /** Lets it leave in good order. */
  leave(): Promise<void>;
  /** Kills it with SIGKILL. */
  kill(): Promise<void>;
}

/** How a joining process is started. */
export interface JoiningOptions {
  /** Run as this user instead of ours. */
  readonly uid?: number;
  /** URL of a compiled `server` module to use instead of the sources. */
  readonly moduleUrl?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a process that joins the server of a project and stays until told. */
export function startJoining(projectDir: string, options: JoiningOptions = {}): JoiningProcess {
  const script = fileURLToPath(new URL('./join-embedded.ts', import.meta.url));
  const args = [
    '--import',
    pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
    script,
    projectDir,
  ];
  const child = spawn(
    process.execPath,
    options.moduleUrl === undefined ? args : [...args, options.moduleUrl],
    {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...briefServer, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    },
  );
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  const joined = readFirstLine(child);
  // A process killed on purpose says nothing, and nobody waits for its word.
  joined.catch(() => undefined);
  return {
    child,
    joined,
    async leave() {
      child.stdin.end();
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function readFirstLine(child: ChildProcess): Promise<Joined> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    // Our own script wrote it.
    const said: Joined = JSON.parse(line);
    return said;
  }
  throw new Error('the process ended without a word');
}
