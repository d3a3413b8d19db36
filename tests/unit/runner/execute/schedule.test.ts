import { deepEqual, equal } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { schedule } from '../../../../runner/execute/schedule.ts';
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

  it('keeps to its threads', async () => {
    const steps = Array.from({ length: 9 }, (_, index) => step(`s${index}`));
    equal((await run(steps, 3)).most, 3);
  });

  it('skips all that follows a failure and names the first cause, also when nothing else is left', async () => {
    const { log } = await run([step('a'), step('b', 'a'), step('c', 'b')], 2, ['a']);
    deepEqual(log, ['start a on 1', 'end a', 'skip b for a', 'skip c for a']);
  });
});
