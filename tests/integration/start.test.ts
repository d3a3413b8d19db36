// `npm start`, against the tests' own database.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { urlOf } from '../support/extract.ts';

/** Runs it; `onOutput` hears all that was printed so far. */
async function start(
  url: string,
  onOutput: (text: string, group: number) => void = () => undefined,
): Promise<{ code: number | null; output: string }> {
  // A group of its own, so that a signal can reach it and its programs as from a terminal.
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/core/start.js')], {
    cwd: packageRoot(),
    env: { ...process.env, DATABASE_URL: url },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      onOutput(output, -(child.pid ?? 0));
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

describe('npm start', function () {
  this.timeout(120_000);
  useDatabase();

  it('ends with what was built and the three headline numbers', async () => {
    const { code, output } = await start(urlOf(await createDatabase()));
    assert.equal(code, 0, output);
    assert.match(output, /bronze\.fec_indiv +70,671\n/);
    assert.match(output, /silver +4 built, 55 tests passed, 5 with warnings\n/);
    assert.match(output, /itemized individual receipts +\$29,639,769\.00\n/);
    assert.match(output, /refunds to individuals +\$663,534\.00\n/);
    assert.match(output, /net +\$28,976,235\.00\n/);
    assert.match(output, /\nDone in \d+\.\d s\.\n$/);
  });

  for (const moment of ['1. FEC files', '2. Bronze to Silver', '3. What was built']) {
    it(`ends with 130 and no stack at Ctrl-C after “${moment}”`, async () => {
      let sent = false;
      const { code, output } = await start(urlOf(await createDatabase()), (text, group) => {
        if (sent || !text.includes(moment)) return;
        sent = true;
        setTimeout(() => process.kill(group, 'SIGINT'), 150);
      });
      assert.equal(code, 130, output);
      assert.ok(!/\n +at /.test(output), output);
    });
  }
});
