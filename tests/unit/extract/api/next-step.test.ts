import assert from 'node:assert/strict';
import {
  nextStep,
  type PageEffect,
  StuckCursorError,
  type Walk,
} from '../../../../extract/api/next-step.ts';
import type { ApiRecord, Page } from '../../../../extract/api/types.ts';
import { apiCommittees } from '../../../../extract/datasets/api-committees.ts';
import { apiScheduleA } from '../../../../extract/datasets/api-schedule-a.ts';

const record: ApiRecord = { json: '{}', key: '1', fault: undefined };
const rows = (count: number): readonly ApiRecord[] => Array.from({ length: count }, () => record);
const part = { path: '/x/', from: '2026-03-01', to: '2026-03-02' };
const start: Walk = {
  parts: [part],
  proven: [],
  cursor: null,
  partRows: 0,
  expected: null,
  drifted: false,
  passes: 0,
};
const page: Page = {
  records: rows(100),
  count: 250,
  isCountExact: true,
  pages: 3,
  lastIndexes: { last_index: '9', last_contribution_receipt_date: '2026-01-01' },
  endsWithoutSortValue: false,
};
const effect: PageEffect = { newlySeen: 100, changed: 100, partRowsInBronze: undefined };

describe('extract/api/next-step', () => {
  it('sends both values of a cursor back', () => {
    const step = nextStep(apiScheduleA, start, page, effect);
    assert.deepEqual(step.walk.cursor, page.lastIndexes);
    assert.equal(step.ended, undefined);
  });

  it('goes on to the empty page, whatever the count says', () => {
    const step = nextStep(apiScheduleA, start, { ...page, count: 100 }, effect);
    assert.equal(step.ended, undefined);
    const empty = { ...page, records: [], lastIndexes: undefined, count: 100 };
    const end = nextStep(apiScheduleA, step.walk, empty, { ...effect, newlySeen: 0 });
    assert.equal(end.ended, 'walked');
    assert.deepEqual(end.walk.proven, [part]);
  });

  it('follows the rows without a date', () => {
    const undated = {
      ...page,
      lastIndexes: { last_index: '9', sort_null_only: 'true' },
      endsWithoutSortValue: true,
    };
    const step = nextStep(apiScheduleA, start, undated, effect);
    assert.deepEqual(step.walk.cursor, { last_index: '9', sort_null_only: 'true' });
  });

  it('asks for the rows without a date where rows are missing at the end', () => {
    const walk: Walk = { ...start, cursor: { last_index: '9' }, partRows: 200, expected: 250 };
    const empty = { ...page, records: [], lastIndexes: undefined };
    const step = nextStep(apiScheduleA, walk, empty, { ...effect, newlySeen: 0 });
    assert.deepEqual(step.walk.cursor, { sort_null_only: 'true' });
    const end = nextStep(
      apiScheduleA,
      step.walk,
      { ...empty, count: 0 },
      { ...effect, newlySeen: 0 },
    );
    assert.equal(end.ended, 'drifted');
    assert.deepEqual(end.walk.proven, []);
  });

  it('does not go in a circle', () => {
    const walk: Walk = { ...start, cursor: page.lastIndexes ?? null };
    assert.throws(() => nextStep(apiScheduleA, walk, page, effect), StuckCursorError);
  });

  it('leaves days that are as they were after one page', () => {
    const same = { newlySeen: 100, changed: 0, partRowsInBronze: 250 };
    assert.equal(nextStep(apiScheduleA, start, page, same).ended, 'unchanged');
    for (const other of [
      { ...same, changed: 1 },
      { ...same, partRowsInBronze: 251 },
    ]) {
      assert.equal(nextStep(apiScheduleA, start, page, other).ended, undefined);
    }
    // A count that is an estimate proves nothing, nor does one of all rows without a clock.
    assert.equal(
      nextStep(apiScheduleA, start, { ...page, isCountExact: false }, same).ended,
      undefined,
    );
    const whole: Walk = { ...start, parts: [{ path: '/x/' }] };
    assert.equal(nextStep(apiScheduleA, whole, page, same).ended, undefined);
  });

  it('turns pages to the last one', () => {
    const first = nextStep(apiCommittees, start, page, effect);
    assert.deepEqual(first.walk.cursor, { page: '2' });
    const second = nextStep(apiCommittees, first.walk, page, effect);
    const last = nextStep(
      apiCommittees,
      second.walk,
      { ...page, records: rows(50) },
      { ...effect, newlySeen: 50 },
    );
    assert.equal(last.ended, 'walked');
    assert.deepEqual(last.walk.proven, [part]);
  });

  it('reads a list once more where rows changed places, and says so when they still do', () => {
    const first = nextStep(apiCommittees, start, { ...page, pages: 2, count: 200 }, effect);
    const moved = nextStep(apiCommittees, first.walk, { ...page, pages: 2, count: 199 }, effect);
    assert.equal(moved.ended, undefined);
    assert.equal(moved.walk.cursor, null);
    assert.equal(moved.walk.passes, 1);
    const short = { ...moved.walk, cursor: { page: '2' }, partRows: 198 };
    const end = nextStep(
      apiCommittees,
      short,
      { ...page, pages: 2, count: 200 },
      { ...effect, newlySeen: 0 },
    );
    assert.equal(end.ended, 'drifted');
  });
});
