import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundLog, lastLines, openLog, readLogFrom } from '../../../../core/embedded/server-log.ts';

describe('core/embedded/server-log', () => {
  let dir = '';
  let path = '';

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fundlens-log-'));
    path = join(dir, 'server.log');
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('reads what was written since a start', async () => {
    await writeFile(path, 'old\n');
    const log = await openLog(path);
    await log.close();
    await appendFile(path, 'new\n');
    assert.equal(await readLogFrom(path, log.sizeBytes), 'new\n');
    assert.equal(await readLogFrom(path, 0, 5), 'new\n'.padStart(5, '\n'));
  });

  it('keeps a log within its bound, with one older file beside it', async () => {
    await writeFile(path, 'x'.repeat(100));
    await boundLog(path, 100);
    assert.equal((await readFile(path)).length, 100);
    await appendFile(path, 'y');
    await boundLog(path, 100);
    assert.equal((await readFile(path)).length, 0);
    assert.equal(await readFile(`${path}.1`, 'utf8'), `${'x'.repeat(100)}y`);
  });

  it('quotes the last lines without blank ones', () => {
    assert.equal(lastLines('a\n\nb\nc\n', 2), 'b\nc');
  });
});
