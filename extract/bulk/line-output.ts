const newline = 0x0a;
const delimiter = 0x7c;
const nothing = Buffer.alloc(0);

/** The rows of one chunk of a file as COPY takes them, each under its lineage, in a buffer that grows where lineage needs more room than foreseen. */
export class LineOutput {
  private buffer = nothing;
  private length = 0;
  private readonly prefix: Buffer;

  /** `prefix` is what stands before the line number of every row. */
  constructor(prefix: string) {
    this.prefix = Buffer.from(prefix, 'latin1');
  }

  /** Begins anew, in a new buffer: the one before may still be on its way to the server. */
  start(inputBytes: number): void {
    this.buffer = Buffer.allocUnsafe(Math.ceil(inputBytes * 1.5) + 64);
    this.length = 0;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Adds the row `data[start, end)` under its line number. */
  add(data: Buffer, start: number, end: number, line: number): void {
    const size = end - start;
    const most = this.length + this.prefix.length + 24 + size;
    if (most > this.buffer.length) this.grow(most);
    const { buffer, prefix } = this;
    let at = this.length;
    for (let index = 0; index < prefix.length; index += 1) {
      buffer[at + index] = prefix[index] as number; // in range by the loop
    }
    at = writeDigits(buffer, at + prefix.length, line);
    buffer[at] = delimiter;
    data.copy(buffer, at + 1, start, end);
    at += 1 + size;
    buffer[at] = newline;
    this.length = at + 1;
  }

  private grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** Writes a whole number in decimal at `at` and returns where it ends. */
function writeDigits(buffer: Buffer, at: number, value: number): number {
  let size = 1;
  for (let power = 10; power <= value; power *= 10) size += 1;
  let rest = value;
  for (let index = at + size - 1; index >= at; index -= 1) {
    const next = Math.floor(rest / 10);
    buffer[index] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return at + size;
}
