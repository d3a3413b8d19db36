// What came of a run: the only place where errors are data.

import type { UserError } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';

/** How one node ended. */
export type Status = 'success' | 'error' | 'skipped' | 'pass' | 'warn' | 'fail';

/** The first of the rows that a test found wrong. */
export interface Sample {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What a unit test expected and what its model gave, as far as they differ; null is NULL. */
export interface RowDiff {
  readonly columns: readonly string[];
  /** The first of the rows that were expected and not given. */
  readonly missing: readonly (readonly (string | null)[])[];
  /** The first of the rows that were given and not expected. */
  readonly unexpected: readonly (readonly (string | null)[])[];
  readonly missingCount: number;
  readonly unexpectedCount: number;
}

/** What came of one node. */
export interface Outcome {
  readonly node: NodeId;
  readonly status: Status;
  /** Rows written, where the server tells. */
  readonly rows: number | undefined;
  /** Rows or groups that a test found wrong. */
  readonly failures: number | undefined;
  /** Something that the reader of the run should know of a node that ended well. */
  readonly notice: string | undefined;
  /** For a test that failed. */
  readonly sample: Sample | undefined;
  /** For a unit test that failed. */
  readonly diff: RowDiff | undefined;
  /** For an error; for a skip, why. */
  readonly error: UserError | undefined;
  readonly skippedBecause: NodeId | 'interrupted' | undefined;
  /** For a test run on a stage: the node that was being built. */
  readonly auditOf: NodeId | undefined;
  /** Milliseconds since the epoch; equal for a skipped node. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Counts from 1; 0 for a node that never started. */
  readonly thread: number;
}

/** What came of a run, in the order in which nodes ended. */
export interface RunResult {
  readonly outcomes: readonly Outcome[];
  readonly interrupted: boolean;
  readonly elapsedMs: number;
}

/** Told as a run goes on; an index counts the steps of the plan, and an audit has that of its node. */
export interface RunListener {
  started(node: NodeId, index: number, total: number): void;
  ended(outcome: Outcome, index: number, total: number): void;
}

/** How fresh a source is. */
export interface FreshnessOutcome {
  readonly source: NodeId;
  readonly status: 'pass' | 'warn' | 'error' | 'runtime error';
  /** Undefined for a runtime error. */
  readonly found: FreshnessFound | undefined;
  readonly error: UserError | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Counts from 1. */
  readonly thread: number;
}

/** What the database says of the age of a source's rows. */
export interface FreshnessFound {
  /** ISO 8601 in UTC; the year 1 where there is no row. */
  readonly maxLoadedAt: string;
  /** ISO 8601 in UTC: the clock of the server. */
  readonly snapshottedAt: string;
  /** Seconds. */
  readonly ageS: number;
}
