import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMember } from '../../../../extract/bulk/zip.ts';
import { ArchiveError } from '../../../../extract/errors.ts';
import { buildZip, type ZipEntry } from '../../../support/build-zip.ts';
import { zipFaults } from '../../../support/zip-faults.ts';

const sample = fileURLToPath(new URL('../../../../extract/sample/2019-03-17/', import.meta.url));
const text = Buffer.from('C00000001|A\nC00000002|B\n'.repeat(2000));

describe('extract/bulk/zip', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-zip-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Reads `cm.txt` of a zip to its end and returns its bytes. */
  async function read(bytes: Buffer): Promise<Buffer> {
    const path = join(folder, 'cm20.zip');
    await writeFile(path, bytes);
    return readFile(path, 'cm.txt');
  }

  async function readFile(path: string, member: string): Promise<Buffer> {
    const handle = await open(path);
    try {
      const found = await openMember({ path, handle }, member);
      const pieces: Buffer[] = [];
      for await (const piece of found.open()) pieces.push(piece);
      const whole = Buffer.concat(pieces);
      assert.equal(whole.length, found.sizeBytes);
      return whole;
    } finally {
      await handle.close();
    }
  }

  const good: ZipEntry = { name: 'cm.txt', data: text };

  it('gives back a deflated, a stored and a ZIP64 file', async () => {
    assert.deepEqual(await read(buildZip([good])), text);
    assert.deepEqual(await read(buildZip([{ ...good, stored: true }])), text);
    assert.deepEqual(await read(buildZip([{ ...good, zip64: true }])), text);
    assert.deepEqual(await read(buildZip([{ ...good, data: Buffer.alloc(0) }])), Buffer.alloc(0));
  });

  it('reads the real sample to its last byte', async () => {
    assert.equal((await readFile(join(sample, 'webl20.zip'), 'webl20.txt')).length, 1178);
    assert.equal((await readFile(join(sample, 'cm20.zip'), 'cm.txt')).length, 1_453_793);
  });

  it('says when the file was written, as the zip has it', async () => {
    const path = join(folder, 'dated.zip');
    await writeFile(path, buildZip([good]));
    const handle = await open(path);
    try {
      assert.equal(
        (await openMember({ path, handle }, 'cm.txt')).modifiedAt,
        '2019-03-17 20:09:12',
      );
    } finally {
      await handle.close();
    }
  });

  it('passes over the files in by_date, which repeat the main one', async () => {
    const zip = buildZip([
      { name: 'by_date/', data: Buffer.alloc(0), stored: true },
      { name: 'by_date/cm_1.txt', data: Buffer.from('again\n') },
      good,
    ]);
    assert.deepEqual(await read(zip), text);
  });

  for (const [name, bytes, message] of zipFaults('cm.txt', text)) {
    it(`refuses ${name}, naming the file and what to do`, async () => {
      const error: unknown = await read(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof ArchiveError, String(error));
      assert.match(error.message, message);
      assert.equal(error.exitCode, 1);
      assert.match(String(error.where), /cm20\.zip$/);
      assert.ok(error.hint);
    });
  }
});
