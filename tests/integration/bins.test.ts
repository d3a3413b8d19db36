// The programs as `npm ci` leaves them in a checkout.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';

/** Runs a program of node_modules/.bin and returns the packages whose files it loaded. */
function packagesLoaded(program: string, args: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'fundlens-loaded-'));
  try {
    execFileSync(join(packageRoot(), 'node_modules/.bin', program), args, {
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    const urls = readdirSync(folder).flatMap((name) => {
      const report: { result: { url: string }[] } = JSON.parse(
        readFileSync(join(folder, name), 'utf8'),
      );
      return report.result.map(({ url }) => url);
    });
    assert.ok(urls.some((url) => url.endsWith(`dist/${program}/cli.js`)));
    return urls.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the programs of a checkout', () => {
  for (const program of ['runner', 'extract']) {
    it(`has ${program} say its version without loading a package`, () => {
      const out = execFileSync(join(packageRoot(), 'node_modules/.bin', program), ['--version']);
      const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
      assert.equal(out.toString(), `${version}\n`);
      assert.deepEqual(packagesLoaded(program, ['--version']), []);
    });

    it(`has ${program} help without loading the database's packages`, () => {
      const loaded = packagesLoaded(program, ['--help']);
      assert.ok(loaded.includes('yargs'));
      for (const heavy of ['pg', 'knex', 'nunjucks', 'zod'])
        assert.ok(!loaded.includes(heavy), heavy);
    });
  }
});
