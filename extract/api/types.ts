// What the steps of the API's extraction hand to each other.

/** A part of a scope that is walked from its first page to its last. */
export interface Part {
  /** Path below the API's address. */
  readonly path: string;
  /** First and last day of the clock, as YYYY-MM-DD, both included; undefined where all is read. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Parameters that a request takes from the answer before it; none for a first page. */
export type Cursor = Readonly<Record<string, string>>;

/** One record of an answer. */
export interface ApiRecord {
  /** As received, byte for byte. */
  readonly json: string;
  /** Undefined where the record has none. */
  readonly key: string | undefined;
  /** Why it cannot be stored; undefined where it can. */
  readonly fault: string | undefined;
}

/** One answer of the API. */
export interface Page {
  readonly records: readonly ApiRecord[];
  /** Rows of the whole part, as the API counts them. */
  readonly count: number | undefined;
  readonly isCountExact: boolean;
  /** Pages of the whole part; undefined for seek paging. */
  readonly pages: number | undefined;
  /** What the next request must send back; undefined behind the last row. */
  readonly lastIndexes: Cursor | undefined;
  /** True where the last record has no value to sort by. */
  readonly endsWithoutSortValue: boolean;
}

/** Times and numbers by which the API is waited for; tests give smaller ones. */
export interface ApiPatience {
  /** For one answer, from the request to the last byte. */
  readonly answerMs: number;
  /** Before the second try; doubled before each further one. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  readonly retries: number;
  /** How long all calls of a key wait after a 429 that does not say how long. */
  readonly blockedMs: number;
  /** Before a scope that failed is tried once more. */
  readonly scopeRetryMs: number;
  /** The time over which the quota counts. */
  readonly quotaMs: number;
}

/** How a user's extraction waits. The API's own limit for a query is 55 s. */
export const defaultPatience: ApiPatience = {
  answerMs: 90_000,
  retryMs: 2_000,
  longestRetryMs: 60_000,
  retries: 5,
  blockedMs: 60_000,
  scopeRetryMs: 30_000,
  quotaMs: 3_600_000,
};
