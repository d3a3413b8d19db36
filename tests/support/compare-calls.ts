// Calls a day for the sample's committees: FundLens's scheme, committee by committee, and one national stream.

import { loadedAt, sampleLines } from './openfec-data.ts';

/** What a day costs by both schemes. */
export interface DayOfCalls {
  /** Day on which the rows were loaded, as YYYY-MM-DD. */
  readonly day: string;
  /** Rows that were loaded that day, of all committees. */
  readonly rows: number;
  /** Among them, rows of the committees that the per-committee scheme follows. */
  readonly followedRows: number;
  /** Calls of the per-committee scheme, without its lists of committees and candidates. */
  readonly perCommittee: number;
  /** Rows of its committees that it does not see: dated before its window. */
  readonly missed: number;
  /** Calls of the national stream, its overlap included. */
  readonly national: number;
}

const pageRows = 100;

/** Calls of seek paging: the pages and the empty one behind them. */
function seekCalls(rows: number): number {
  return rows === 0 ? 1 : Math.ceil(rows / pageRows) + 1;
}

/** The committees that it follows: of House and Senate candidates, principal and authorized. */
export function followedCommittees(): ReadonlySet<string> {
  const lines = sampleLines('cm20').filter(
    (line) => /^[HS]$/.test(line[9] ?? '') && /^[PA]$/.test(line[8] ?? ''),
  );
  return new Set(lines.map((line) => line[0] ?? ''));
}

interface Receipt {
  readonly committee: string;
  readonly date: string;
  readonly loaded: string;
}

/** Receipts of the sample: its refunds are disbursements. */
function readReceipts(): readonly Receipt[] {
  return sampleLines('indiv20')
    .filter((line) => !(line[5] ?? '').startsWith('2'))
    .map((line) => {
      const date = line[13] ?? '';
      return {
        committee: line[0] ?? '',
        date: `${date.slice(4)}-${date.slice(0, 2)}-${date.slice(2, 4)}`,
        loaded: loadedAt(line).slice(0, 10),
      };
    });
}

/** Simulates both schemes day by day, from a first day on which both know all that was loaded before. */
export function compareCalls(
  first: string,
  last: string,
  lookbackDays: number,
): readonly DayOfCalls[] {
  const receipts = readReceipts();
  const followed = followedCommittees();
  const newest = new Map<string, string>();
  const know = (row: Receipt): void => {
    if (row.date > (newest.get(row.committee) ?? '')) newest.set(row.committee, row.date);
  };
  for (const row of receipts.filter(({ loaded }) => loaded < first)) know(row);
  const days: DayOfCalls[] = [];
  for (let day = first; day <= last; day = dayAfter(day, 1)) {
    const loaded = receipts.filter((row) => row.loaded === day);
    const own = loaded.filter((row) => followed.has(row.committee));
    // It asks each committee for what is dated from its newest gift less a day on.
    const since = new Map([...newest].map(([id, date]) => [id, dayAfter(date, -1)] as const));
    const seenRows = new Map<string, number>();
    for (const row of receipts) {
      const isSeen = row.loaded <= day && row.date >= (since.get(row.committee) ?? '');
      if (isSeen && followed.has(row.committee)) {
        seenRows.set(row.committee, (seenRows.get(row.committee) ?? 0) + 1);
      }
    }
    let perCommittee = 0;
    for (const id of followed) perCommittee += seekCalls(seenRows.get(id) ?? 0);
    const missed = own.filter((row) => row.date < (since.get(row.committee) ?? '')).length;
    days.push({
      day,
      rows: loaded.length,
      followedRows: own.length,
      perCommittee,
      missed,
      national: lookbackDays + seekCalls(loaded.length),
    });
    for (const row of loaded) know(row);
  }
  return days;
}

/** Returns the day so many days later. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
