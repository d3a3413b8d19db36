// Decides line by line what fits a table, on bytes: a good line costs one pass over its bytes and one
// copy, no JavaScript string and no object. Output is the body of
// `copy … (_line, _hash, <columns>) from stdin (format text, delimiter '|', null '')`: the
// text format costs the server less than csv.

import { isUtf8 } from 'node:buffer';
import type { CommitteeTally } from './committee-tally.ts';
import { LineOutput } from './line-output.ts';
import type { GateCounts, LineEnding, SetAsideLine } from './types.ts';
import { windows1252ToUtf8 } from './windows-1252.ts';

/** What the gate must know of a file. */
export interface GateOptions {
  /** Columns of the table. */
  readonly fieldCount: number;
  /** True when each line ends with one delimiter more. */
  readonly trailingDelimiter: boolean;
  /** Hears of each row that passes. */
  readonly tally?: CommitteeTally | undefined;
  /** A longer line is rejected, and its bytes are cut to this length. */
  readonly maxLineBytes?: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const delimiter = 0x7c;
const startOfHeading = 0x01;
const backslash = 0x5c;
const defaultMaxLineBytes = 1024 * 1024;

// Classes of bytes; those above `isDelimiter` are flags of a line.
const isNewline = 1;
const isDelimiter = 2;
const hasReturn = 4;
const hasNul = 8;
const hasHeading = 16;
const hasHighByte = 32;
const hasBackslash = 64;

const classes = new Uint8Array(256).fill(hasHighByte, 0x80);
classes[newline] = isNewline;
classes[delimiter] = isDelimiter;
classes[carriageReturn] = hasReturn;
classes[0] = hasNul;
classes[startOfHeading] = hasHeading;
classes[backslash] = hasBackslash;

const nothing = Buffer.alloc(0);

/** Takes one file in pieces and returns what COPY is to be sent. */
export class LineGate {
  private readonly maxLineBytes: number;
  private readonly trailingDelimiter: boolean;
  /** Delimiters of a good line. */
  private readonly delimiters: number;
  private readonly output = new LineOutput();
  private readonly tally: CommitteeTally | undefined;
  /** How many delimiters stand before the field that the tally wants to find. */
  private readonly delimitersBeforeMark: number;
  /** Where that field starts in the line under way. */
  private mark = 0;
  private setAside: SetAsideLine[] = [];
  /** The start of a line whose newline has not come yet. */
  private pending = nothing;
  /** Bytes of an over-long line that were dropped so far; undefined outside such a line. */
  private dropped: number | undefined;
  private rowsRead = 0;
  private rowsRejected = 0;
  private rowsRepaired = 0;
  private lineEnding: LineEnding | undefined;
  private endsWithNewline = true;

  constructor(options: GateOptions) {
    this.maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes;
    this.trailingDelimiter = options.trailingDelimiter;
    this.delimiters = options.fieldCount - 1 + (options.trailingDelimiter ? 1 : 0);
    this.tally = options.tally;
    this.delimitersBeforeMark = options.tally?.dateField ?? -1;
  }

  /** Takes the next bytes of the file. */
  push(chunk: Buffer): Buffer {
    let data = chunk;
    if (this.dropped !== undefined) {
      const end = chunk.indexOf(newline);
      if (end < 0) {
        this.dropped += chunk.length;
        return nothing;
      }
      this.takeCutLine(this.dropped + end);
      data = chunk.subarray(end + 1);
    } else if (this.pending.length > 0) {
      data = Buffer.concat([this.pending, chunk]);
    }
    this.output.start(data);
    this.keepUnfinished(data.subarray(this.takeLines(data)));
    return this.output.bytes();
  }

  /** Takes the end of the file. */
  end(): Buffer {
    const line = this.pending;
    this.endsWithNewline = line.length === 0;
    if (this.dropped !== undefined) {
      this.takeCutLine(this.dropped);
      return nothing;
    }
    this.pending = nothing;
    this.output.start(line);
    if (line.length > 0) {
      let flags = 0;
      let found = 0;
      for (const [index, byte] of line.entries()) {
        const kind = classes[byte] ?? 0;
        if (kind !== isDelimiter) {
          flags |= kind;
          continue;
        }
        found += 1;
        if (found === this.delimitersBeforeMark) this.mark = index + 1;
      }
      this.takeLine(line, 0, line.length, flags, found);
    }
    return this.output.bytes();
  }

  /** Returns the lines set aside since the last call, and forgets them. */
  takeSetAside(): readonly SetAsideLine[] {
    const taken = this.setAside;
    if (taken.length > 0) this.setAside = [];
    return taken;
  }

  /** Returns what was seen so far; complete after `end`. */
  counts(): GateCounts {
    return {
      rowsRead: this.rowsRead,
      rowsPassed: this.rowsRead - this.rowsRejected,
      rowsRejected: this.rowsRejected,
      rowsRepaired: this.rowsRepaired,
      lineEnding: this.lineEnding ?? 'lf',
      endsWithNewline: this.endsWithNewline,
    };
  }

  /** Returns the sum of the hashes of the rows that passed so far. */
  hashSum(): bigint {
    return this.output.hashSum();
  }

  /** Takes every whole line of `data` and returns where the unfinished one starts. */
  private takeLines(data: Buffer): number {
    const length = data.length;
    const { delimitersBeforeMark } = this;
    let start = 0;
    let flags = 0;
    let found = 0;
    for (let index = 0; index < length; index += 1) {
      const kind = classes[data[index] as number] as number; // a byte: both indexes are in range
      if (kind === 0) continue;
      if (kind === isDelimiter) {
        found += 1;
        if (found === delimitersBeforeMark) this.mark = index + 1;
      } else if (kind === isNewline) {
        this.takeLine(data, start, index, flags, found);
        start = index + 1;
        flags = 0;
        found = 0;
      } else {
        flags |= kind;
      }
    }
    return start;
  }

  /** Judges the line `data[start, end)`; `flags` and `found` (delimiters) are what the scan saw in it. */
  private takeLine(data: Buffer, start: number, end: number, flags: number, found: number): void {
    this.rowsRead += 1;
    const isGood =
      flags === 0 &&
      found === this.delimiters &&
      (!this.trailingDelimiter || data[end - 1] === delimiter) &&
      end - start <= this.maxLineBytes &&
      this.lineEnding !== 'crlf';
    if (isGood) {
      this.lineEnding = 'lf';
      const textEnd = this.trailingDelimiter ? end - 1 : end;
      this.output.add(start, textEnd, this.rowsRead);
      this.tally?.add(data, start, textEnd, this.mark);
    } else {
      this.takeUnusualLine(data.subarray(start, end), flags, found);
    }
  }

  private takeUnusualLine(received: Buffer, flags: number, found: number): void {
    // Without a newline after it, a carriage return at the end of the file is data.
    const hasNewline = this.endsWithNewline;
    const returned = hasNewline && received.at(-1) === carriageReturn;
    this.lineEnding ??= returned ? 'crlf' : 'lf';
    const line = returned ? received.subarray(0, -1) : received;
    const fault = this.findFault(line, flags, found);
    if (fault !== undefined) {
      this.keepApart('rejected', received.subarray(0, this.maxLineBytes), fault);
      return;
    }
    const repairs: string[] = [];
    if (hasNewline && returned !== (this.lineEnding === 'crlf')) {
      repairs.push(returned ? 'carriage return at the end' : 'no carriage return at the end');
    }
    let text = this.trailingDelimiter ? line.subarray(0, -1) : line;
    if ((flags & hasHighByte) !== 0 && !isUtf8(text)) {
      text = windows1252ToUtf8(text);
      repairs.push('not UTF-8, read as Windows-1252');
    }
    if (repairs.length > 0) this.keepApart('repaired', received, repairs.join('; '));
    this.output.addEscaped(text, this.rowsRead);
    this.tally?.add(text, 0, text.length);
  }

  private findFault(line: Buffer, flags: number, found: number): string | undefined {
    if (line.length > this.maxLineBytes) return this.tooLong(line.length);
    if ((flags & hasNul) !== 0) return 'holds a NUL byte';
    if ((flags & hasHeading) !== 0) return 'holds byte 0x01';
    if (found !== this.delimiters) {
      return `${countFields(found + 1)} instead of ${countFields(this.delimiters + 1)}`;
    }
    if (this.trailingDelimiter && line.at(-1) !== delimiter) return 'text after the last delimiter';
    return undefined;
  }

  /** Ends an over-long line whose first bytes are pending and whose rest was dropped. */
  private takeCutLine(droppedBytes: number): void {
    const kept = this.pending;
    this.rowsRead += 1;
    this.lineEnding ??= 'lf';
    this.keepApart('rejected', kept, this.tooLong(kept.length + droppedBytes));
    this.pending = nothing;
    this.dropped = undefined;
  }

  private keepUnfinished(rest: Buffer): void {
    // One byte more may be the carriage return after a line that just fits.
    const isTooLong = rest.length > this.maxLineBytes + 1;
    const kept = isTooLong ? rest.subarray(0, this.maxLineBytes) : rest;
    if (isTooLong) this.dropped = rest.length - kept.length;
    this.pending = kept.length === 0 ? nothing : Buffer.from(kept);
  }

  private keepApart(fate: SetAsideLine['fate'], bytes: Buffer, reason: string): void {
    // A copy: the chunk is bigger than the line and is not to be kept for it.
    this.setAside.push({ fate, line: this.rowsRead, bytes: Buffer.from(bytes), reason });
    if (fate === 'rejected') this.rowsRejected += 1;
    else this.rowsRepaired += 1;
  }

  private tooLong(length: number): string {
    return `${length} bytes in one line, the first ${this.maxLineBytes} are kept`;
  }
}

function countFields(count: number): string {
  return count === 1 ? '1 field' : `${count} fields`;
}
