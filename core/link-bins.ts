// After a build: makes `npx runner` and `npx extract` work in a checkout. The programs stand under
// `publishConfig.bin`: with a `bin` of its own, npx would install the checkout into its cache on every
// call, which takes a second and fails for good where the first such call came before the build.

import { chmodSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

const binDir = join(packageRoot(), 'node_modules', '.bin');

mkdirSync(binDir, { recursive: true });
for (const [program, file] of Object.entries(readBins())) {
  chmodSync(join(packageRoot(), file), 0o755);
  const link = join(binDir, program);
  const target = join('..', '..', file);
  if (currentTarget(link) === target) continue;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function readBins(): Readonly<Record<string, string>> {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  // as: our own package.json, checked by the test that runs both programs
  return (manifest as { publishConfig: { bin: Record<string, string> } }).publishConfig.bin;
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
