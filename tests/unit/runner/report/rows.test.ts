import assert from 'node:assert/strict';
import { formatRows } from '../../../../runner/report/rows.ts';

const rows = {
  columns: ['name', 'net'],
  rows: [
    ['ACTBLUE, "THE" PAC', '1234.50'],
    ['', '-7.00'],
    [null, null],
  ],
};

describe('runner/report/rows', () => {
  it('aligns numbers to the right in a table', () => {
    assert.equal(
      formatRows(rows, 'table'),
      [
        'name                    net',
        '------------------  -------',
        'ACTBLUE, "THE" PAC  1234.50',
        '                      -7.00',
        '',
      ].join('\n'),
    );
  });

  it('tells an empty text from a null in CSV', () => {
    assert.equal(formatRows(rows, 'csv'), 'name,net\n"ACTBLUE, ""THE"" PAC",1234.50\n"",-7.00\n,');
  });

  it('keeps nulls and column order in JSON', () => {
    assert.deepEqual(JSON.parse(formatRows(rows, 'json')), [
      { name: 'ACTBLUE, "THE" PAC', net: '1234.50' },
      { name: '', net: '-7.00' },
      { name: null, net: null },
    ]);
  });
});
