import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLeaseHolder, takeLeaseFile } from '../../../../core/embedded/lease-file.ts';
import { thisProcess } from '../../../../core/embedded/processes.ts';

describe('core/embedded/lease-file', () => {
  let dir = '';

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fundlens-lease-'));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('is held by one at a time', async () => {
    const lease = await takeLeaseFile(dir, 'lock');
    assert.ok(lease);
    assert.equal(await takeLeaseFile(dir, 'lock'), undefined);
    assert.equal((await readLeaseHolder(dir, 'lock'))?.process.pid, process.pid);
    await lease.release();
    assert.equal(await readLeaseHolder(dir, 'lock'), undefined);
    assert.ok(await takeLeaseFile(dir, 'lock'));
  });

  it('goes to exactly one of many that ask at once, over and over', async () => {
    for (let round = 0; round < 20; round += 1) {
      const leases = await Promise.all(Array.from({ length: 8 }, () => takeLeaseFile(dir, 'lock')));
      const taken = leases.filter((lease) => lease !== undefined);
      assert.equal(taken.length, 1);
      await taken[0]?.release();
    }
    assert.ok((await readdir(dir)).length <= 9);
  });

  it('passes from a dead process to the next', async () => {
    await writeFile(join(dir, 'lock.7'), JSON.stringify({ ...thisProcess(), started: '1' }));
    const lease = await takeLeaseFile(dir, 'lock');
    assert.ok(lease);
    assert.equal(await lease.isHeld(), true);
    assert.ok((await readdir(dir)).includes('lock.8'));
  });

  it('stays with a holder of another machine while that shows itself, and no longer', async () => {
    const path = join(dir, 'lock.1');
    await writeFile(path, JSON.stringify({ ...thisProcess(), host: 'elsewhere' }));
    assert.equal((await readLeaseHolder(dir, 'lock'))?.isForeign, true);
    assert.equal(await takeLeaseFile(dir, 'lock'), undefined);
    const minuteAgo = new Date(Date.now() - 60_000);
    await utimes(path, minuteAgo, minuteAgo);
    assert.ok(await takeLeaseFile(dir, 'lock'));
  });

  it('leaves time to one that is still writing, and takes over what was never written', async () => {
    const path = join(dir, 'lock.1');
    await writeFile(path, '');
    assert.equal(await takeLeaseFile(dir, 'lock'), undefined);
    const minuteAgo = new Date(Date.now() - 60_000);
    await utimes(path, minuteAgo, minuteAgo);
    assert.ok(await takeLeaseFile(dir, 'lock'));
  });

  it('knows that it is lost when its folder was removed', async () => {
    const lease = await takeLeaseFile(dir, 'lock');
    await rm(dir, { recursive: true });
    assert.equal(await lease?.isHeld(), false);
  });
});
