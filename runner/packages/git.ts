// Packages from git repositories, by the `git` program.

import { spawn } from 'node:child_process';
import { UserError } from '../../core/errors.ts';
import { describeSpec } from './describe-spec.ts';
import type { GitSpec } from './types.ts';

/**
 * Checks a repository out into `folder`, which is made.
 * @returns the commit
 * @throws {UserError} where git is missing, the repository is not to be had or lacks the revision.
 */
export async function checkOut(spec: GitSpec, url: string, folder: string): Promise<string> {
  const where = describeSpec(spec);
  const { revision = 'HEAD' } = spec;
  if (revision.startsWith('-') || url.startsWith('-')) {
    throw new UserError('a URL or revision must not start with `-`', { where });
  }
  const cloned = await git(['clone', '--quiet', '--no-checkout', '--', url, folder]);
  if (cloned.code !== 0) {
    throw new UserError(`git cannot clone the repository: ${hide(cloned.stderr, url)}`, {
      where,
      hint: 'check the URL and your rights, or set RUNNER_PACKAGES_MIRROR for a closed network',
    });
  }
  for (const name of [`origin/${revision}`, revision]) {
    const found = await git(['-C', folder, 'rev-parse', '--verify', '-q', `${name}^{commit}`]);
    if (found.code !== 0) continue;
    const commit = found.stdout.trim();
    const out = await git(['-C', folder, 'checkout', '--quiet', '--detach', commit, '--']);
    if (out.code === 0) return commit;
  }
  throw new UserError(`the repository has no revision \`${revision}\``, {
    where,
    hint: 'name a tag, a branch or a commit that it has',
  });
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No shell, no questions, and no transport that runs a command of the URL's choice. */
function git(args: readonly string[]): Promise<Finished> {
  const env = {
    ...process.env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  };
  const child = spawn('git', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new UserError('the program `git` cannot be started', {
          hint: 'install git, or name a tarball or a local folder instead',
          cause,
        }),
      ),
    );
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function hide(message: string, url: string): string {
  const secret = /^[a-z+]+:\/\/([^@/]+)@/i.exec(url)?.[1];
  const line = message.trim().split('\n').at(-1) ?? '';
  const hidden = secret === undefined ? line : line.replaceAll(secret, '***');
  return hidden.replace(/:\/\/[^@/\s]+@/g, '://***@');
}
