// Puts packages into the install folder: all of them, or the folder stays as it was.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { copyPackage } from './open-source.ts';
import type { PinnedPackage } from './types.ts';

/** Installs packages in place of those that were there; a local one is a link to its folder. */
export async function installPackages(
  pinned: readonly PinnedPackage[],
  installDir: string,
): Promise<void> {
  const [partial, old] = [`${installDir}.${process.pid}.part`, `${installDir}.${process.pid}.old`];
  await rm(partial, { recursive: true, force: true });
  try {
    await mkdir(partial, { recursive: true });
    for (const { spec, fetched } of pinned) {
      const target = join(partial, fetched.name);
      if (spec.kind === 'local') await link(fetched.folder, target);
      else await copyPackage(fetched, target);
    }
    if (existsSync(installDir)) await rename(installDir, old);
    await rename(partial, installDir);
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** Relative, so that the project can be moved with its packages. */
async function link(folder: string, target: string): Promise<void> {
  await symlink(relative(dirname(target), folder), target, 'junction');
}
