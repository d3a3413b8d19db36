import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TextOffsets } from '../../../core/offsets.ts';

describe('core/offsets', () => {
  // One character each of 1, 2, 3 and 4 bytes, an e with a combining acute, and a second line.
  const text = 'aé€𝄞e\u0301\nz';
  const rows = [
    // offset, line, column, byte, character
    [0, 0, 0, 0, 0],
    [1, 0, 1, 1, 1],
    [2, 0, 2, 3, 2],
    [3, 0, 3, 6, 3],
    [5, 0, 5, 10, 4],
    [6, 0, 6, 11, 5],
    [7, 0, 7, 13, 6],
    [8, 1, 0, 14, 7],
    [9, 1, 1, 15, 8],
  ] as const;

  it('converts there and back, from the first character to the end', () => {
    const offsets = new TextOffsets(text);
    for (const [offset, line, column, byte, character] of rows) {
      assert.deepEqual(offsets.zeroBasedOf(offset), { line, column });
      assert.equal(offsets.ofZeroBased({ line, column }), offset);
      assert.deepEqual(offsets.placeOf(offset), { line: line + 1, column: column + 1 });
      assert.equal(offsets.byteOf(offset), byte);
      assert.equal(offsets.ofByte(byte), offset);
      assert.equal(offsets.characterOf(offset), character);
      assert.equal(offsets.ofCharacter(character), offset);
      assert.equal(offsets.serverPositionOf(offset), character + 1);
      assert.equal(offsets.ofServerPosition(character + 1), offset);
    }
  });

  it('takes an offset inside a character for its start', () => {
    const offsets = new TextOffsets(text);
    assert.equal(offsets.characterOf(4), 3);
    assert.equal(offsets.byteOf(4), 6);
    assert.deepEqual(
      [7, 8, 9].map((byte) => offsets.ofByte(byte)),
      [3, 3, 3],
    );
    assert.equal(offsets.ofByte(2), 1);
  });

  it('knows nothing outside the text', () => {
    for (const one of ['plain', 'é', '']) {
      const offsets = new TextOffsets(one);
      const { length } = one;
      for (const outside of [-1, 99, 0.5, Number.NaN]) {
        assert.equal(offsets.zeroBasedOf(outside), undefined);
        assert.equal(offsets.byteOf(outside), undefined);
        assert.equal(offsets.ofByte(outside), undefined);
        assert.equal(offsets.characterOf(outside), undefined);
        assert.equal(offsets.ofCharacter(outside), undefined);
        assert.equal(offsets.ofServerPosition(outside), undefined);
      }
      assert.equal(offsets.ofServerPosition(0), undefined);
      assert.equal(offsets.ofCharacter(length), length);
      assert.equal(offsets.ofCharacter(length + 1), undefined);
    }
  });

  it('ends a line at its newline, which belongs to it', () => {
    const offsets = new TextOffsets('ab\n\nc');
    assert.equal(offsets.ofZeroBased({ line: 0, column: 2 }), 2);
    assert.equal(offsets.ofZeroBased({ line: 0, column: 3 }), undefined);
    assert.equal(offsets.ofZeroBased({ line: 1, column: 0 }), 3);
    assert.equal(offsets.ofZeroBased({ line: 1, column: 1 }), undefined);
    assert.equal(offsets.ofZeroBased({ line: 2, column: 1 }), 5);
    assert.equal(offsets.ofZeroBased({ line: 3, column: 0 }), undefined);
    assert.equal(offsets.ofZeroBased({ line: 0, column: -1 }), undefined);
  });

  it('agrees with the lengths of what stands before, in any text', () => {
    const piece = fc.constantFrom('a', ' ', '\n', 'ß', '\u0301', '漢', '😀', '👩‍🚒', '\t', '\r');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(30), (pieces, count) => {
        const whole = pieces.join('');
        const before = pieces.slice(0, count).join('');
        const offsets = new TextOffsets(whole);
        const offset = before.length;
        assert.equal(offsets.byteOf(offset), Buffer.byteLength(before));
        assert.equal(offsets.characterOf(offset), [...before].length);
        assert.equal(offsets.ofByte(Buffer.byteLength(before)), offset);
        assert.equal(offsets.ofServerPosition([...before].length + 1), offset);
        const lines = before.split('\n');
        const place = { line: lines.length - 1, column: lines.at(-1)?.length ?? 0 };
        assert.deepEqual(offsets.zeroBasedOf(offset), place);
        assert.equal(offsets.ofZeroBased(place), offset);
      }),
    );
  });
});
