// Moments and batches of time, all in UTC and in milliseconds since the epoch.

/** The sizes that a batch can have. */
export type BatchSize = 'hour' | 'day' | 'month' | 'year';

/** A stretch of time, from its start up to and without its end. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

const momentForm =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** Reads a date or a date with a time, in UTC where it names no zone; undefined where it is neither. */
export function parseMoment(text: string): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] = momentForm.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const offset =
    zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  const ms = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Returns the start of the batch that holds a moment. */
export function floorMoment(ms: number, size: BatchSize): number {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  switch (size) {
    case 'hour':
      return Date.UTC(year, date.getUTCMonth(), date.getUTCDate(), date.getUTCHours());
    case 'day':
      return Date.UTC(year, date.getUTCMonth(), date.getUTCDate());
    case 'month':
      return Date.UTC(year, date.getUTCMonth());
    case 'year':
      return Date.UTC(year, 0);
  }
}

/** Returns the start of the batch that lies `count` batches after the one that begins here. */
export function offsetMoment(startMs: number, size: BatchSize, count: number): number {
  const date = new Date(startMs);
  switch (size) {
    case 'hour':
      return startMs + count * 3_600_000;
    case 'day':
      return startMs + count * 86_400_000;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count);
    case 'year':
      return Date.UTC(date.getUTCFullYear() + count, 0);
  }
}

/** Returns the end of the batch that holds a moment; a moment at which one begins is the end of the last. */
export function ceilMoment(ms: number, size: BatchSize): number {
  const floor = floorMoment(ms, size);
  return floor === ms ? ms : offsetMoment(floor, size, 1);
}

/** Writes a moment as PostgreSQL reads it and dbt writes it: `2024-09-01 00:00:00+00:00`. */
export function formatMoment(ms: number): string {
  const iso = new Date(ms).toISOString();
  const fraction = ms % 1000 === 0 ? '' : iso.slice(19, 23);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00:00`;
}

/** dbt's name of a batch: `20240901`, or `20240901T12` for an hour. */
export function batchId(startMs: number, size: BatchSize): string {
  const length = { hour: 13, day: 10, month: 7, year: 4 }[size];
  return new Date(startMs).toISOString().slice(0, length).replaceAll('-', '');
}

/** What decides which batches a run builds. */
export interface BatchChoice {
  readonly nowMs: number;
  readonly size: BatchSize;
  /** Where the first batch begins. */
  readonly beginMs: number;
  /** Batches before the current one that are built again, for rows that came late. */
  readonly lookback: number;
  /** What is built already; undefined where the table is to be built whole. */
  readonly built: readonly Stretch[] | undefined;
  /** The range to build, whatever is built already. */
  readonly range: Stretch | undefined;
}

/**
 * Returns the batches to build, in their order: those of the range that is asked for; else the last
 * ones, as dbt does, and every one since the beginning that is not built as a whole.
 */
export function chooseBatches(choice: BatchChoice): readonly Stretch[] {
  const { size, range, built, nowMs, lookback } = choice;
  if (range !== undefined) {
    return batchesBetween(floorMoment(range.startMs, size), ceilMoment(range.endMs, size), size);
  }
  const end = ceilMoment(nowMs, size);
  const recent = offsetMoment(end, size, -(lookback + 1));
  const begin = floorMoment(choice.beginMs, size);
  const all = batchesBetween(begin, end, size);
  if (built === undefined) return all;
  const covered = joinStretches(built);
  return all.filter((batch) => batch.startMs >= recent || !isCovered(batch, covered));
}

function batchesBetween(startMs: number, endMs: number, size: BatchSize): readonly Stretch[] {
  const batches: Stretch[] = [];
  for (let at = startMs; at < endMs; ) {
    const next = offsetMoment(at, size, 1);
    batches.push({ startMs: at, endMs: next });
    at = next;
  }
  return batches;
}

function joinStretches(stretches: readonly Stretch[]): readonly Stretch[] {
  const joined: Stretch[] = [];
  for (const next of [...stretches].sort((a, b) => a.startMs - b.startMs)) {
    const last = joined.at(-1);
    if (last === undefined || next.startMs > last.endMs) joined.push(next);
    else joined[joined.length - 1] = { ...last, endMs: Math.max(last.endMs, next.endMs) };
  }
  return joined;
}

function isCovered(batch: Stretch, joined: readonly Stretch[]): boolean {
  return joined.some(({ startMs, endMs }) => startMs <= batch.startMs && batch.endMs <= endMs);
}
