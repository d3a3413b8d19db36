// The system user as which the server runs. PostgreSQL refuses root, so root must find another.

import { type ChildProcess, spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Owner } from './files.ts';

/** Who the server's processes are. */
export type Account =
  | { readonly kind: 'self' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  /** The calling user under another number, in a user namespace of its own. */
  | { readonly kind: 'namespace'; readonly uid: number; readonly gid: number };

/** How a program that ran to its end did. */
export interface Outcome {
  /** Exit code; undefined when it could not be started or a signal ended it. */
  readonly code: number | undefined;
  /** What it wrote to stdout and stderr, in order. */
  readonly output: string;
}

/** How to start a program as an account. */
export interface StartOptions {
  /** A descriptor to which the program's stdout and stderr go. */
  readonly logDescriptor: number;
}

/**
 * Returns the accounts to try, best first. `keepers` are the users who own the existing cluster or
 * the project: their files stay theirs. `nobody` comes late, since other services run as it too.
 */
export async function listAccounts(keepers: readonly Owner[]): Promise<readonly Account[]> {
  const nobody = await lookUpUser('nobody');
  const inside = nobody ?? { uid: 1000, gid: 1000 };
  const namespace: Account = { kind: 'namespace', uid: inside.uid, gid: inside.gid };
  const spaces = process.platform === 'linux' ? [namespace] : [];
  // initdb asks the system for the user's name; a number without one (docker run -u 1234) needs the namespace.
  if (process.getuid?.() !== 0)
    return [...(hasName() ? [{ kind: 'self' } as const] : []), ...spaces];
  const users: Owner[] = [];
  for (const keeper of keepers) {
    if (keeper.uid !== 0 && (await isNamedUser(keeper.uid))) users.push(keeper);
  }
  const postgres = await lookUpUser('postgres');
  if (postgres) users.push(postgres);
  if (nobody) users.push(nobody);
  const accounts = users.map(({ uid, gid }): Account => ({ kind: 'user', uid, gid }));
  // A cluster that root itself owns was made in a namespace.
  return keepers[0]?.uid === 0 ? [...spaces, ...accounts] : [...accounts, ...spaces];
}

/** Returns whose files an account reads and writes, or undefined where they are the caller's own. */
export function accountOwner(account: Account): Owner | undefined {
  return account.kind === 'user' ? { uid: account.uid, gid: account.gid } : undefined;
}

/** Runs a program as an account to its end. Never throws: what went wrong is in the outcome. */
export async function runAs(
  account: Account,
  command: readonly [string, ...string[]],
  input = '',
): Promise<Outcome> {
  const child = spawnAs(account, command, ['pipe', 'pipe', 'pipe']);
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  // A program that ends before it has read its input closes the pipe; its exit code says why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: undefined, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? undefined, output }));
  });
}

/** Starts a program as an account that outlives this process and is deaf to the terminal. */
export function startAs(
  account: Account,
  command: readonly [string, ...string[]],
  options: StartOptions,
): ChildProcess {
  return spawnAs(account, command, ['ignore', options.logDescriptor, options.logDescriptor], true);
}

function spawnAs(
  account: Account,
  command: readonly [string, ...string[]],
  stdio: ('pipe' | 'ignore' | number)[],
  detached = false,
): ChildProcess {
  const [file, ...args] = inNamespace(account, command);
  return spawn(file, args, {
    // The caller's folder may be closed to the account, and the caller's environment holds secrets.
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio,
    detached,
    ...(account.kind === 'user' ? { uid: account.uid, gid: account.gid } : {}),
  });
}

function inNamespace(
  account: Account,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (account.kind !== 'namespace') return command;
  return [
    'unshare',
    '--user',
    `--map-user=${account.uid}`,
    `--map-group=${account.gid}`,
    ...command,
  ];
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch (error) {
    // The system knows no user of that number; Node tells it by this error alone.
    if (error instanceof Error && 'syscall' in error) return false;
    throw error;
  }
}

async function isNamedUser(uid: number): Promise<boolean> {
  return (await runAs({ kind: 'self' }, ['id', '-nu', String(uid)])).code === 0;
}

async function lookUpUser(name: string): Promise<Owner | undefined> {
  const uid = await runAs({ kind: 'self' }, ['id', '-u', name]);
  const gid = await runAs({ kind: 'self' }, ['id', '-g', name]);
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  const owner = { uid: Number(uid.output), gid: Number(gid.output) };
  return owner.uid > 0 && Number.isSafeInteger(owner.gid) ? owner : undefined;
}
