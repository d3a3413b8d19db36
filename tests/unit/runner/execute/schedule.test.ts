import { deepEqual, equal } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { byCriticalPath, schedule } from '../../../../runner/execute/schedule.ts';
import { testQuery } from '../../../../runner/plan/statements.ts';
import type { TestStep } from '../../../../runner/plan/types.ts';
import { dataTest } from '../../../support/manifest.ts';

function step(node: string, ...after: string[]): TestStep {
  const queries = [testQuery(dataTest(node, '', [], { uniqueId: node }))];
  return { kind: 'test', node, after, queries };
}

describe('runner/execute/schedule', () => {
  async function run(steps: readonly TestStep[], threads: number, failing: readonly string[] = []) {
    const log: string[] = [];
    let running = 0;
    let most = 0;
    await schedule(steps, {
      threads,
      stopReason: () => undefined,
      skip: ({ node }, because) => log.push(`skip ${node} for ${because}`),
      perform: async ({ node }, thread) => {
        running += 1;
        most = Math.max(most, running);
        log.push(`start ${node} on ${thread}`);
        await sleep(2);
        running -= 1;
        log.push(`end ${node}`);
        return new Map([[node, failing.includes(node) ? node : undefined]]);
      },
    });
    return { log, most };
  }

  it('starts in the order of the plan, each step after those it needs', async () => {
    const { log, most } = await run([step('a'), step('b', 'a'), step('c'), step('d', 'gone')], 1);
    equal(most, 1);
    deepEqual(
      log.filter((line) => line.startsWith('start')),
      ['start a on 1', 'start b on 1', 'start c on 1', 'start d on 1'],
    );
  });

  it('starts what begins the longest chain first, and then what most others wait for', async () => {
    const steps = [
      step('alone'),
      step('wide'),
      step('long'),
      step('x', 'wide'),
      step('y', 'wide'),
      step('z', 'wide'),
      step('l1', 'long'),
      step('l2', 'l1'),
      step('pair'),
      step('p', 'pair'),
    ];
    const { log } = await run(steps, 2);
    deepEqual(
      log.filter((line) => line.startsWith('start')).map((line) => line.split(' ')[1]),
      ['long', 'wide', 'l1', 'pair', 'alone', 'x', 'y', 'z', 'l2', 'p'],
    );
  });

  it('counts a step once that is reached by two ways, and steps of the same weight as the plan has them', () => {
    const steps = [
      step('b'),
      step('a'),
      step('fan'),
      step('f1', 'fan'),
      step('f2', 'fan'),
      step('f3', 'fan'),
      step('fend', 'f1'),
      step('diamond'),
      step('d1', 'diamond'),
      step('d2', 'diamond'),
      step('end', 'd1', 'd2'),
    ];
    const order = byCriticalPath(steps).map(({ node }) => node);
    // Below `fan` are four steps, below `diamond` three.
    deepEqual(order, ['fan', 'diamond', 'f1', 'd1', 'd2', 'b', 'a', 'f2', 'f3', 'fend', 'end']);
    deepEqual(
      order,
      byCriticalPath(steps).map(({ node }) => node),
    );
  });

  it('orders thousands of steps in no time', () => {
    const steps = Array.from({ length: 5000 }, (_, at) =>
      step(`s${at}`, `s${at - 1}`, `s${at >> 1}`),
    );
    const began = process.cpuUsage();
    const order = byCriticalPath([...steps].reverse());
    deepEqual(order, steps);
    const { user } = process.cpuUsage(began);
    equal(user < 1_000_000, true, `${user} µs`);
  });

  it('keeps to its threads', async () => {
    const steps = Array.from({ length: 9 }, (_, index) => step(`s${index}`));
    equal((await run(steps, 3)).most, 3);
  });

  it('skips all that follows a failure and names the first cause, also when nothing else is left', async () => {
    const { log } = await run([step('a'), step('b', 'a'), step('c', 'b')], 2, ['a']);
    deepEqual(log, ['start a on 1', 'end a', 'skip b for a', 'skip c for a']);
  });
});
