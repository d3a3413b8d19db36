import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../../core/package-root.ts';

/** Calls by function, for each of two projects. */
type Counts = readonly Readonly<Record<string, number>>[];

const nodes = 120;

/** In a process of its own, so that coverage of this one goes on undisturbed. */
function countCalls(): Counts {
  const script = join(packageRoot(), 'tests/support/count-calls.ts');
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const args = ['--import', 'tsx', script, String(nodes), String(nodes * 2)];
  return JSON.parse(
    execFileSync(process.execPath, args, {
      cwd: packageRoot(),
      env,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  );
}

describe('growth of the work with the project', function () {
  this.timeout(60_000);
  let counts: Counts;

  before(() => {
    counts = countCalls();
  });

  it('is at most in proportion for all calls together', () => {
    const [small, large] = counts.map((one) =>
      Object.values(one).reduce((sum, count) => sum + count, 0),
    );
    assert.ok(small !== undefined && large !== undefined && small > nodes * 100);
    assert.ok(large / small < 2.1, `twice the nodes take ${large / small} times the calls`);
  });

  it('is at most in proportion for each function, but for the comparisons of sorting', () => {
    const [small = {}, large = {}] = counts;
    const grown = Object.entries(large)
      .filter(([name, count]) => count > nodes * 10 && count / (small[name] ?? 1) > 2.5)
      .map(([name, count]) => `${name}: ${small[name] ?? 0} calls, then ${count}`);
    assert.deepEqual(grown, []);
  });
});
