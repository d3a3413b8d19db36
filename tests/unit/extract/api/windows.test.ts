import assert from 'node:assert/strict';
import { halvePart, planWindow, type WindowFacts } from '../../../../extract/api/windows.ts';
import { apiCommitteeTotals } from '../../../../extract/datasets/api-committee-totals.ts';
import { apiFilings } from '../../../../extract/datasets/api-filings.ts';
import { apiScheduleA } from '../../../../extract/datasets/api-schedule-a.ts';

const facts: WindowFacts = {
  watermark: undefined,
  bulkWatermark: undefined,
  since: undefined,
  lookbackDays: 7,
  isFull: false,
  now: new Date('2026-03-20T09:00:00Z'),
};
const path = '/schedules/schedule_a/';
const day = (text: string): Date => new Date(`${text}T10:00:00Z`);

describe('extract/api/windows', () => {
  it('reads all where nothing is known', () => {
    assert.deepEqual(planWindow(apiScheduleA, facts).parts, [{ path }]);
  });

  it('reads every path of an endpoint without a clock', () => {
    const window = planWindow(apiCommitteeTotals, { ...facts, watermark: day('2026-03-19') });
    assert.deepEqual(
      window.parts.map((part) => part.path),
      ['/totals/house-senate/', '/totals/presidential/', '/totals/pac-party/', '/totals/ie-only/'],
    );
  });

  it('looks through each day of the overlap by itself, and reads what is new as one', () => {
    const window = planWindow(apiScheduleA, {
      ...facts,
      watermark: day('2026-03-19'),
      lookbackDays: 2,
    });
    assert.deepEqual(window.parts, [
      { path, from: '2026-03-17', to: '2026-03-18' },
      { path, from: '2026-03-18', to: '2026-03-19' },
      { path, from: '2026-03-19', to: '2026-03-21' },
    ]);
    assert.equal(window.overlapParts, 2);
  });

  it('counts whole days where the clock is a date', () => {
    const window = planWindow(apiFilings, {
      ...facts,
      watermark: day('2026-03-19'),
      lookbackDays: 1,
    });
    assert.deepEqual(window.parts, [
      { path: '/filings/', from: '2026-03-18', to: '2026-03-18' },
      { path: '/filings/', from: '2026-03-19', to: '2026-03-21' },
    ]);
  });

  it('takes no days back as none, not as the default', () => {
    const window = planWindow(apiScheduleA, {
      ...facts,
      watermark: day('2026-03-19'),
      lookbackDays: 0,
    });
    assert.deepEqual(window.parts, [{ path, from: '2026-03-19', to: '2026-03-21' }]);
  });

  it('begins before the end of the bulk files, as one part: there is nothing to compare yet', () => {
    const window = planWindow(apiScheduleA, { ...facts, bulkWatermark: day('2026-03-15') });
    assert.deepEqual(window.parts, [{ path, from: '2026-03-08', to: '2026-03-21' }]);
  });

  it('goes by the later of its own watermark and that of the bulk files', () => {
    const both = { ...facts, watermark: day('2026-03-01'), bulkWatermark: day('2026-03-15') };
    assert.equal(planWindow(apiScheduleA, both).from, '2026-03-08');
    const newer = { ...facts, watermark: day('2026-03-18'), bulkWatermark: day('2026-03-15') };
    assert.equal(planWindow(apiScheduleA, newer).from, '2026-03-11');
  });

  it('begins at the day that is named, or with all of it', () => {
    const known = { ...facts, watermark: day('2026-03-19') };
    assert.deepEqual(planWindow(apiScheduleA, { ...known, since: '2026-02-01' }).parts, [
      { path, from: '2026-02-01', to: '2026-03-21' },
    ]);
    assert.deepEqual(planWindow(apiScheduleA, { ...known, isFull: true }).parts, [{ path }]);
  });

  it('leaves the watermark where days before the window are left out', () => {
    const known = { ...facts, watermark: day('2026-03-10') };
    assert.equal(planWindow(apiScheduleA, { ...known, since: '2026-03-15' }).advances, false);
    assert.equal(planWindow(apiScheduleA, { ...known, since: '2026-03-10' }).advances, true);
    assert.equal(planWindow(apiScheduleA, { ...facts, since: '2026-03-15' }).advances, true);
    const withBulk = { ...known, bulkWatermark: day('2026-03-18') };
    assert.equal(planWindow(apiScheduleA, withBulk).advances, true);
  });

  it('halves days until one is left', () => {
    const part = { path, from: '2026-03-01', to: '2026-03-04' };
    assert.deepEqual(halvePart(apiScheduleA, part), [
      { path, from: '2026-03-01', to: '2026-03-02' },
      { path, from: '2026-03-02', to: '2026-03-04' },
    ]);
    assert.equal(
      halvePart(apiScheduleA, { path, from: '2026-03-01', to: '2026-03-02' }),
      undefined,
    );
    assert.deepEqual(halvePart(apiFilings, { path, from: '2026-03-01', to: '2026-03-02' }), [
      { path, from: '2026-03-01', to: '2026-03-01' },
      { path, from: '2026-03-02', to: '2026-03-02' },
    ]);
    assert.equal(halvePart(apiFilings, { path, from: '2026-03-01', to: '2026-03-01' }), undefined);
    assert.equal(halvePart(apiScheduleA, { path }), undefined);
  });
});
