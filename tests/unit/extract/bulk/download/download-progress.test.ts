import assert from 'node:assert/strict';
import { progressLine } from '../../../../../extract/bulk/download/progress.ts';
import { checkRoom, formatBytes } from '../../../../../extract/bulk/download/space.ts';

describe('extract/bulk/download/progress', () => {
  it('says the share of each file, the rate and the time left', () => {
    const files = [
      ['indiv24.zip', { totalBytes: 4_000_000_000, bytes: 1_000_000_000 }],
      ['cm24.zip', { totalBytes: undefined, bytes: 500_000 }],
    ] as const;
    assert.equal(
      progressLine(files, 10_000_000),
      'fetching indiv24.zip 1.0 GB of 4.0 GB, cm24.zip 0.5 MB: 10.0 MB/s, 5 min left',
    );
    assert.match(progressLine(files, 0), /0\.0 MB\/s, waiting$/);
    assert.match(progressLine(files, 100_000_000), /, 30 s left$/);
  });

  it('writes sizes for people', () => {
    assert.deepEqual([400, 12_300_000, 4_812_000_000].map(formatBytes), [
      '0.4 kB',
      '12.3 MB',
      '4.8 GB',
    ]);
  });

  it('refuses what has no room, in numbers', () => {
    const need = { folder: '/data', bytes: 5e9, what: 'loading the largest file' };
    assert.doesNotThrow(() => checkRoom(need, 6e9, 'free space'));
    assert.throws(
      () => checkRoom(need, 5e9, 'free space'),
      /^UserError: loading the largest file needs 5\.0 GB, but only 5\.0 GB are free$/,
    );
  });
});
