// Which days of a clock are asked for: pure decisions on what is known of a scope.

import type { ApiDataset } from '../datasets/api-types.ts';
import type { Part } from './types.ts';

/** Days that are read again behind the watermark, where nothing else is said. */
export const defaultLookbackDays = 7;

/** What decides the window of a scope. */
export interface WindowFacts {
  /** Up to when the scope is complete, UTC; undefined where it was never read. */
  readonly watermark: Date | undefined;
  /** Up to when bulk files hold the same rows; undefined where none are loaded. */
  readonly bulkWatermark: Date | undefined;
  /** A day that the user names, as YYYY-MM-DD. */
  readonly since: string | undefined;
  readonly lookbackDays: number;
  readonly isFull: boolean;
  readonly now: Date;
}

/** What is to be read of a scope. */
export interface Window {
  readonly parts: readonly Part[];
  /** First day, as YYYY-MM-DD; undefined where all is read. */
  readonly from: string | undefined;
  /** How many of the parts are days that were read before. */
  readonly overlapParts: number;
  /** False where days between the watermark and the window are left out: its end proves nothing of them. */
  readonly advances: boolean;
}

/**
 * Plans a window. Each day of the overlap is a part of its own, so that a day of which nothing changed
 * costs one call; what is new is one part.
 */
export function planWindow(dataset: ApiDataset, facts: WindowFacts): Window {
  const { clock } = dataset;
  const whole = dataset.paths.map((path) => ({ path }));
  const known = laterOf(facts.watermark, facts.bulkWatermark);
  const isWhole = facts.isFull || (facts.since === undefined && known === undefined);
  if (clock === undefined || isWhole) {
    return { parts: whole, from: undefined, overlapParts: 0, advances: true };
  }
  // A maximum of the `timestamp` grain is the midnight that ends today; one of `date` is a day to spare.
  const to = addDays(dayOf(facts.now), 1);
  const path = dataset.paths[0] ?? '';
  if (facts.since !== undefined || known === undefined) {
    const from = facts.since ?? dayOf(facts.now);
    const advances = known === undefined || from <= dayOf(known);
    return { parts: [{ path, from, to }], from, overlapParts: 0, advances };
  }
  const fresh = dayOf(known);
  const from = addDays(fresh, -facts.lookbackDays);
  // What bulk brought is not in the API's table: the first time there is nothing to compare a day with.
  if (facts.watermark === undefined) {
    return { parts: [{ path, from, to }], from, overlapParts: 0, advances: true };
  }
  const overlap = listDays(from, fresh).map((day) => ({
    path,
    from: day,
    to: clock.grain === 'timestamp' ? addDays(day, 1) : day,
  }));
  return {
    parts: [...overlap, { path, from: fresh, to }],
    from,
    overlapParts: overlap.length,
    advances: true,
  };
}

/** Halves a part that the API cannot answer in time; undefined for a single day, or where all is read. */
export function halvePart(dataset: ApiDataset, part: Part): readonly Part[] | undefined {
  const { from, to } = part;
  if (from === undefined || to === undefined || dataset.clock === undefined) return undefined;
  const days = daysBetween(from, to);
  const least = dataset.clock.grain === 'timestamp' ? 2 : 1;
  if (days < least) return undefined;
  const middle = addDays(from, Math.floor(days / 2));
  // A timestamp's maximum is a midnight, which both halves ask for: better twice than not at all.
  const next = dataset.clock.grain === 'timestamp' ? middle : addDays(middle, 1);
  return [
    { ...part, to: middle },
    { ...part, from: next },
  ];
}

/** Returns the day of a moment, UTC, as YYYY-MM-DD. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** Returns the day so many days later. */
export function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * 86_400_000));
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** Lists the days from the first up to, and without, the last. */
function listDays(first: string, last: string): readonly string[] {
  return Array.from({ length: Math.max(0, daysBetween(first, last)) }, (_, step) =>
    addDays(first, step),
  );
}

function laterOf(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a >= b ? a : b;
}
