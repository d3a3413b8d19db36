import { type Halves, hashRow, writeDigits, writeHalves } from './row-hash.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
const delimiter = 0x7c;
const backslash = 0x5c;
const nothing = Buffer.alloc(0);

/** Room for a line number, a hash, three delimiters and a newline. */
const lineageBytes = 48;

/**
 * The rows of one chunk of a file as COPY takes them in its text format, each after its line number and its
 * hash, in a buffer that grows where they need more room than foreseen.
 */
export class LineOutput {
  private buffer = nothing;
  private length = 0;
  private source: Buffer = nothing;
  private view = viewOf(nothing);
  private readonly hash: Halves = { high: 0, low: 0 };
  private sum = 0n;
  /** Sums of a chunk: it has far fewer rows than would leave the whole numbers a double can hold. */
  private sumHigh = 0;
  private sumLow = 0;

  /** Begins anew, in a new buffer: the one before may still be on its way to the server. */
  start(source: Buffer): void {
    this.source = source;
    this.view = viewOf(source);
    this.buffer = Buffer.allocUnsafe(Math.ceil(source.length * 1.6) + 64);
    this.length = 0;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Returns the sum of the hashes of all rows so far. */
  hashSum(): bigint {
    this.sum += BigInt(this.sumHigh) * 4_294_967_296n + BigInt(this.sumLow);
    this.sumHigh = 0;
    this.sumLow = 0;
    return this.sum;
  }

  /** Adds the row `[start, end)` of the source, which holds nothing that COPY would read otherwise. */
  add(start: number, end: number, line: number): void {
    const { source } = this;
    hashRow(source, this.view, start, end, this.hash);
    this.startRow(line, end - start);
    source.copy(this.buffer, this.length, start, end);
    this.endRow(end - start);
  }

  /** Adds a row of any text, written so that COPY reads it back as it is. */
  addEscaped(text: Buffer, line: number): void {
    hashRow(text, viewOf(text), 0, text.length, this.hash);
    const escaped = escapeForCopy(text);
    this.startRow(line, escaped.length);
    escaped.copy(this.buffer, this.length);
    this.endRow(escaped.length);
  }

  /** Adds a row of fields, which may hold anything but NUL and `between`, which parts them where they are hashed. */
  addFields(fields: readonly string[], line: number, between: string): void {
    const text = Buffer.from(fields.join(between));
    hashRow(text, viewOf(text), 0, text.length, this.hash);
    const escaped = Buffer.from(fields.map(escapeField).join('|'));
    this.startRow(line, escaped.length);
    escaped.copy(this.buffer, this.length);
    this.endRow(escaped.length);
  }

  private startRow(line: number, size: number): void {
    const { hash } = this;
    this.sumHigh += hash.high;
    this.sumLow += hash.low >>> 0;
    const most = this.length + lineageBytes + size;
    if (most > this.buffer.length) this.grow(most);
    const { buffer } = this;
    let at = writeDigits(buffer, this.length, line);
    buffer[at] = delimiter;
    at = writeHalves(buffer, at + 1, hash);
    buffer[at] = delimiter;
    this.length = at + 1;
  }

  private endRow(size: number): void {
    this.length += size;
    this.buffer[this.length] = newline;
    this.length += 1;
  }

  private grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Puts a backslash before each backslash, and `\r` in the place of a carriage return. */
function escapeForCopy(text: Buffer): Buffer {
  const escaped = Buffer.allocUnsafe(text.length * 2);
  let at = 0;
  for (const byte of text) {
    if (byte === backslash || byte === carriageReturn) {
      escaped[at] = backslash;
      at += 1;
    }
    escaped[at] = byte === carriageReturn ? 0x72 : byte;
    at += 1;
  }
  return escaped.subarray(0, at);
}

function escapeField(field: string): string {
  return field.replace(/[\\|\r\n]/g, (found) =>
    found === '\n' ? '\\n' : found === '\r' ? '\\r' : `\\${found}`,
  );
}
