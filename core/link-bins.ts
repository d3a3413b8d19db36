// After a build: makes `npx runner` and `npx extract` work in a checkout. npm links the programs of
// dependencies only, never those of the package it stands in.

import { chmodSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

const binDir = join(packageRoot(), 'node_modules', '.bin');

mkdirSync(binDir, { recursive: true });
for (const program of ['runner', 'extract']) {
  chmodSync(join(packageRoot(), 'dist', program, 'cli.js'), 0o755);
  const link = join(binDir, program);
  const target = join('..', '..', 'dist', program, 'cli.js');
  if (currentTarget(link) === target) continue;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function currentTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    // Not there yet, or a file that is no link: made anew either way.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
