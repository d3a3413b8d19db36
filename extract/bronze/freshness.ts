// Whether the file that is loaded is as new as the FEC's files should be.

const dayMs = 24 * 3_600_000;

/** How old a file may be before a newer one should be there: weekends, holidays and late runs included. */
const patienceDays = { daily: 3, weekly: 10 } as const;

/** What is known of a loaded file. */
export interface LoadedFile {
  /** The even year that ends the cycle. */
  readonly cycle: number;
  /** How often the FEC writes it while the cycle runs. */
  readonly refresh: 'daily' | 'weekly';
  /** When the FEC wrote it. */
  readonly writtenAt: Date;
  /** When the FEC was last asked for a newer one. */
  readonly checkedAt: Date | undefined;
}

/** A judgement on a loaded file. */
export interface Freshness {
  /**
   * `stale`: a newer file should be there and was not asked for. `late`: it was asked for, and the FEC had
   * none. `fresh`: neither.
   */
  readonly state: 'fresh' | 'stale' | 'late';
  /** Whole days since the FEC wrote the file. */
  readonly ageDays: number;
  /** In words that go on after the dataset's name. */
  readonly reason: string;
}

/**
 * Judges a file by its age against the FEC's rhythm. Of a cycle that is over, the file must have been
 * written after its last reports came in, and is then as good as any.
 */
export function judgeFreshness(file: LoadedFile, now: Date): Freshness {
  const { cycle, refresh, writtenAt, checkedAt } = file;
  const patienceMs = patienceDays[refresh] * dayMs;
  // Year-end reports are due on 31 January; by April they are in the files.
  const closesAt = new Date(Date.UTC(cycle + 1, 3, 1));
  const ageDays = Math.max(0, Math.floor((now.getTime() - writtenAt.getTime()) / dayMs));
  const isOver = now.getTime() > closesAt.getTime();
  const wantedMs = Math.min(now.getTime(), closesAt.getTime()) - patienceMs;
  if (writtenAt.getTime() >= wantedMs) {
    const reason = isOver ? 'the cycle is over' : `the FEC writes it ${refresh}`;
    return { state: 'fresh', ageDays, reason };
  }
  const isChecked = checkedAt !== undefined && now.getTime() - checkedAt.getTime() < dayMs;
  const why = isOver
    ? 'was written before the last reports of the cycle were in'
    : `is ${formatAge(ageDays)} old, the FEC writes it ${refresh}`;
  return isChecked
    ? { state: 'late', ageDays, reason: `${why}, and had no newer one when asked` }
    : { state: 'stale', ageDays, reason: why };
}

/** Writes an age: `today`, `3 days`, `5 months`, `7 years`. */
export function formatAge(days: number): string {
  if (days < 1) return 'less than a day';
  const [count, unit] =
    days < 60
      ? [days, 'day']
      : days < 730
        ? [Math.floor(days / 30.44), 'month']
        : [Math.floor(days / 365.25), 'year'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
