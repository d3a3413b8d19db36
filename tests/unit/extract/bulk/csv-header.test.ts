import assert from 'node:assert/strict';
import { checkHeader, compareHeader } from '../../../../extract/bulk/csv-header.ts';
import { electioneering } from '../../../../extract/datasets/electioneering.ts';
import { faultsOf } from '../../../support/faults.ts';

const { columns } = electioneering;
const names = columns.map(({ fecName }) => fecName);
const change = (change: (names: string[]) => void): readonly string[] => {
  const changed = [...names];
  change(changed);
  return changed;
};
const none = { renamed: [], gone: [], added: [], repeated: [] };

describe('extract/bulk/csv-header', () => {
  it('takes the columns in any order, in any case, and under the name of the documentation', () => {
    assert.deepEqual(compareHeader(columns, [...names].reverse()), none);
    assert.deepEqual(
      compareHeader(
        columns,
        names.map((name) => name.toLowerCase()),
      ),
      none,
    );
    assert.deepEqual(
      compareHeader(
        columns,
        change((list) => list.splice(15, 1, 'PUBLIC_DISTRIBUTION_DATE')),
      ),
      none,
    );
  });

  it('tells a new name, a name that is gone, and a name that changed', () => {
    const of = (edit: (list: string[]) => void) => compareHeader(columns, change(edit));
    assert.deepEqual(
      of((list) => list.splice(3, 0, 'X')),
      { ...none, added: ['X'] },
    );
    assert.deepEqual(
      of((list) => list.splice(3, 1)),
      { ...none, gone: ['CANDIDATE_STATE'] },
    );
    assert.deepEqual(
      of((list) => list.splice(0, 2, 'ID', 'NAME')),
      {
        ...none,
        renamed: [
          ['CANDIDATE_ID', 'ID'],
          ['CANDIDATE_NAME', 'NAME'],
        ],
      },
    );
    assert.deepEqual(
      of((list) => list.push('PAYEE_CITY')),
      { ...none, repeated: ['PAYEE_CITY'] },
    );
  });

  const check = (given: readonly string[], accept = false) =>
    faultsOf(() => checkHeader('E_2020.csv', electioneering, given, accept));

  it('stops at a column that is gone or renamed, accepted or not, and says what to do', () => {
    const given = change((list) => list.splice(16, 2, 'AMOUNT'));
    for (const accept of [false, true]) {
      assert.match(
        check(given, accept)[0] ?? '',
        /^E_2020\.csv: the header changed: `REPORTED_DISBURSEMENT_AMOUNT` is now called `AMOUNT`; gone: `NUMBER_OF_CANDIDATES` \(Bronze is as it was, and `--accept` does not help/,
      );
    }
  });

  it('leaves a new column out where that is accepted', () => {
    const given = change((list) => list.push('NEW'));
    assert.match(
      check(given)[0] ?? '',
      /the header changed: new: `NEW` \(Bronze is as it was; .*`--accept`/,
    );
    checkHeader('E_2020.csv', electioneering, given, true);
  });

  it('says so when the first line is no header at all', () => {
    assert.match(
      check(['H0XX01001', 'WASHINGTON'])[0] ?? '',
      /does not begin with the header of electioneering: its first line is `H0XX01001,WASHINGTON…`/,
    );
  });
});
