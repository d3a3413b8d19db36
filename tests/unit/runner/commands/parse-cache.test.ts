import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openParseCache, programStamp } from '../../../../runner/commands/parse-cache.ts';

describe('runner/commands/parse-cache', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'parse-cache-')), 'target');
    path = join(folder, 'parse-cache');
  });

  afterEach(() => {
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  /** Writes a cache with these entries. */
  function write(entries: Readonly<Record<string, unknown>>, stamp = 's'): void {
    const cache = openParseCache(folder, stamp);
    for (const [key, value] of Object.entries(entries)) cache.set(key, value);
    cache.save();
  }

  it('gives in the next run what was set in this one', () => {
    const value = { a: [1, 'é\n\t\u2028', null], b: { c: true } };
    write({ k: value, other: 'x' });
    const cache = openParseCache(folder, 's');
    assert.deepEqual(cache.get('k'), value);
    assert.equal(cache.get('other'), 'x');
    assert.equal(cache.get('nope'), undefined);
    assert.deepEqual(readdirSync(folder), ['parse-cache']);
  });

  it('gives each asker data of its own', () => {
    const cache = openParseCache(folder, 's');
    cache.set('k', { a: 1 });
    const first = cache.get('k');
    assert.ok(typeof first === 'object' && first !== null);
    Object.assign(first, { a: 2 });
    assert.deepEqual(cache.get('k'), { a: 1 });
  });

  it('is empty for another version of the program', () => {
    write({ k: 1 });
    assert.equal(openParseCache(folder, 't').get('k'), undefined);
    assert.equal(openParseCache(folder, 's').get('k'), 1);
  });

  it('is empty, without an error, where the file is damaged, foreign or a folder', () => {
    write({ k: 'value', l: 2 });
    const whole = readFileSync(path);
    const flipped = Buffer.from(whole);
    flipped[whole.indexOf('value')] = 'w'.charCodeAt(0);
    const cut = whole.subarray(0, whole.length - 3);
    for (const text of [flipped, cut, '', '\n', '{"some": "json"}\n', Buffer.from([0xff, 10, 9])]) {
      writeFileSync(path, text);
      assert.equal(openParseCache(folder, 's').get('k'), undefined);
    }
    write({ k: 'value' });
    assert.equal(openParseCache(folder, 's').get('k'), 'value');
    rmSync(path);
    mkdirSync(path);
    write({ k: 1 });
    assert.equal(openParseCache(folder, 's').get('k'), undefined);
    assert.deepEqual(readdirSync(folder), ['parse-cache']);
  });

  it('keeps only what the last run used, and leaves the file alone where that is all of it', () => {
    write({ a: 1, b: 2 });
    const { ino } = statSync(path);
    const all = openParseCache(folder, 's');
    all.get('a');
    all.get('b');
    all.save();
    assert.equal(statSync(path).ino, ino);
    const one = openParseCache(folder, 's');
    one.get('b');
    one.save();
    const after = openParseCache(folder, 's');
    assert.deepEqual([after.get('a'), after.get('b')], [undefined, 2]);
  });

  it('has the same bytes whatever the order in which entries came', () => {
    write({ a: 1, b: 2 });
    const first = readFileSync(path);
    rmSync(path);
    write({ b: 2, a: 1 });
    assert.deepEqual(readFileSync(path), first);
  });

  it('is no fault where nothing can be written', () => {
    // A file where the folder should be: nobody can write there, not even root.
    writeFileSync(folder, '');
    write({ a: 1 });
    assert.equal(openParseCache(folder, 's').get('a'), undefined);
    rmSync(folder);
    mkdirSync(folder);
    chmodSync(folder, 0o555);
    write({ a: 1 });
    chmodSync(folder, 0o755);
    assert.equal(existsSync(join(folder, `parse-cache.${process.pid}.part`)), false);
  });

  it('knows the program by its version and its parsers', () => {
    assert.match(programStamp(), /^[0-9a-f]{64}$/);
    assert.equal(programStamp(), programStamp());
  });
});
