// Both programs as a user runs them: compiled, in a process of their own.

import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';

/** What a program printed and how it ended. */
export interface Finished {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string;
  /** Laid over the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  /** Sees the process once it runs, to send it signals. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs `runner` or `extract` and waits for its end. */
export function runCli(
  program: 'runner' | 'extract',
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const cli = join(packageRoot(), 'dist', program, 'cli.js');
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: options.cwd ?? packageRoot(),
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  options.onStart?.(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Copies the FEC project into a folder of its own, so that a test may change its files. */
export async function copyFecProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fundlens-project-'));
  const parts = ['dbt_project.yml', 'profiles.yml', 'models', 'macros', 'seeds', 'tests/data'];
  for (const part of parts) {
    await cp(join(packageRoot(), part), join(folder, part), { recursive: true });
  }
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
