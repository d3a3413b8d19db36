import assert from 'node:assert/strict';
import { formatAge, judgeFreshness } from '../../../../extract/bronze/freshness.ts';

const now = new Date('2026-11-24T12:00:00Z');
const ago = (days: number): Date => new Date(now.getTime() - days * 24 * 3_600_000);
const judge = (
  refresh: 'daily' | 'weekly',
  writtenAt: Date,
  checkedAt?: Date,
  cycle = 2026,
): string => {
  const { state, ageDays } = judgeFreshness({ cycle, refresh, writtenAt, checkedAt }, now);
  return `${state} ${ageDays}`;
};

describe('extract/bronze/freshness', () => {
  it('grants masters three days and transactions ten', () => {
    assert.equal(judge('daily', ago(2.9)), 'fresh 2');
    assert.equal(judge('daily', ago(3.1)), 'stale 3');
    assert.equal(judge('weekly', ago(9.9)), 'fresh 9');
    assert.equal(judge('weekly', ago(10.1)), 'stale 10');
  });

  it('tells a file that nobody asked for from one that the FEC is late with', () => {
    assert.equal(judge('daily', ago(5), ago(0.5)), 'late 5');
    assert.equal(judge('daily', ago(5), ago(1.5)), 'stale 5');
    const file = { cycle: 2026, refresh: 'daily', writtenAt: ago(5), checkedAt: ago(0) } as const;
    assert.equal(
      judgeFreshness(file, now).reason,
      'is 5 days old, the FEC writes it daily, and had no newer one when asked',
    );
  });

  it('takes any file of a cycle that is over, if it was written after the last reports', () => {
    assert.equal(judge('weekly', new Date('2021-04-01T00:00:00Z'), undefined, 2020), 'fresh 2063');
    assert.equal(judge('weekly', new Date('2019-03-17T00:00:00Z'), undefined, 2020), 'stale 2809');
    // Until April a cycle goes on as before.
    const spring = new Date('2027-03-20T00:00:00Z');
    const file = { cycle: 2026, refresh: 'daily', writtenAt: now, checkedAt: undefined } as const;
    assert.equal(judgeFreshness(file, spring).state, 'stale');
  });

  it('writes ages for people', () => {
    assert.deepEqual([0, 1, 59, 61, 729, 800].map(formatAge), [
      'less than a day',
      '1 day',
      '59 days',
      '2 months',
      '23 months',
      '2 years',
    ]);
  });
});
