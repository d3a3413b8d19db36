// Decides record by record what of a quoted CSV fits its table, on bytes. csv-parser would take a quote
// that is never closed for the start of a field that holds the rest of the file: so what it is given is
// cut into records here, and a line with a broken quote costs that line alone.

import { isUtf8 } from 'node:buffer';
import { mendQuotes, shapeOf, withoutLastComma } from './csv-record.ts';
import type { GateCounts, LineEnding, SetAsideLine } from './types.ts';
import { windows1252ToUtf8 } from './windows-1252.ts';

/** What the gate must know of a file. */
export interface CsvGateOptions {
  /** Checks the fields of the first line; throws where they are not the header of the table. */
  readonly onHeader: (header: Buffer) => number;
  /** A longer record is rejected, and its bytes are cut to this length. */
  readonly maxRecordBytes?: number;
}

/** A record that fits: one row by RFC 4180, in UTF-8. */
export interface CsvRecord {
  /** Of its first line in the file, from 1. */
  readonly line: number;
  /** Without its newline. */
  readonly bytes: Buffer;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const defaultMaxRecordBytes = 1024 * 1024;
/** A field of so many lines is a quote that nobody closed. */
const maxLines = 200;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const nothing = Buffer.alloc(0);

/** One line as it came. */
interface PhysicalLine {
  readonly number: number;
  /** Without its newline; a carriage return before that is still there. */
  readonly received: Buffer;
  readonly hasNewline: boolean;
}

/** Takes one file in pieces and returns the records that fit. */
export class CsvGate {
  private readonly options: CsvGateOptions;
  private readonly maxBytes: number;
  /** Fields of a good record; undefined before the header. */
  private fields: number | undefined;
  private lineEnding: LineEnding = 'lf';
  private endsWithNewline = true;
  private lines = 0;
  /** The start of a line whose newline has not come yet. */
  private pending = nothing;
  /** Bytes of an over-long line that were dropped so far. */
  private dropped = 0;
  /** Lines of a record whose quote is still open. */
  private held: PhysicalLine[] = [];
  private passed: CsvRecord[] = [];
  private setAside: SetAsideLine[] = [];
  private rowsPassed = 0;
  private rowsRejected = 0;
  private rowsRepaired = 0;

  constructor(options: CsvGateOptions) {
    this.options = options;
    this.maxBytes = options.maxRecordBytes ?? defaultMaxRecordBytes;
  }

  /** Takes the next bytes of the file. */
  push(chunk: Buffer): readonly CsvRecord[] {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) break;
      this.finishLine(chunk.subarray(start, end), true);
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
    return this.takePassed();
  }

  /** Takes the end of the file. */
  end(): readonly CsvRecord[] {
    if (this.pending.length > 0) {
      this.endsWithNewline = false;
      this.finishLine(nothing, false);
    }
    this.abandonHeld();
    return this.takePassed();
  }

  /** Returns the lines set aside since the last call, and forgets them. */
  takeSetAside(): readonly SetAsideLine[] {
    const taken = this.setAside;
    if (taken.length > 0) this.setAside = [];
    return taken;
  }

  /** Returns what was seen so far, the header not counted; complete after `end`. */
  counts(): GateCounts {
    const { rowsPassed, rowsRejected, rowsRepaired, lineEnding, endsWithNewline } = this;
    const rowsRead = rowsPassed + rowsRejected;
    return { rowsRead, rowsPassed, rowsRejected, rowsRepaired, lineEnding, endsWithNewline };
  }

  private takePassed(): readonly CsvRecord[] {
    const { passed } = this;
    this.passed = [];
    return passed;
  }

  /** Keeps the unfinished line, of an over-long one no more than is kept of a reject. */
  private keep(rest: Buffer): void {
    if (rest.length === 0) return;
    const room = Math.max(0, this.maxBytes + 1 - this.pending.length);
    this.dropped += Math.max(0, rest.length - room);
    this.pending = Buffer.concat([this.pending, rest.subarray(0, room)]);
  }

  private finishLine(rest: Buffer, hasNewline: boolean): void {
    this.keep(rest);
    // A copy where the bytes are the chunk's own, which lives on only for them.
    const received = this.pending;
    const { dropped } = this;
    this.pending = nothing;
    this.dropped = 0;
    this.lines += 1;
    const line = { number: this.lines, received, hasNewline };
    if (this.fields === undefined) {
      this.takeHeader(line);
      return;
    }
    const fault = this.findFault(received, dropped);
    if (fault === undefined) this.takeLine(line);
    else {
      this.abandonHeld();
      this.reject(line, fault);
    }
  }

  private takeHeader({ received, hasNewline }: PhysicalLine): void {
    const marked = received.subarray(0, 3).equals(byteOrderMark);
    const text = marked ? received.subarray(3) : received;
    const returned = hasNewline && text.at(-1) === carriageReturn;
    if (returned) this.lineEnding = 'crlf';
    this.fields = this.options.onHeader(returned ? text.subarray(0, -1) : text);
  }

  private findFault(received: Buffer, dropped: number): string | undefined {
    const length = received.length + dropped;
    const isReturned = dropped === 0 && received.at(-1) === carriageReturn;
    if (length - (isReturned ? 1 : 0) > this.maxBytes) {
      return `${length} bytes in one line, the first ${this.maxBytes} are kept`;
    }
    if (received.includes(0)) return 'holds a NUL byte';
    return received.includes(1) ? 'holds byte 0x01' : undefined;
  }

  private takeLine(line: PhysicalLine): void {
    if (this.held.length > 0) {
      this.takeContinuation(line);
      return;
    }
    const { content } = this.endOf(line);
    const shape = shapeOf(content);
    if (shape.kind === 'whole' && this.fits(content, shape.fields)) {
      this.accept([line], content);
      return;
    }
    // A record by RFC 4180 comes before a guess: a field may end in a quote and a newline.
    if (shape.kind === 'open') this.held = [line];
    else if (shape.kind === 'broken') this.mendOrReject(line, 'a quote stands inside a field');
    else {
      const found = `${countFields(shape.fields)} instead of ${countFields(this.fields ?? 0)}`;
      this.mendOrReject(line, found);
    }
  }

  private mendOrReject(line: PhysicalLine, reason: string): void {
    const mended = mendQuotes(this.endOf(line).content, this.fields ?? 0);
    if (mended === undefined) this.reject(line, reason);
    else this.accept([line], mended, 'a quote inside a field is not doubled');
  }

  /** A line while a quote is open: the rest of that record, or the first good line after a broken one. */
  private takeContinuation(line: PhysicalLine): void {
    const alone = this.endOf(line).content;
    const shape = shapeOf(alone);
    if (shape.kind === 'whole' && this.fits(alone, shape.fields)) {
      this.abandonHeld();
      this.accept([line], alone);
      return;
    }
    const lines = [...this.held, line];
    const joined = joinLines(lines, this.endOf(line).content);
    const whole = shapeOf(joined);
    if (whole.kind === 'whole' && this.fits(joined, whole.fields)) {
      this.held = [];
      this.accept(lines, joined);
    } else if (whole.kind === 'open' && lines.length < maxLines && joined.length <= this.maxBytes) {
      this.held = lines;
    } else {
      this.held = lines;
      this.rejectFirstHeld();
    }
  }

  /** Gives the first of the held lines up, and looks at the others anew. */
  private rejectFirstHeld(): void {
    const [first, ...others] = this.held;
    this.held = [];
    if (first === undefined) return;
    this.mendOrReject(first, 'a quote is opened and not closed');
    for (const line of others) this.takeLine(line);
  }

  /** No line to come belongs to what is held. */
  private abandonHeld(): void {
    while (this.held.length > 0) this.rejectFirstHeld();
  }

  /** True for as many fields as the header has; one empty field after a last comma is passed over. */
  private fits(record: Buffer, fields: number): boolean {
    const wanted = this.fields ?? 0;
    return fields === wanted || (fields === wanted + 1 && withoutLastComma(record) !== record);
  }

  /** Tells a line from its end, and whether that is the file's usual one. */
  private endOf({ received, hasNewline }: PhysicalLine): {
    readonly content: Buffer;
    readonly repair: string | undefined;
  } {
    const returned = hasNewline && received.at(-1) === carriageReturn;
    const content = returned ? received.subarray(0, -1) : received;
    if (!hasNewline || returned === (this.lineEnding === 'crlf'))
      return { content, repair: undefined };
    return {
      content,
      repair: returned ? 'carriage return at the end' : 'no carriage return at the end',
    };
  }

  private accept(lines: readonly PhysicalLine[], record: Buffer, repair?: string): void {
    const [first] = lines;
    const last = lines.at(-1);
    if (first === undefined || last === undefined) return;
    const repairs = [repair, this.endOf(last).repair].filter((reason) => reason !== undefined);
    const shape = shapeOf(record);
    const isLonger = shape.kind === 'whole' && shape.fields > (this.fields ?? 0);
    let bytes = isLonger ? withoutLastComma(record) : record;
    if (!isUtf8(bytes)) {
      bytes = windows1252ToUtf8(bytes);
      repairs.push('not UTF-8, read as Windows-1252');
    }
    if (repairs.length > 0) {
      this.rowsRepaired += 1;
      this.setAside.push({
        fate: 'repaired',
        line: first.number,
        bytes: joinLines(lines, last.received),
        reason: repairs.join('; '),
      });
    }
    this.rowsPassed += 1;
    this.passed.push({ line: first.number, bytes });
  }

  private reject({ number, received }: PhysicalLine, reason: string): void {
    this.rowsRejected += 1;
    const bytes = Buffer.from(received.subarray(0, this.maxBytes));
    this.setAside.push({ fate: 'rejected', line: number, bytes, reason });
  }
}

/** Joins lines as they stood in the file, the last one as it is given. */
function joinLines(lines: readonly PhysicalLine[], last: Buffer): Buffer {
  const parts = lines.slice(0, -1).flatMap(({ received }) => [received, Buffer.from([newline])]);
  return Buffer.concat([...parts, last]);
}

function countFields(count: number): string {
  return count === 1 ? '1 field' : `${count} fields`;
}
