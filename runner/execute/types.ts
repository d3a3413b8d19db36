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
