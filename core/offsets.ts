// One text, four ways of counting in it. Everything of ours counts UTF-16 units from 0, as JavaScript
// does; what comes from elsewhere is converted here and nowhere else.

/** A line and a column, both from 0: how Nunjucks' tokens count; columns are UTF-16 units. */
export interface ZeroBasedPosition {
  readonly line: number;
  readonly column: number;
}

/** A line and a column, both from 1: how places are shown and how editors count. */
export interface OneBasedPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Converts between the offsets of one text. An offset inside a character is taken for its start; one
 * outside the text is undefined, the very end excepted, where errors such as "unexpected end" point.
 */
export class TextOffsets {
  readonly text: string;
  #lineStarts: readonly number[] | undefined;
  #characters: CharacterTable | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The offset of a line and column as Nunjucks counts them: both from 0. */
  ofZeroBased(position: ZeroBasedPosition): number | undefined {
    const starts = this.#lines();
    const start = starts[position.line];
    if (start === undefined || position.column < 0) return undefined;
    // The last line has no newline of its own.
    const end = (starts[position.line + 1] ?? this.text.length + 1) - 1;
    const offset = start + position.column;
    return offset > end ? undefined : offset;
  }

  /** The line and column of an offset, both from 0. */
  zeroBasedOf(offset: number): ZeroBasedPosition | undefined {
    if (!this.#isInside(offset)) return undefined;
    const starts = this.#lines();
    const line = lastAtOrBelow(starts.length, (index) => starts[index] ?? 0, offset);
    return { line, column: offset - (starts[line] ?? 0) };
  }

  /** The line and column of an offset, both from 1, as places have them. */
  placeOf(offset: number): OneBasedPosition | undefined {
    const position = this.zeroBasedOf(offset);
    return position && { line: position.line + 1, column: position.column + 1 };
  }

  /** The offset of a UTF-8 byte, from 0, as the parse trees of libpg-query have it. */
  ofByte(byte: number): number | undefined {
    const table = this.#table();
    if (table === undefined) return this.#isInside(byte) ? byte : undefined;
    if (!Number.isInteger(byte) || byte < 0 || byte > (table.bytes.at(-1) ?? 0)) return undefined;
    const { bytes, units } = table;
    return units[lastAtOrBelow(bytes.length, (index) => bytes[index] ?? 0, byte)];
  }

  /** The UTF-8 byte, from 0, at which the character at an offset begins. */
  byteOf(offset: number): number | undefined {
    if (!this.#isInside(offset)) return undefined;
    const table = this.#table();
    return table === undefined ? offset : table.bytes[characterAt(table, offset)];
  }

  /** The offset of a character, from 0, as the errors of libpg-query have it. */
  ofCharacter(character: number): number | undefined {
    const table = this.#table();
    if (table === undefined) return this.#isInside(character) ? character : undefined;
    return Number.isInteger(character) ? table.units[character] : undefined;
  }

  /** The character, from 0, that an offset lies in. */
  characterOf(offset: number): number | undefined {
    if (!this.#isInside(offset)) return undefined;
    const table = this.#table();
    return table === undefined ? offset : characterAt(table, offset);
  }

  /** The offset of a position as the server reports it: characters from 1. */
  ofServerPosition(position: number): number | undefined {
    return this.ofCharacter(position - 1);
  }

  /** The position of an offset as the server would report it: characters from 1. */
  serverPositionOf(offset: number): number | undefined {
    const character = this.characterOf(offset);
    return character === undefined ? undefined : character + 1;
  }

  #isInside(offset: number): boolean {
    return Number.isInteger(offset) && offset >= 0 && offset <= this.text.length;
  }

  #lines(): readonly number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) {
        starts.push(at + 1);
      }
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }

  /** Undefined for plain ASCII, where all ways of counting are one. */
  #table(): CharacterTable | undefined {
    if (this.#characters === undefined && /[^\0-\x7f]/.test(this.text)) {
      this.#characters = makeTable(this.text);
    }
    return this.#characters;
  }
}

/** Where each character begins, and at the last index where the text ends. */
interface CharacterTable {
  readonly units: readonly number[];
  readonly bytes: readonly number[];
}

/** PostgreSQL's character is a code point: a combining mark counts for itself, an astral one once. */
function makeTable(text: string): CharacterTable {
  const units = [0];
  const bytes = [0];
  let unit = 0;
  let byte = 0;
  for (const character of text) {
    unit += character.length;
    byte += byteLength(character.codePointAt(0) ?? 0);
    units.push(unit);
    bytes.push(byte);
  }
  return { units, bytes };
}

function byteLength(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

function characterAt(table: CharacterTable, offset: number): number {
  return lastAtOrBelow(table.units.length, (index) => table.units[index] ?? 0, offset);
}

/** The last index whose value is at most `limit`; the values rise and the first is 0. */
function lastAtOrBelow(count: number, valueAt: (index: number) => number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
