// Runs steps over their `after` edges with a fixed number of threads, in a deterministic order of choice.

import type { NodeId } from '../compile/types.ts';
import type { Step } from '../plan/types.ts';

/** Why a step did not run. */
export type SkipReason = NodeId | 'interrupted';

/** For each node of a step what its followers are skipped for; undefined where all is well. */
export type Settled = ReadonlyMap<NodeId, SkipReason | undefined>;

/** What the scheduler asks of its caller. */
export interface ScheduleActions {
  readonly threads: number;
  perform(step: Step, thread: number): Promise<Settled>;
  skip(step: Step, because: SkipReason): void;
  /** Returns why nothing more may start, or undefined. */
  stopReason(): SkipReason | undefined;
}

/** Performs or skips every step; throws only when an action throws, after the running steps have ended. */
export async function schedule(steps: readonly Step[], actions: ScheduleActions): Promise<void> {
  const settled = new Map<NodeId, SkipReason | undefined>();
  const known = new Set(steps.flatMap(nodesOf));
  const free = Array.from({ length: actions.threads }, (_, index) => index + 1);
  const running = new Set<Promise<void>>();
  const faults: unknown[] = [];
  let waiting = [...steps];

  const start = (step: Step, thread: number) => {
    const ended = actions
      .perform(step, thread)
      .then((reasons) => {
        for (const [node, reason] of reasons) settled.set(node, reason);
      })
      .catch((error: unknown) => {
        faults.push(error);
        for (const node of nodesOf(step)) settled.set(node, node);
      })
      .then(() => {
        free.push(thread);
        free.sort((a, b) => a - b);
        running.delete(ended);
      });
    running.add(ended);
  };

  while (waiting.length > 0 || running.size > 0) {
    const left: Step[] = [];
    for (const step of waiting) {
      const reason = actions.stopReason() ?? blockedBy(step, settled);
      if (reason !== undefined) {
        actions.skip(step, reason);
        for (const node of nodesOf(step)) settled.set(node, reason);
      } else if (free.length > 0 && isReady(step, settled, known)) {
        start(step, free.shift() ?? 1);
      } else {
        left.push(step);
      }
    }
    waiting = left;
    if (running.size === 0 && waiting.length > 0) {
      throw new Error(`steps wait for each other: ${waiting.map((step) => step.node).join(', ')}`);
    }
    // A race of nothing would never end: the last steps may all have been skipped.
    if (running.size > 0) await Promise.race(running);
  }
  if (faults.length > 0) throw faults[0];
}

/** The nodes that a step settles: its own, or all tests of a step of tests. */
export function nodesOf(step: Step): readonly NodeId[] {
  return step.kind === 'test' ? step.queries.map(({ test }) => test) : [step.node];
}

function blockedBy(
  step: Step,
  settled: ReadonlyMap<NodeId, SkipReason | undefined>,
): SkipReason | undefined {
  return step.after.map((id) => settled.get(id)).find((reason) => reason !== undefined);
}

function isReady(
  step: Step,
  settled: ReadonlyMap<NodeId, SkipReason | undefined>,
  known: ReadonlySet<NodeId>,
): boolean {
  return step.after.every((id) => settled.has(id) || !known.has(id));
}
