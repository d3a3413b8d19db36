import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type GateOptions, LineGate } from '../../../../extract/bulk/line-gate.ts';
import type { GateCounts } from '../../../../extract/bulk/types.ts';

interface Passed {
  /** What COPY is sent, one character per byte, without the hashes. */
  readonly copied: string;
  readonly setAside: readonly string[];
  readonly counts: GateCounts;
}

const threeFields: GateOptions = {
  fieldCount: 3,
  trailingDelimiter: false,
};

/** Sends a file, written one character per byte, through the gate in pieces of `size` bytes. */
function pass(file: string, options: Partial<GateOptions> = {}, size = 65_536): Passed {
  const gate = new LineGate({ ...threeFields, ...options });
  const bytes = Buffer.from(file, 'latin1');
  const pieces: Buffer[] = [];
  const setAside: string[] = [];
  const take = (piece: Buffer) => {
    pieces.push(piece);
    for (const { fate, line, bytes: kept, reason } of gate.takeSetAside()) {
      setAside.push(`${line} ${fate} ${JSON.stringify(kept.toString('latin1'))}: ${reason}`);
    }
  };
  for (let at = 0; at < bytes.length; at += size) take(gate.push(bytes.subarray(at, at + size)));
  take(gate.end());
  const sent = Buffer.concat(pieces).toString('latin1');
  const copied = sent.replaceAll(/^(\d+)\|-?\d+\|/gm, '$1|');
  return { copied, setAside, counts: gate.counts() };
}

function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

describe('extract/bulk/line-gate', () => {
  it('puts the line number before each line', () => {
    const { copied, counts } = pass('a|b|c\n||\nd|e|f\n');
    assert.equal(copied, '1|a|b|c\n2|||\n3|d|e|f\n');
    assert.deepEqual(counts, {
      rowsRead: 3,
      rowsPassed: 3,
      rowsRejected: 0,
      rowsRepaired: 0,
      lineEnding: 'lf',
      endsWithNewline: true,
    });
  });

  it('counts rejected lines in the line numbers', () => {
    const { copied, setAside } = pass('a|b\nc|d|e\n\nf|g|h\n');
    assert.equal(copied, '2|c|d|e\n4|f|g|h\n');
    assert.deepEqual(setAside, [
      '1 rejected "a|b": 2 fields instead of 3 fields',
      '3 rejected "": 1 field instead of 3 fields',
    ]);
  });

  const odd: readonly [string, string, string][] = [
    ['a tab', 'a\t|b|c', 'a\t|b|c'],
    ['a lone backslash', 'a|\\|c', 'a|\\\\|c'],
    ['backslash sequences', 'C:\\new|\\N|\\.', 'C:\\\\new|\\\\N|\\\\.'],
    ['an odd quote', 'BOOTY"S|b|c', 'BOOTY"S|b|c'],
    ['blanks at both ends', ' a | b|c ', ' a | b|c '],
    ['valid UTF-8', utf8('CARRIÉ|JULIÁN|𝕏'), utf8('CARRIÉ|JULIÁN|𝕏')],
    ['control characters', 'a\x02\x1a\x7f|b|c', 'a\x02\x1a\x7f|b|c'],
    ['a byte order mark', utf8('\ufeffa|b|c'), utf8('\ufeffa|b|c')],
    ['a bare carriage return', 'a|b\rb|c', 'a|b\\rb|c'],
    ['only a carriage return', 'a|\r|c', 'a|\\r|c'],
  ];
  for (const [name, line, copied] of odd) {
    it(`passes ${name} on, so that COPY reads it byte for byte`, () => {
      const result = pass(`x|y|z\n${line}\nx|y|z\n`);
      assert.equal(result.copied, `1|x|y|z\n2|${copied}\n3|x|y|z\n`);
      assert.deepEqual(result.setAside, []);
    });
  }

  const bad: readonly [string, string, string][] = [
    ['a short line', 'a|b', '2 fields instead of 3 fields'],
    ['a long line', 'a|b|c|d', '4 fields instead of 3 fields'],
    ['a blank line', '', '1 field instead of 3 fields'],
    ['the old end-of-data mark', '\\.', '1 field instead of 3 fields'],
    ['a NUL', 'a|\0|c', 'holds a NUL byte'],
    ['a start of heading', 'a|\x01|c', 'holds byte 0x01'],
  ];
  for (const [name, line, reason] of bad) {
    it(`rejects ${name} and keeps its bytes`, () => {
      const { copied, setAside, counts } = pass(`x|y|z\n${line}\nx|y|z\n`);
      assert.equal(copied, '1|x|y|z\n3|x|y|z\n');
      assert.deepEqual(setAside, [`2 rejected ${JSON.stringify(line)}: ${reason}`]);
      assert.deepEqual([counts.rowsRead, counts.rowsPassed, counts.rowsRejected], [3, 2, 1]);
    });
  }

  it('reads a line that is not UTF-8 as Windows-1252 and keeps its bytes', () => {
    const { copied, setAside, counts } = pass('Jos\xe9|\x93q\x94|\x81\n');
    assert.equal(copied, `1|${utf8('José|“q”|\u0081')}\n`);
    assert.deepEqual(setAside, [
      '1 repaired "Jos\xe9|\x93q\x94|\x81": not UTF-8, read as Windows-1252',
    ]);
    assert.deepEqual([counts.rowsPassed, counts.rowsRepaired], [1, 1]);
  });

  it('reads a CRLF file and remembers how its lines end', () => {
    const { copied, setAside, counts } = pass('a|b|c\r\nd|e|f\r\n');
    assert.equal(copied, '1|a|b|c\n2|d|e|f\n');
    assert.deepEqual(setAside, []);
    assert.equal(counts.lineEnding, 'crlf');
  });

  it('keeps the bytes of lines that end unlike the first one', () => {
    assert.deepEqual(pass('a|b|c\nd|e|f\r\n').setAside, [
      '2 repaired "d|e|f\\r": carriage return at the end',
    ]);
    assert.deepEqual(pass('a|b|c\r\nd|e|f\n').setAside, [
      '2 repaired "d|e|f": no carriage return at the end',
    ]);
  });

  it('takes a last line without a newline and remembers it', () => {
    const { copied, counts } = pass('a|b|c\nd|e|f');
    assert.equal(copied, '1|a|b|c\n2|d|e|f\n');
    assert.equal(counts.endsWithNewline, false);
    assert.equal(pass('a|b|c\r').copied, '1|a|b|c\\r\n');
  });

  it('passes nothing of an empty file', () => {
    const { copied, counts } = pass('');
    assert.equal(copied, '');
    assert.deepEqual([counts.rowsRead, counts.endsWithNewline], [0, true]);
  });

  it('takes off the empty field after a trailing delimiter, and nothing else', () => {
    const { copied, setAside } = pass('a|b|c|\na|b||\na|b|c|d\na|b|c\na|b|\n', {
      trailingDelimiter: true,
    });
    assert.equal(copied, '1|a|b|c\n2|a|b|\n');
    assert.deepEqual(setAside, [
      '3 rejected "a|b|c|d": text after the last delimiter',
      '4 rejected "a|b|c": 3 fields instead of 4 fields',
      '5 rejected "a|b|": 3 fields instead of 4 fields',
    ]);
  });

  for (const size of [1, 3, 7, 65_536]) {
    it(`cuts over-long lines and goes on after them, in pieces of ${size}`, () => {
      const file = `a|b|4567890\na|b|45678901\n${'x'.repeat(40)}\na|b|4567890\r\na|b|c\n${'y'.repeat(30)}`;
      const { copied, setAside, counts } = pass(file, { maxLineBytes: 11 }, size);
      assert.equal(copied, '1|a|b|4567890\n4|a|b|4567890\n5|a|b|c\n');
      assert.deepEqual(setAside, [
        '2 rejected "a|b|4567890": 12 bytes in one line, the first 11 are kept',
        '3 rejected "xxxxxxxxxxx": 40 bytes in one line, the first 11 are kept',
        '4 repaired "a|b|4567890\\r": carriage return at the end',
        '6 rejected "yyyyyyyyyyy": 30 bytes in one line, the first 11 are kept',
      ]);
      assert.equal(counts.rowsRead, 6);
      assert.equal(counts.endsWithNewline, false);
    });
  }

  it('holds little memory for a line that never ends', () => {
    const gate = new LineGate(threeFields);
    const piece = Buffer.alloc(1024 * 1024, 0x61);
    for (let index = 0; index < 64; index += 1) gate.push(piece);
    gate.end();
    const [line] = gate.takeSetAside();
    assert.equal(line?.bytes.length, 1024 * 1024);
    assert.match(line?.reason ?? '', /^67108864 bytes in one line/);
  });

  it('numbers lines past every power of ten', () => {
    const lines = 100_001;
    const { copied } = pass('||\n'.repeat(lines));
    const expected = Array.from({ length: lines }, (_, index) => `${index + 1}|||\n`).join('');
    assert.ok(copied === expected);
  });

  const line = fc.array(
    fc.constantFrom(
      'a',
      '|',
      '|',
      '\\',
      '"',
      '\t',
      '\r',
      '\0',
      '\x01',
      '\xe9',
      utf8('é'),
      ' ',
      '.',
    ),
    { maxLength: 14 },
  );
  it('reads as many lines as it passes and rejects, and gives each back intact, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (lines, newlineAtEnd, trailingDelimiter, size) => {
          const texts = lines.map((pieces) => pieces.join(''));
          const file = texts.join('\n') + (newlineAtEnd && texts.length > 0 ? '\n' : '');
          const expected = newlineAtEnd || texts.at(-1) !== '' ? texts : texts.slice(0, -1);
          const options = { trailingDelimiter, maxLineBytes: 12 };
          const inPieces = pass(file, options, size);
          assert.deepEqual(inPieces, pass(file, options));
          const { counts, setAside } = inPieces;
          assert.equal(counts.rowsRead, expected.length);
          assert.equal(counts.rowsRead, counts.rowsPassed + counts.rowsRejected);
          const isCut = (line: number) =>
            setAside.some((entry) => entry.startsWith(`${line} rejected`));
          assert.deepEqual(
            restore(inPieces, trailingDelimiter),
            expected.map((text, index) => (isCut(index + 1) ? text.slice(0, 12) : text)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Puts a file's lines together again from what was copied and what was set aside. */
function restore({ copied, setAside, counts }: Passed, trailingDelimiter: boolean): string[] {
  const lines = new Map<number, string>();
  for (const row of copied.split('\n').slice(0, -1)) {
    const [number = '', ...fields] = row.split('|');
    const read = fields.join('|').replaceAll('\\r', '\r').replaceAll('\\\\', '\\');
    const text = read + (trailingDelimiter ? '|' : '');
    const isLast = Number(number) === counts.rowsRead && !counts.endsWithNewline;
    lines.set(Number(number), counts.lineEnding === 'crlf' && !isLast ? `${text}\r` : text);
  }
  for (const entry of setAside) {
    const match = /^(\d+) \w+ (".*"): /s.exec(entry);
    lines.set(Number(match?.[1]), JSON.parse(match?.[2] ?? '""'));
  }
  return [...lines.entries()].sort(([a], [b]) => a - b).map(([, text]) => text);
}
