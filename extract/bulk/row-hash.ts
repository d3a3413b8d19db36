// The hash that tells a changed row from an unchanged one, made while the line is in hand: it costs the
// program a fifth of what a generated column costs the server. It is Bob Jenkins' lookup3
// (https://burtleburtle.net/bob/c/lookup3.c, public domain, read November 2026) as `hashtextextended(text, 0)`
// of PostgreSQL has it, so that the server can make it too: `rowHashExpression` in `bronze/tables.ts`.

const golden = 0x9e3779b9;
const offset = 3_923_095;

/** A 64-bit number in two halves; a class of numbers would be an object per row. */
export interface Halves {
  /** The upper 32 bits, signed. */
  high: number;
  /** The lower 32 bits, signed as well. */
  low: number;
}

/** Writes the hash of `data[start, end)` into `into`; `view` looks at the same bytes as `data`. */
export function hashRow(
  data: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  into: Halves,
): void {
  let a = (golden + (end - start) + offset) | 0;
  let b = a;
  let c = a;
  let at = start;
  for (; at + 12 <= end; at += 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  // The lowest byte of c is the length's: its bytes begin one place higher.
  for (let place = 0; at < end; at += 1, place += 1) {
    const byte = data[at] as number; // in range by the loop
    if (place < 4) a = (a + (byte << (8 * place))) | 0;
    else if (place < 8) b = (b + (byte << (8 * (place - 4)))) | 0;
    else c = (c + (byte << (8 * (place - 7)))) | 0;
  }
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  c = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  into.high = b;
  into.low = c;
}

const minus = 0x2d;
const billion = 1_000_000_000;

/** Writes a 64-bit number in decimal at `at` and returns where it ends; it takes at most 20 bytes. */
export function writeHalves(buffer: Uint8Array, at: number, { high, low }: Halves): number {
  let upper = high;
  let lower = low;
  let to = at;
  if (upper < 0) {
    buffer[to] = minus;
    to += 1;
    upper = ~upper + (lower === 0 ? 1 : 0);
    lower = -lower;
  }
  // Division by a billion, 16 bits at a time: no step leaves the whole numbers a double can hold.
  const first = upper >>> 0;
  const carried = Math.floor(first / billion);
  let step = (first - carried * billion) * 65_536 + ((lower >>> 16) & 0xffff);
  const second = Math.floor(step / billion);
  step = (step - second * billion) * 65_536 + (lower & 0xffff);
  const third = Math.floor(step / billion);
  const rest = step - third * billion;
  const quotient = carried * 4_294_967_296 + second * 65_536 + third;
  const top = Math.floor(quotient / billion);
  const middle = quotient - top * billion;
  if (top === 0 && middle === 0) return writeDigits(buffer, to, rest);
  to = top === 0 ? writeDigits(buffer, to, middle) : writeDigits(buffer, to, top);
  if (top > 0) to = writePadded(buffer, to, middle);
  return writePadded(buffer, to, rest);
}

/** Writes a whole number in decimal at `at` and returns where it ends. */
export function writeDigits(buffer: Uint8Array, at: number, value: number): number {
  if (value >= billion) {
    const top = Math.floor(value / billion);
    return writePadded(buffer, writeDigits(buffer, at, top), value - top * billion);
  }
  let size = 1;
  for (let power = 10; power <= value; power *= 10) size += 1;
  return writeSized(buffer, at, value, size);
}

function writePadded(buffer: Uint8Array, at: number, value: number): number {
  return writeSized(buffer, at, value, 9);
}

const zero = 0x30;

/** `value` is below a billion: division of numbers of 32 bits is the fast one. */
function writeSized(buffer: Uint8Array, at: number, value: number, size: number): number {
  let rest = value | 0;
  let index = at + size - 1;
  for (; index > at; index -= 2) {
    const next = (rest / 100) | 0;
    const pair = rest - next * 100;
    const ten = (pair / 10) | 0;
    buffer[index] = zero + pair - ten * 10;
    buffer[index - 1] = zero + ten;
    rest = next;
  }
  if (index === at) buffer[index] = zero + rest;
  return at + size;
}
