// Files with every defect that FEC files have: what is read is loaded or rejected, and what is loaded is intact.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Connection } from '../../../core/connection.ts';
import { packageRoot } from '../../../core/package-root.ts';
import { cm } from '../../../extract/datasets/cm.ts';
import { oppexp } from '../../../extract/datasets/oppexp.ts';
import { buildZip } from '../../support/build-zip.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { exportLines, runBulk, writeFolder } from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';

interface Defect {
  /** File in tests/fixtures/fec/defects. */
  readonly file: string;
  /** Lines of the file, counted by hand. */
  readonly read: number;
  /** Numbers of the lines that no table can take, with the reason. */
  readonly rejects?: Readonly<Record<number, string>>;
  /** Numbers of the lines that are loaded with a repair. */
  readonly repairs?: Readonly<Record<number, string>>;
  readonly lineEnding?: 'crlf';
}

const defects: readonly Defect[] = [
  {
    file: 'short',
    read: 5,
    rejects: { 2: '14 fields instead of 15 fields', 4: '1 field instead of 15 fields' },
  },
  { file: 'long', read: 3, rejects: { 2: '16 fields instead of 15 fields' } },
  { file: 'nul', read: 3, rejects: { 2: 'holds a NUL byte' } },
  { file: 'bare-cr', read: 4, repairs: { 2: 'carriage return at the end' } },
  { file: 'crlf', read: 4, lineEnding: 'crlf' },
  { file: 'mixed-ends', read: 3, repairs: { 2: 'carriage return at the end' } },
  { file: 'tab', read: 3 },
  {
    file: 'bad-utf8',
    read: 4,
    repairs: {
      2: 'not UTF-8, read as Windows-1252',
      4: 'not UTF-8, read as Windows-1252',
    },
  },
  { file: 'byte-01', read: 3, rejects: { 2: 'holds byte 0x01' } },
  { file: 'backslash', read: 4 },
  { file: 'quotes', read: 4 },
  { file: 'no-last-newline', read: 4 },
  { file: 'end-of-data', read: 5, rejects: { 2: '1 field instead of 15 fields' } },
];

function fixture(name: string): Buffer {
  return readFileSync(join(packageRoot(), 'tests/fixtures/fec/defects', `${name}.txt`));
}

/** Splits bytes at newlines, one character per byte; a last newline ends the last line. */
function linesOf(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  const lines = text.split('\n');
  if (text.endsWith('\n') || text === '') lines.pop();
  return lines;
}

describe('extract bulk on defective files', () => {
  useDatabase();
  let connection: Connection;
  before(async () => {
    connection = await createDatabase();
  });

  async function load(text: Buffer, name = 'cm', member = 'cm.txt') {
    const folder = writeFolder({ [`${name}20.zip`]: buildZip([{ name: member, data: text }]) });
    const run = await runBulk(connection, { full: true, accept: true, from: folder });
    const [ledger] = await queryOnce(
      connection,
      `select load_id::int as id, rows_read::int as read, rows_inserted::int as inserted,
              rows_rejected::int as rejected, rows_repaired::int as repaired, line_ending,
              ends_with_newline from bronze.loads order by load_id desc limit 1`,
    );
    return { run, ledger };
  }

  async function setAside(table: string, loadId: unknown): Promise<readonly unknown[][]> {
    const rows = await queryOnce(
      connection,
      `select line::int, bytes, reason from bronze.${table} where load_id = $1 order by line`,
      [loadId],
    );
    return rows.map(({ line, bytes, reason }) => [
      line,
      Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes,
      reason,
    ]);
  }

  for (const { file, read, rejects = {}, repairs = {}, lineEnding = 'lf' } of defects) {
    it(`loses nothing of ${file}.txt`, async () => {
      const received = linesOf(fixture(file));
      assert.equal(received.length, read);
      const { run, ledger } = await load(fixture(file));
      assert.equal(run.code, 0, run.err);
      const rejected = Object.keys(rejects).length;
      assert.deepEqual(ledger, {
        id: ledger?.['id'],
        read,
        inserted: read - rejected,
        rejected,
        repaired: Object.keys(repairs).length,
        line_ending: lineEnding,
        ends_with_newline: file !== 'no-last-newline',
      });
      const expected = (wanted: Readonly<Record<number, string>>) =>
        Object.entries(wanted).map(([line, reason]) => [
          Number(line),
          received[Number(line) - 1],
          reason,
        ]);
      assert.deepEqual(await setAside('rejects', ledger?.['id']), expected(rejects));
      assert.deepEqual(await setAside('repairs', ledger?.['id']), expected(repairs));

      // Every other line comes back byte for byte, under its own number.
      const exported = linesOf(await exportLines(connection, cm));
      const numbers = await queryOnce(
        connection,
        'select _line::int as line from bronze.fec_cm where cycle = 2020 order by _line',
      );
      const loaded = received.map((_, index) => index + 1).filter((line) => !(line in rejects));
      assert.deepEqual(
        numbers.map(({ line }) => line),
        loaded,
      );
      loaded.forEach((line, index) => {
        if (line in repairs) return;
        const ending = lineEnding === 'crlf' ? '\r' : '';
        assert.equal(`${exported[index]}${ending}`, received[line - 1]);
      });
    });
  }

  it('takes the text of a repaired line as it was meant', async () => {
    await load(fixture('bad-utf8'));
    const rows = await queryOnce(connection, 'select cmte_nm from bronze.fec_cm order by _line');
    assert.deepEqual(
      rows.map(({ cmte_nm }) => cmte_nm),
      ['COMMITTEE', 'CARRIÉ', 'JULIÁN', '“QUOTED” ÿ'],
    );
  });

  it('rejects a huge line and keeps its first mebibyte', async () => {
    const [good = ''] = linesOf(fixture('tab'));
    const huge = `C1|${'x'.repeat(3 * 1024 * 1024)}${'|'.repeat(13)}`;
    const text = Buffer.from(`${good}\n${huge}\n${good}\n`);
    // Stored: so many equal bytes would look like a zip bomb.
    const folder = writeFolder({
      'cm20.zip': buildZip([{ name: 'cm.txt', data: text, stored: true }]),
    });
    const run = await runBulk(connection, { full: true, accept: true, from: folder });
    assert.equal(run.code, 0, run.err);
    const rows = await queryOnce(
      connection,
      `select line::int, length(bytes) as kept, reason from bronze.rejects
        where load_id = (select max(load_id) from bronze.loads)`,
    );
    assert.deepEqual(rows, [
      {
        line: 2,
        kept: 1_048_576,
        reason: `${huge.length} bytes in one line, the first 1048576 are kept`,
      },
    ]);
    assert.match(run.err, /1 line of cm20\.zip not loaded/);
  });

  it('refuses an empty file in the place of rows, and takes one where there are none', async () => {
    const { run } = await load(fixture('tab'));
    assert.equal(run.code, 0);
    const refused = await load(Buffer.alloc(0));
    assert.equal(refused.run.code, 1);
    assert.match(refused.run.err, /`cm\.txt` is empty, but rows of 2020 are loaded/);
    const accepted = await load(Buffer.alloc(0), 'webl', 'webl20.txt');
    assert.equal(accepted.run.code, 0, accepted.run.err);
    assert.deepEqual([accepted.ledger?.['read'], accepted.ledger?.['inserted']], [0, 0]);
  });

  it('refuses a file of which no line fits, and leaves the table as it was', async () => {
    const before = await exportLines(connection, cm);
    const { run } = await load(Buffer.from('<html>\n<body>\nError 503\n'));
    assert.equal(run.code, 1);
    assert.match(run.err, /cm20\.zip: the layout changed: .* \(3 of 3 lines do not fit\)/);
    assert.ok((await exportLines(connection, cm)).equals(before));
  });

  it('tells the empty 26th field of oppexp from text after the last delimiter', async () => {
    const line = ['C00000001', ...Array.from({ length: 24 }, (_, index) => `f${index}`)].join('|');
    const { run, ledger } = await load(
      Buffer.from(`${line}|\n${line}\n${line}|x\n${line}||\n`),
      'oppexp',
      'oppexp.txt',
    );
    assert.equal(run.code, 0, run.err);
    assert.deepEqual([ledger?.['read'], ledger?.['inserted'], ledger?.['rejected']], [4, 1, 3]);
    assert.equal((await exportLines(connection, oppexp)).toString(), `${line}|\n`);
  });

  it('gives back any file, from what it loaded and what it set aside', async function () {
    this.timeout(120_000);
    const bytes = fc.constantFrom(
      ...['|', 'a', '"', '\\', '.', '\t', '\r', '\0', '\x01', '\x1a', ' ', 'é'],
      ...['\xe9', '\xff', '\xc3', '\xed\xa0\x80', '\xf4\x90\x80\x80'],
    );
    const text = fc.array(bytes, { maxLength: 4 }).map((pieces) => pieces.join(''));
    // Mostly the fifteen fields of cm, so that most lines are loaded.
    const line = fc.oneof(
      { weight: 9, arbitrary: fc.array(text, { minLength: 15, maxLength: 15 }) },
      { weight: 1, arbitrary: fc.array(text, { maxLength: 17 }) },
    );
    const file = fc.tuple(fc.array(line, { minLength: 1, maxLength: 60 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(file, async ([lines, hasLastNewline]) => {
        const good = `GOOD${'|'.repeat(14)}`;
        const all = [good, ...lines.map((fields) => fields.join('|'))].join('\n');
        const received = Buffer.from(hasLastNewline ? `${all}\n` : all, 'latin1');
        const { run, ledger } = await load(received);
        assert.equal(run.code, 0, run.err);
        const found = linesOf(received);
        assert.equal(ledger?.['read'], found.length);
        const restored = new Map<unknown, string>();
        const numbers = await queryOnce(
          connection,
          'select _line::int as line from bronze.fec_cm order by _line',
        );
        const exported = linesOf(await exportLines(connection, cm));
        numbers.forEach(({ line: number }, index) => {
          restored.set(number, exported[index] ?? '');
        });
        assert.equal(numbers.length, ledger?.['inserted']);
        for (const table of ['repairs', 'rejects']) {
          for (const [number, kept] of await setAside(table, ledger?.['id'])) {
            assert.equal(restored.has(number), table === 'repairs');
            restored.set(number, String(kept));
          }
        }
        assert.deepEqual(
          found.map((_, index) => restored.get(index + 1)),
          found,
        );
      }),
      { numRuns: 25, seed: 20200317 },
    );
  });

  it('holds little memory for a million bad lines', async function () {
    this.timeout(120_000);
    const [good = ''] = linesOf(fixture('tab'));
    const bad = Array.from({ length: 1_000 }, (_, index) => `bad ${index * 7919}\n`).join('');
    const text = Buffer.from(`${bad.repeat(1_000)}${good}\n`);
    const folder = writeFolder({
      'cm20.zip': buildZip([{ name: 'cm.txt', data: text, stored: true }]),
    });
    const peak = watchMemory();
    const run = await runBulk(connection, { full: true, accept: true, from: folder });
    const grownMb = peak() / 1e6;
    assert.equal(run.code, 0, run.err);
    const [row] = await queryOnce(
      connection,
      `select count(*)::int as lines from bronze.rejects
        where load_id = (select max(load_id) from bronze.loads)`,
    );
    assert.equal(row?.['lines'], 1_000_000);
    assert.ok(grownMb < 150, `grew by ${grownMb.toFixed(0)} MB`);
  });
});

/** Returns a function that tells by how many bytes this process grew at most since the call. */
function watchMemory(): () => number {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  return () => {
    clearInterval(timer);
    return Math.max(most, process.memoryUsage().rss) - before;
  };
}
