// Runs steps over their `after` edges with a fixed number of threads: of those that may start, the one that
// begins the longest chain goes first.

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
  let waiting = byCriticalPath(steps);

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

/**
 * Orders steps by the longest chain of steps that wait for each, then by how many wait for it in all, then
 * as the plan has them; so what holds up most is never behind what holds up nothing.
 */
export function byCriticalPath(steps: readonly Step[]): Step[] {
  const places = new Map(steps.flatMap((step, at) => nodesOf(step).map((node) => [node, at])));
  const parents = steps.map((step, at) => {
    const found = step.after.flatMap((node) => places.get(node) ?? []);
    return [...new Set(found)].filter((parent) => parent !== at);
  });
  const open = steps.map(() => 0);
  for (const parent of parents.flat()) open[parent] = (open[parent] ?? 0) + 1;
  const chain = new Uint32Array(steps.length);
  // A bit for each step: chains that meet again below are counted once.
  const words = Math.ceil(steps.length / 32);
  const below = new Uint32Array(steps.length * words);
  const ended = steps.flatMap((_, at) => (open[at] === 0 ? [at] : []));
  // Grows while it is read; steps of a circle never get in, and keep to the order of the plan.
  for (const at of ended) {
    for (const parent of parents[at] ?? []) {
      chain[parent] = Math.max(chain[parent] ?? 0, (chain[at] ?? 0) + 1);
      for (let word = 0; word < words; word += 1) {
        const bits = below[at * words + word] ?? 0;
        below[parent * words + word] = (below[parent * words + word] ?? 0) | bits;
      }
      const own = parent * words + (at >>> 5);
      below[own] = (below[own] ?? 0) | (1 << (at & 31));
      open[parent] = (open[parent] ?? 0) - 1;
      if (open[parent] === 0) ended.push(parent);
    }
  }
  const counts = steps.map((_, at) => countBits(below.subarray(at * words, (at + 1) * words)));
  const weigh = (at: number, other: number): number =>
    (chain[other] ?? 0) - (chain[at] ?? 0) ||
    (counts[other] ?? 0) - (counts[at] ?? 0) ||
    at - other;
  const order = steps.map((_, at) => at).sort(weigh);
  return order.flatMap((at) => steps[at] ?? []);
}

function countBits(words: Uint32Array): number {
  let count = 0;
  for (const word of words) for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
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
