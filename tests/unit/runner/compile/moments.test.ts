import { deepEqual, equal } from 'node:assert/strict';
import {
  batchId,
  ceilMoment,
  chooseBatches,
  floorMoment,
  formatMoment,
  offsetMoment,
  parseMoment,
} from '../../../../runner/compile/moments.ts';

const at = (text: string): number => Date.parse(text);
const show = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

describe('runner/compile/moments', () => {
  it('reads dates and times, in UTC where no zone is named, and nothing else', () => {
    equal(show(parseMoment('2024-09-01')), '2024-09-01T00:00:00.000Z');
    equal(show(parseMoment('2024-09-01 12:30')), '2024-09-01T12:30:00.000Z');
    equal(show(parseMoment('2024-09-01T12:30:15.5+02')), '2024-09-01T10:30:15.500Z');
    equal(show(parseMoment('2024-09-01T12:30:00-0330')), '2024-09-01T16:00:00.000Z');
    for (const text of ['yesterday', '2024-13-01', '2024-09-01T25:00', '01.09.2024', '']) {
      equal(parseMoment(text), undefined, text);
    }
  });

  it('finds the batch of a moment, and the end that belongs to it', () => {
    const moment = at('2024-09-17T16:06:00Z');
    deepEqual(
      (['hour', 'day', 'month', 'year'] as const).map((size) => [
        show(floorMoment(moment, size)),
        show(ceilMoment(moment, size)),
        batchId(floorMoment(moment, size), size),
      ]),
      [
        ['2024-09-17T16:00:00.000Z', '2024-09-17T17:00:00.000Z', '20240917T16'],
        ['2024-09-17T00:00:00.000Z', '2024-09-18T00:00:00.000Z', '20240917'],
        ['2024-09-01T00:00:00.000Z', '2024-10-01T00:00:00.000Z', '202409'],
        ['2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z', '2024'],
      ],
    );
    equal(show(ceilMoment(at('2024-09-17T00:00:00Z'), 'day')), '2024-09-17T00:00:00.000Z');
    equal(show(offsetMoment(at('2024-01-01T00:00:00Z'), 'month', -1)), '2023-12-01T00:00:00.000Z');
  });

  it('writes a moment as dbt does', () => {
    equal(formatMoment(at('2024-09-01T05:00:00Z')), '2024-09-01 05:00:00+00:00');
    equal(formatMoment(at('2024-09-01T05:00:00.250Z')), '2024-09-01 05:00:00.250+00:00');
  });

  describe('chooseBatches', () => {
    const choose = (parts: Partial<Parameters<typeof chooseBatches>[0]>): string[] =>
      chooseBatches({
        nowMs: at('2024-09-05T10:00:00Z'),
        size: 'day',
        beginMs: at('2024-09-01T00:00:00Z'),
        lookback: 1,
        built: undefined,
        range: undefined,
        ...parts,
      }).map(({ startMs }) => new Date(startMs).toISOString().slice(8, 10));
    const stretch = (from: string, to: string) => ({ startMs: at(from), endMs: at(to) });

    it('takes all batches from the beginning where nothing is built', () => {
      deepEqual(choose({}), ['01', '02', '03', '04', '05']);
      deepEqual(choose({ built: [] }), ['01', '02', '03', '04', '05']);
    });

    it('takes the current batch and those of the lookback, and every gap', () => {
      const built = [
        stretch('2024-09-01', '2024-09-02'),
        stretch('2024-09-03', '2024-09-04'),
        stretch('2024-09-04', '2024-09-05'),
      ];
      deepEqual(choose({ built }), ['02', '04', '05']);
      deepEqual(choose({ built, lookback: 0 }), ['02', '05']);
    });

    it('counts a batch as built only where its whole stretch is, whatever the size of its parts', () => {
      const built = [
        stretch('2024-08-01', '2024-09-01T12:00:00Z'),
        stretch('2024-09-01T12:00:00Z', '2024-09-03'),
        stretch('2024-09-03T00:00:00Z', '2024-09-03T23:59:59Z'),
      ];
      deepEqual(choose({ built, lookback: 0 }), ['03', '04', '05']);
    });

    it('takes a range as it is, from the batch of its start to that of its last moment', () => {
      const range = stretch('2024-07-10T23:00:00Z', '2024-07-12');
      deepEqual(choose({ range, built: [] }), ['10', '11']);
    });

    it('takes none before the first has begun', () => {
      deepEqual(choose({ beginMs: at('2024-09-06T00:00:00Z') }), []);
    });
  });
});
