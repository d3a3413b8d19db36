import assert from 'node:assert/strict';
import type { UnitStatus } from '../../../../extract/bronze/status.ts';
import { formatPlan } from '../../../../extract/commands/format-plan.ts';
import type { BulkPlan } from '../../../../extract/commands/plan.ts';
import { formatStatus, judgeUnits } from '../../../../extract/commands/status.ts';

const now = new Date('2026-11-24T12:00:00Z');

const unit: UnitStatus = {
  dataset: 'indiv',
  table: 'bronze.fec_indiv',
  cycle: 2026,
  rows: 69_123_456,
  withdrawn: 1_234,
  history: 56_789,
  load: {
    loadId: 7,
    loadedAt: '2026-11-23T03:04:05Z',
    source: 'https://www.fec.gov/files/bulk-downloads/2026/indiv26.zip',
    read: 69_123_460,
    inserted: 10,
    updated: 5,
    withdrawn: 2,
    unchanged: 69_123_441,
    returned: 0,
    rejected: 4,
    repaired: 0,
    writtenAt: '2026-11-22T20:10:00Z',
  },
  checkedAt: '2026-11-24T10:00:00Z',
  loads: 3,
  attempts: 5,
  failures: 2,
  rejectedEver: 9,
  attempt: { startedAt: '2026-11-23T03:00:00Z', status: 'succeeded', phase: 'commit', error: null },
};
const old = { ...unit, dataset: 'cm', checkedAt: null };
const failed: UnitStatus = {
  ...unit,
  dataset: 'independent_expenditure',
  cycle: 2024,
  rows: null,
  withdrawn: null,
  history: null,
  load: null,
  loads: 0,
  attempt: {
    startedAt: '2026-11-24T11:00:00Z',
    status: 'failed',
    phase: 'copy',
    error: 'the header changed: `exp_amo` is now called `amount`',
  },
};
const stale = {
  ...old,
  load: old.load === null ? null : { ...old.load, writtenAt: '2026-11-12T00:00:00Z' },
};
const print = (units: readonly UnitStatus[], width: number): string[] =>
  formatStatus(judgeUnits(units, now), now, width).split('\n');

describe('extract/commands/status', () => {
  it('fits 80 columns, and shows all where there is room', () => {
    const narrow = print([failed, unit, stale], 80);
    for (const line of narrow) assert.ok(line.length <= 80, line);
    assert.match(narrow[0] ?? '', /^dataset +cycle +live rows +rejects +FEC file +age +state$/);
    const wide = print([failed, unit, stale], 200);
    assert.match(
      wide[0] ?? '',
      /^dataset +cycle +live rows +withdrawn +history +rejects +FEC file +age +state +checked +loads +tries +last load$/,
    );
    assert.match(
      wide[2] ?? '',
      /^indiv +2026 +69,123,456 +1,234 +56,789 +4 +2026-11-22 +1 day +fresh +2 h ago +3 +5 +2026-11-23 03:04 UTC$/,
    );
  });

  it('puts the newest cycle first, and datasets as the catalog has them', () => {
    const lines = print([failed, unit, stale], 200).slice(1, 4);
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['cm', 'indiv', 'independent_expenditure'],
    );
  });

  it('says below what failed, and what is stale and how it is mended', () => {
    const text = print([failed, unit, stale], 200).slice(4).join('\n');
    assert.equal(
      text,
      [
        '',
        'independent_expenditure 2024: the try of 2026-11-24 11:00 UTC failed during copy: the header changed:',
        '  `exp_amo` is now called `amount`',
        'cycle 2026: the file is 12 days old, the FEC writes it daily: `extract bulk --cycle 2026`',
        '  (cm)',
      ].join('\n'),
    );
  });

  it('says what to load where nothing is', () => {
    assert.match(
      print([], 80).join('\n'),
      /^nothing is loaded yet; load\n {2}extract bulk --cycle 2020 --from/,
    );
  });
});

describe('extract/commands/plan', () => {
  const plan: BulkPlan = {
    from: 'https://www.fec.gov/files/bulk-downloads',
    files: [
      {
        dataset: 'independent_expenditure',
        cycle: 2026,
        url: 'https://www.fec.gov/files/bulk-downloads/2026/independent_expenditure_2026.csv',
        action: 'fetch',
        zipBytes: 19_500_000,
        memberBytes: 19_500_000,
        isEstimate: false,
      },
      {
        dataset: 'indiv',
        cycle: 2026,
        url: 'https://www.fec.gov/files/bulk-downloads/2026/indiv26.zip',
        action: 'fetch',
        zipBytes: 1_600_000_000,
        memberBytes: 12_800_000_000,
        isEstimate: true,
      },
      {
        dataset: 'cm',
        cycle: 2026,
        url: 'https://www.fec.gov/files/bulk-downloads/2026/cm26.zip',
        action: 'pass over',
        zipBytes: 883_000,
        memberBytes: 2_500_000,
        isEstimate: false,
      },
      {
        dataset: 'cm',
        cycle: 2028,
        url: 'https://www.fec.gov/files/bulk-downloads/2028/cm28.zip',
        action: 'missing',
        zipBytes: null,
        memberBytes: null,
        isEstimate: false,
      },
    ],
    cacheDir: '/data/fundlens/downloads',
    fetchBytes: 1_619_500_000,
    cacheFreeBytes: 77e9,
    dataDir: '/data/fundlens',
    loadBytes: 32e9,
    dataFreeBytes: 77e9,
  };

  it('fits 80 columns, and names the files where there is room', () => {
    const narrow = formatPlan(plan, 80);
    for (const line of narrow.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(narrow, /^indiv +2026 +fetch, load +1\.6 GB +at most 12\.8 GB$/m);
    assert.match(
      formatPlan(plan, 120),
      /^cm +2026 +none, is loaded +0\.9 MB +2\.5 MB +cm26\.zip$/m,
    );
  });

  it('says what is not there, and what it takes', () => {
    assert.match(
      formatPlan(plan, 80),
      /\nnot there: 2028 cm\n\nto fetch: 2 files, 1\.6 GB; free: 77\.0 GB in \/data/,
    );
    assert.match(
      formatPlan(plan, 80),
      /\nto load: {2}2 files, at most 32\.0 GB; free: 77\.0 GB in/,
    );
    const done = { ...plan, files: plan.files.filter(({ action }) => action === 'pass over') };
    assert.match(formatPlan(done, 80), /nothing to do: Bronze has what there is$/);
  });
});
