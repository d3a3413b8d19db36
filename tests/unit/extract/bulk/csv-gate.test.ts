import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CsvGate } from '../../../../extract/bulk/csv-gate.ts';

/** Passes a file of three columns through the gate, in pieces of `size` bytes. */
function pass(text: string, size = 1_000_000, maxRecordBytes?: number) {
  const gate = new CsvGate({
    onHeader: () => 3,
    ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }),
  });
  const bytes = Buffer.from(text, 'latin1');
  const passed: [number, string][] = [];
  const take = (records: ReturnType<CsvGate['push']>) => {
    for (const { line, bytes: record } of records) passed.push([line, record.toString()]);
  };
  for (let at = 0; at < bytes.length; at += size) take(gate.push(bytes.subarray(at, at + size)));
  take(gate.end());
  const setAside = gate
    .takeSetAside()
    .map((line) => [line.fate, line.line, line.bytes.toString('latin1'), line.reason]);
  return { passed, setAside, counts: gate.counts() };
}

const head = 'a,b,c\n';

describe('extract/bulk/csv-gate', () => {
  it('numbers records by their first line, the header being line 1', () => {
    const { passed, counts } = pass(`${head}1,2,3\n"x","y\nz","w"\n4,5,6\n`);
    assert.deepEqual(passed, [
      [2, '1,2,3'],
      [3, '"x","y\nz","w"'],
      [5, '4,5,6'],
    ]);
    assert.deepEqual([counts.rowsRead, counts.rowsPassed, counts.rowsRejected], [3, 3, 0]);
  });

  for (const [name, line, reason] of [
    ['too few fields', '1,2', '2 fields instead of 3 fields'],
    ['too many fields', '1,2,3,4', '4 fields instead of 3 fields'],
    ['a blank line', '', '1 field instead of 3 fields'],
    ['a NUL byte', '1,\0,3', 'holds a NUL byte'],
    ['byte 0x01', '1,\x01,3', 'holds byte 0x01'],
    ['a quote that is never closed', '"1",2,"3', 'a quote is opened and not closed'],
    ['text after a closing quote', '"1"x,2,3', 'a quote stands inside a field'],
    ['a quote in a field without quotes', '1,2"x,3', 'a quote stands inside a field'],
  ] as const) {
    it(`rejects ${name}, keeps its bytes and goes on with the next line`, () => {
      const { passed, setAside, counts } = pass(`${head}7,8,9\n${line}\n"4","5","6"\n1,2,3`);
      assert.deepEqual(setAside, [['rejected', 3, line, reason]]);
      assert.deepEqual(
        passed.map(([number]) => number),
        [2, 4, 5],
      );
      assert.deepEqual([counts.rowsRead, counts.rowsRejected], [4, 1]);
    });
  }

  it('loses one line, not the rest of the file, to a quote that is never closed', () => {
    const many = Array.from({ length: 1000 }, (_, n) => `"${n}","b","c"`);
    const { passed, setAside } = pass(`${head}"x","y\n${many.join('\n')}\n`);
    assert.equal(passed.length, 1000);
    assert.deepEqual(setAside, [['rejected', 2, '"x","y', 'a quote is opened and not closed']]);
  });

  it('does not take a good line for the inside of a field', () => {
    const { passed, setAside } = pass(`${head}1,2,"x\n4,5,6\n7"\n`);
    assert.deepEqual(passed, [[3, '4,5,6']]);
    assert.deepEqual(
      setAside.map(([, line, , reason]) => [line, reason]),
      [
        [2, 'a quote is opened and not closed'],
        [4, 'a quote stands inside a field'],
      ],
    );
  });

  it('gives up a quote that stays open over too many lines, and the lines in it', () => {
    const prose = Array.from({ length: 300 }, () => 'prose');
    const { passed, counts } = pass(`${head}"x","y\n${prose.join('\n')}\n1,2,3\n`);
    assert.deepEqual(passed, [[303, '1,2,3']]);
    assert.deepEqual([counts.rowsRead, counts.rowsRejected], [302, 301]);
  });

  it('reads a line of quoted fields in which a quote is not doubled, and keeps its bytes', () => {
    const lines = ['"1","SPOT "FIRST"","3"', '"1","12" x 5"","3"', '"1","""A"" B"","3"'];
    const { passed, setAside } = pass(`${head}${lines.join('\n')}\n`);
    assert.deepEqual(
      passed.map(([, record]) => record),
      ['"1","SPOT ""FIRST""","3"', '"1","12"" x 5""","3"', '"1","""A"" B""","3"'],
    );
    assert.deepEqual(
      setAside,
      lines.map((line, n) => ['repaired', n + 2, line, 'a quote inside a field is not doubled']),
    );
  });

  it('passes over an empty field after the last comma, not text there', () => {
    const { passed, setAside } = pass('a,b,c,\n1,2,3,\n"1","2","3",\n1,2,3\n1,2,3,4\n');
    assert.deepEqual(
      passed.map(([, record]) => record),
      ['1,2,3', '"1","2","3"', '1,2,3'],
    );
    assert.deepEqual(setAside, [['rejected', 5, '1,2,3,4', '4 fields instead of 3 fields']]);
  });

  it('reads a record that is not UTF-8 as Windows-1252', () => {
    const { passed, setAside } = pass(`${head}Jos\xe9,\x93q\x94,c\n`);
    assert.deepEqual(passed, [[2, 'José,“q”,c']]);
    assert.deepEqual(setAside, [
      ['repaired', 2, 'Jos\xe9,\x93q\x94,c', 'not UTF-8, read as Windows-1252'],
    ]);
  });

  it('takes a mark of UTF-8 off the header, and line ends of CR LF off every line', () => {
    const headers: string[] = [];
    const gate = new CsvGate({ onHeader: (header) => headers.push(header.toString()) && 2 });
    const passed = [...gate.push(Buffer.from('\ufeffa,b\r\n1,2\r\n3,4\n5,6')), ...gate.end()];
    assert.deepEqual(headers, ['a,b']);
    assert.deepEqual(
      passed.map(({ bytes }) => bytes.toString()),
      ['1,2', '3,4', '5,6'],
    );
    const { lineEnding, endsWithNewline, rowsRepaired } = gate.counts();
    assert.deepEqual([lineEnding, endsWithNewline, rowsRepaired], ['crlf', false, 1]);
  });

  for (const size of [1, 7, 1000]) {
    it(`cuts over-long lines and goes on after them, in pieces of ${size}`, () => {
      const { passed, setAside } = pass(`${head}1,2,34567\n${'x'.repeat(40)}\n1,2,3\n`, size, 9);
      assert.deepEqual(passed, [
        [2, '1,2,34567'],
        [4, '1,2,3'],
      ]);
      assert.deepEqual(setAside, [
        ['rejected', 3, 'xxxxxxxxx', '40 bytes in one line, the first 9 are kept'],
      ]);
    });
  }

  it('reads as many records as it passes and rejects, and loses no byte, however it is cut', () => {
    const unit = fc.constantFrom('a', 'b', '"', ',', '\r', '\x01', '\xe9');
    const line = fc.string({ unit, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 9 }), (lines, size) => {
        const text = `${head}${lines.map((item) => `${item}\n`).join('')}`;
        const { passed, setAside, counts } = pass(text, size);
        assert.equal(counts.rowsRead, counts.rowsPassed + counts.rowsRejected);
        assert.equal(passed.length, counts.rowsPassed);
        assert.deepEqual(passed, pass(text).passed);
        // Every line of the file is in one record that passed, or in one reject.
        const covered: number[] = [];
        for (const [number, record] of passed) {
          for (let n = 0; n < record.split('\n').length; n += 1) covered.push(number + n);
        }
        for (const [fate, number] of setAside)
          if (fate === 'rejected') covered.push(Number(number));
        assert.deepEqual(
          covered.sort((one, two) => one - two),
          lines.map((_, index) => index + 2),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
