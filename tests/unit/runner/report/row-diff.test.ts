import { deepEqual, equal, ok } from 'node:assert/strict';
import type { RowDiff } from '../../../../runner/execute/types.ts';
import { formatRowDiff } from '../../../../runner/report/row-diff.ts';

function diff(parts: Partial<RowDiff>): RowDiff {
  const { missing = [], unexpected = [] } = parts;
  return {
    columns: ['id', 'name'],
    missing,
    unexpected,
    missingCount: missing.length,
    unexpectedCount: unexpected.length,
    ...parts,
  };
}

describe('runner/report/row-diff', () => {
  it('pairs the rows that have most in common, and tells NULL from its word', () => {
    const text = formatRowDiff(
      diff({
        missing: [
          ['1', 'NULL'],
          ['2', ''],
          ['9', 'far'],
        ],
        unexpected: [
          ['2', ' x'],
          ['1', null],
        ],
      }),
      80,
    );
    deepEqual(text.split('\n').slice(1), [
      '           id   name',
      'expected   1   *"NULL"',
      'actual     1   *NULL',
      'expected   2   *""',
      'actual     2   *" x"',
      'missing    9    far',
    ]);
  });

  it('writes a cell a line where a table would be wider than the page, and loses no letter', () => {
    const long = 'The quick brown fox jumps over the lazy dog. '.repeat(4).trim();
    const text = formatRowDiff(
      diff({ missing: [['1', long]], unexpected: [['1', `${long}!`]] }),
      78,
    );
    const lines = text.split('\n');
    ok(
      lines.every((line) => line.length <= 78),
      text,
    );
    equal(lines[1], 'changed row');
    equal(lines[2], '    ' + 'id    1');
    ok(lines[3]?.startsWith('  * name  expected  The quick'));
    const letters = lines
      .slice(3)
      .map((line) => line.slice(20))
      .join('');
    ok(letters.replaceAll(' ', '').includes(`${long}!`.replaceAll(' ', '')), letters);
  });

  it('says how many rows there are where it shows some', () => {
    const text = formatRowDiff(diff({ missing: [['1', 'a']], missingCount: 7 }), 80);
    deepEqual(text.split('\n').slice(0, 2), [
      'rows that differ: 7 missing; * marks what changed',
      'the first 1 of 7 rows that differ:',
    ]);
  });
});
