// What the rows of a file say of each committee, counted while they pass: once the file is published,
// Bronze's live rows are those of the file, so nobody has to read them again to know.

import type { CommitteeCount } from '../bronze/types.ts';

/** Where a file has what is counted, and what counts. */
export interface TallyOptions {
  /** Place of `cmte_id` among the fields, from 0. */
  readonly committeeField: number;
  /** Place of a date as MMDDYYYY, from 0; it comes after the committee's. */
  readonly dateField: number;
  /** As 20190317; later dates are typos and do not count. */
  readonly latestDay: number;
  /** With more committees than this the tally gives up: it is to stay small in memory. */
  readonly maxCommittees?: number;
}

const delimiter = 0x7c;
const letterC = 0x43;
const zero = 0x30;
const idBytes = 9;
const dateBytes = 8;
/** Ten times as many as have ever filed in one cycle. */
const defaultMaxCommittees = 250_000;

/** Counts rows and the last day of each committee; numbers alone, no string per row. */
export class CommitteeTally {
  private readonly options: TallyOptions;
  private readonly maxCommittees: number;
  /** Slots of committees named `C` and eight digits, by that number. */
  private readonly numbered = new Map<number, number>();
  /** Slots of all others, by name. */
  private readonly named = new Map<string, number>();
  private rows = new Float64Array(1024);
  private days = new Int32Array(1024);
  private size = 0;
  private hasGivenUp = false;

  constructor(options: TallyOptions) {
    this.options = options;
    this.maxCommittees = options.maxCommittees ?? defaultMaxCommittees;
  }

  /** Place of the date among the fields: who knows where it starts may say so to `add`. */
  get dateField(): number {
    return this.options.dateField;
  }

  /** Counts the row `data[start, end)`; its date starts at `dateStart`. */
  add(data: Buffer, start: number, end: number, dateStart?: number): void {
    const { committeeField, dateField, latestDay } = this.options;
    const idStart = skipFields(data, start, end, committeeField);
    const idEnd = fieldEnd(data, idStart, end);
    if (idEnd === idStart || this.hasGivenUp) return;
    const slot = this.slotOf(data, idStart, idEnd);
    if (slot === undefined) return;
    this.rows[slot] = (this.rows[slot] ?? 0) + 1;
    const dayStart = dateStart ?? skipFields(data, idEnd + 1, end, dateField - committeeField - 1);
    if (fieldEnd(data, dayStart, end) - dayStart !== dateBytes) return;
    const day = readDay(data, dayStart);
    if (day <= latestDay && day > (this.days[slot] ?? 0)) this.days[slot] = day;
  }

  /** Returns what was counted; undefined when there were too many committees to count. */
  counts(): readonly CommitteeCount[] | undefined {
    if (this.hasGivenUp) return undefined;
    const count = (committee: string, slot: number): CommitteeCount => ({
      committee,
      rows: this.rows[slot] ?? 0,
      lastDay: this.days[slot] || undefined,
    });
    return [
      ...[...this.numbered].map(([number, slot]) =>
        count(`C${String(number).padStart(idBytes - 1, '0')}`, slot),
      ),
      ...[...this.named].map(([name, slot]) => count(name, slot)),
    ];
  }

  private slotOf(data: Buffer, start: number, end: number): number | undefined {
    const number = readNumber(data, start, end);
    const found =
      number === undefined
        ? this.named.get(data.toString('utf8', start, end))
        : this.numbered.get(number);
    if (found !== undefined) return found;
    if (this.size === this.maxCommittees) {
      this.hasGivenUp = true;
      return undefined;
    }
    const slot = this.size;
    this.size += 1;
    if (slot === this.rows.length) this.grow();
    if (number === undefined) this.named.set(data.toString('utf8', start, end), slot);
    else this.numbered.set(number, slot);
    return slot;
  }

  private grow(): void {
    const rows = new Float64Array(this.rows.length * 2);
    rows.set(this.rows);
    this.rows = rows;
    const days = new Int32Array(this.days.length * 2);
    days.set(this.days);
    this.days = days;
  }
}

function skipFields(data: Buffer, start: number, end: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < end; at += 1) {
    if (data[at] === delimiter) left -= 1;
  }
  return at;
}

function fieldEnd(data: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && data[at] !== delimiter) at += 1;
  return at;
}

/** Returns the number of a committee named `C` and eight digits; undefined for any other name. */
function readNumber(data: Buffer, start: number, end: number): number | undefined {
  if (end - start !== idBytes || data[start] !== letterC) return undefined;
  const number = readDigits(data, start + 1, end);
  return number < 0 ? undefined : number;
}

/** Returns digits as a number; -1 where something else stands among them. */
function readDigits(data: Buffer, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (data[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

const daysOfMonth = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Returns a date of 1900 to 2099 written MMDDYYYY as 20190317; 0 for what is no day of the calendar. */
function readDay(data: Buffer, start: number): number {
  const digits = readDigits(data, start, start + dateBytes);
  const month = Math.floor(digits / 1_000_000);
  const day = Math.floor(digits / 10_000) % 100;
  const year = digits % 10_000;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = (daysOfMonth[month] ?? 0) + (month === 2 && isLeap ? 1 : 0);
  if (year < 1900 || year > 2099 || day < 1 || day > last) return 0;
  return year * 10_000 + month * 100 + day;
}
