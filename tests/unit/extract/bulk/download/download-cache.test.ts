import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  evict,
  keepPartial,
  markUse,
  readCached,
  releaseUse,
} from '../../../../../extract/bulk/download/cache.ts';
import { claimPartial, removeAbandoned } from '../../../../../extract/bulk/download/partial.ts';

const url = 'https://fec.example/2020/a.zip';

describe('extract/bulk/download/cache', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fundlens-cache-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function keep(name: string, bytes: number, usedSecondsAgo = 0): Promise<void> {
    const partial = await claimPartial(dir, name, new AbortController().signal, () => undefined);
    writeFileSync(partial.path, Buffer.alloc(bytes));
    await keepPartial(dir, name, partial, { url, etag: '"1"' });
    const used = Date.now() / 1000 - usedSecondsAgo;
    utimesSync(join(dir, `${name}.json`), used, used);
  }

  it('removes what was not used for the longest time, never what is in use or not its own', async () => {
    await keep('old.zip', 100, 300);
    await keep('older-in-use.zip', 100, 400);
    await keep('new.zip', 100, 100);
    writeFileSync(join(dir, 'own.zip'), Buffer.alloc(1000));
    await markUse(dir, 'older-in-use.zip');
    assert.deepEqual(await evict(dir, 200), ['old.zip']);
    assert.deepEqual(await evict(dir, 0, new Set(['new.zip'])), []);
    await releaseUse(dir);
    assert.deepEqual(await evict(dir, 100), ['new.zip']);
    assert.deepEqual(readdirSync(dir).sort(), [
      'older-in-use.zip',
      'older-in-use.zip.json',
      'own.zip',
    ]);
  });

  it('takes no mark of a dead process for use', async () => {
    await keep('a.zip', 100);
    writeFileSync(join(dir, 'a.zip.1-00000000-00000000.use'), '');
    // Of another machine: it may live.
    assert.deepEqual(await evict(dir, 0), []);
    rmSync(join(dir, 'a.zip.1-00000000-00000000.use'));
    await markUse(dir, 'a.zip');
    const own = readdirSync(dir).find((name) => name.endsWith('.use')) ?? '';
    rmSync(join(dir, own));
    const host = own.split('.')[2]?.split('-')[1];
    writeFileSync(join(dir, `a.zip.999999999-${host}-00000000.use`), '');
    assert.deepEqual(await evict(dir, 0), ['a.zip']);
  });

  it('does not believe a note whose file is another, or of another address', async () => {
    await keep('a.zip', 100);
    assert.equal((await readCached(dir, 'a.zip', url))?.etag, '"1"');
    assert.equal(await readCached(dir, 'a.zip', `${url}x`), undefined);
    rmSync(join(dir, 'a.zip'));
    assert.equal(await readCached(dir, 'a.zip', url), undefined);
    writeFileSync(join(dir, 'a.zip'), Buffer.alloc(101));
    assert.equal(await readCached(dir, 'a.zip', url), undefined);
    writeFileSync(join(dir, 'a.zip.json'), '{');
    assert.equal(await readCached(dir, 'a.zip', url), undefined);
  });

  it('removes parts that nobody went on with for a week', async () => {
    for (const [name, days] of [
      ['a.zip.part', 8],
      ['b.zip.part', 6],
    ] as const) {
      mkdirSync(join(dir, name));
      writeFileSync(join(dir, name, 'data'), 'x');
      const time = Date.now() / 1000 - days * 86_400;
      utimesSync(join(dir, name, 'data'), time, time);
    }
    await removeAbandoned(dir, Date.now());
    assert.deepEqual(readdirSync(dir), ['b.zip.part']);
  });
});
