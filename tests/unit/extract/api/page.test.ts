import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { NotAPageError, parsePage } from '../../../../extract/api/page.ts';
import { apiCommittees } from '../../../../extract/datasets/api-committees.ts';
import { apiScheduleA } from '../../../../extract/datasets/api-schedule-a.ts';

/** A real answer: the text between the wrapper that recorded it and its end. */
function readAnswer(name: string): string {
  const text = readFileSync(new URL(`../../../fixtures/openfec/${name}`, import.meta.url), 'utf8');
  const start = text.indexOf('"response":');
  return start < 0 ? text : text.slice(start + '"response":'.length, text.lastIndexOf('}'));
}

describe('extract/api/page', () => {
  it('reads a real page of committees', () => {
    const page = parsePage(apiCommittees, readAnswer('committees.json'));
    assert.equal(page.records.length, 20);
    assert.deepEqual([page.count, page.pages, page.isCountExact], [53_558, 2_678, true]);
    assert.equal(page.records[0]?.key, 'C00462390');
    assert.ok(page.records.every(({ fault }) => fault === undefined));
  });

  it('reads a real page of receipts, whose cursor had one value in 2015', () => {
    const page = parsePage(apiScheduleA, readAnswer('schedules_schedule_a.json'));
    assert.equal(page.records.length, 20);
    assert.deepEqual(page.lastIndexes, { last_index: '63048025' });
    assert.equal(page.endsWithoutSortValue, false);
  });

  it('keeps a record as it was received', () => {
    const text = readAnswer('schedule_a_2018shape_3rows.json').replace(
      /\}\s*$/,
      ', "pagination": {}}',
    );
    const [record] = parsePage(apiScheduleA, text).records;
    assert.equal(record?.key, '4111520171462661016');
    assert.ok(text.includes(record?.json ?? '?'));
    assert.match(record?.json ?? '', /"link_id": ?4103120171461553241/);
  });

  it('takes both values of a cursor, or that rows without one have begun', () => {
    const withCursor = (indexes: string) =>
      parsePage(apiScheduleA, `{"results": [], "pagination": {"last_indexes": ${indexes}}}`)
        .lastIndexes;
    assert.deepEqual(
      withCursor('{"last_index": "7", "last_contribution_receipt_date": "2014-01-01"}'),
      {
        last_index: '7',
        last_contribution_receipt_date: '2014-01-01',
      },
    );
    assert.deepEqual(withCursor('{"last_index": 7, "sort_null_only": true}'), {
      last_index: '7',
      sort_null_only: 'true',
    });
    assert.deepEqual(withCursor('{"last_index": "7", "last_contribution_receipt_date": null}'), {
      last_index: '7',
      sort_null_only: 'true',
    });
    assert.deepEqual(withCursor('{"last_index": "7", "last_expenditure_amount": -17348.50}'), {
      last_index: '7',
      last_expenditure_amount: '-17348.50',
    });
    assert.equal(withCursor('null'), undefined);
  });

  for (const [text, reason] of [
    ['<!DOCTYPE html><p>Back soon', 'it is a web page'],
    ['{"results": [1, 2', 'it is not JSON: no `,` at character 17'],
    ['[]', 'it is no JSON object'],
    ['{"pagination": {}}', 'it has no list `results`'],
    ['{"results": []}', 'it has no `pagination`'],
    ['{"results": [7], "pagination": {}}', 'a result is no object'],
    ['', 'it is not JSON: no value at character 0'],
  ] as const) {
    it(`takes ${JSON.stringify(text.slice(0, 20))} for no page`, () => {
      assert.throws(
        () => parsePage(apiScheduleA, text),
        (error) => error instanceof NotAPageError && error.message === reason,
      );
    });
  }
});
