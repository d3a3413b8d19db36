import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashRow, writeDigits, writeHalves } from '../../../../extract/bulk/row-hash.ts';

function hashOf(text: string, before = 0): string {
  const data = Buffer.concat([Buffer.alloc(before, 0x78), Buffer.from(text), Buffer.from('after')]);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const halves = { high: 0, low: 0 };
  hashRow(data, view, before, data.length - 5, halves);
  return written((buffer) => writeHalves(buffer, 0, halves));
}

function written(write: (buffer: Buffer) => number): string {
  const buffer = Buffer.alloc(32);
  return buffer.toString('latin1', 0, write(buffer));
}

// What PostgreSQL 15.18 answers to `select hashtextextended('…', 0)`.
const answers: readonly [string, string][] = [
  ['', '-6939563903564495251'],
  ['a', '3591986179850072241'],
  ['|', '9116654069713461990'],
  ['abcdefghijk', '3112909444737856467'],
  ['abcdefghijkl', '-7556637188122330412'],
  ['abcdefghijklm', '8871624171452417744'],
  [
    'C00401224|A|M3|P|201804209106941211|24T|IND|DOE, JANE|PORTLAND|OR|97201|||02142018|10|C00540302|SA11AI_99||X|EARMARKED|4042020181532171111',
    '-7825273767588542746',
  ],
  ['JULIÁN|CARRIÉ|𝕏', '-3855198563472619376'],
];

describe('extract/bulk/row-hash', () => {
  for (const [text, hash] of answers) {
    it(`hashes ${text === '' ? 'nothing' : text.slice(0, 20)} as PostgreSQL does, wherever it stands`, () => {
      for (const before of [0, 1, 2, 3, 13]) assert.equal(hashOf(text, before), hash);
    });
  }

  it('writes every number of 64 bits', () => {
    const edges = [
      0,
      1,
      -1,
      999_999_999,
      1_000_000_000,
      2 ** 31 - 1,
      -(2 ** 31),
      232,
      -727_379_968,
    ];
    const half = fc.oneof(
      fc.constantFrom(...edges),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    );
    fc.assert(
      fc.property(half, half, (high, low) => {
        const expected = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low)));
        assert.equal(
          written((buffer) => writeHalves(buffer, 0, { high, low })),
          expected.toString(),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes every whole number a line can have', () => {
    const number = fc.oneof(
      fc.nat(),
      fc.maxSafeNat(),
      fc.nat(15).map((power) => 10 ** power),
    );
    fc.assert(
      fc.property(number, (value) => {
        assert.equal(
          written((buffer) => writeDigits(buffer, 0, value)),
          String(value),
        );
      }),
    );
  });
});
