// run_results.json while a run goes on, so that `retry` can take up one that was killed.

import type { NodeId } from '../compile/types.ts';
import { nodesOf } from '../execute/schedule.ts';
import type { Outcome, RunListener, RunResult } from '../execute/types.ts';
import type { Plan } from '../plan/types.ts';

/** A run that is being recorded. */
export interface RunRecording {
  readonly listener: RunListener;
  /** Waits for what is being written; after it nothing more is. */
  close(): Promise<void>;
}

/** Milliseconds between two records, and how many times longer than writing one that must be. */
const everyMs = 1000;
const rest = 20;

/**
 * Records that all nodes of a plan are still to be run, and now and then which of them have ended; what
 * ended since the last record is run again by a retry, which changes nothing.
 */
export async function recordRun(
  plan: Plan,
  listener: RunListener,
  write: (result: RunResult) => Promise<void>,
): Promise<RunRecording> {
  const startedAtMs = Date.now();
  const pending = new Set(
    plan.steps.flatMap((step) => [
      ...nodesOf(step),
      ...(step.kind === 'build' ? step.audits.map(({ test }) => test) : []),
    ]),
  );
  const ended: Outcome[] = [];
  let nextMs = 0;
  const record = async (): Promise<void> => {
    const beganMs = Date.now();
    const outcomes = [...ended, ...[...pending].map((node) => notRun(node, startedAtMs))];
    await write({ outcomes, interrupted: true, elapsedMs: beganMs - startedAtMs });
    nextMs = Date.now() + Math.max(everyMs, rest * (Date.now() - beganMs));
  };
  await record();
  let isClosed = false;
  let writing: Promise<void> | undefined;
  return {
    listener: {
      started: listener.started,
      ended: (outcome, index, total) => {
        listener.ended(outcome, index, total);
        ended.push(outcome);
        pending.delete(outcome.node);
        if (isClosed || writing !== undefined || Date.now() < nextMs) return;
        writing = record().finally(() => {
          writing = undefined;
        });
        // A fault that lasts is told where the whole result is written; one that passes does no harm.
        writing.catch(() => undefined);
      },
    },
    close: async () => {
      isClosed = true;
      await writing;
    },
  };
}

function notRun(node: NodeId, atMs: number): Outcome {
  return {
    node,
    status: 'skipped',
    skippedBecause: 'interrupted',
    rows: undefined,
    failures: undefined,
    notice: undefined,
    sample: undefined,
    diff: undefined,
    error: undefined,
    auditOf: undefined,
    startedAtMs: atMs,
    finishedAtMs: atMs,
    thread: 0,
  };
}
