import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatPlace,
  nearestName,
  throwFaults,
  UserError,
  UserErrors,
} from '../../../core/errors.ts';

describe('core/errors', () => {
  it('formats a place as terminals open it', () => {
    assert.equal(formatPlace({ path: 'a.sql' }), 'a.sql');
    assert.equal(formatPlace({ path: 'a.sql', line: 3 }), 'a.sql:3');
    assert.equal(formatPlace({ path: 'a.sql', line: 3, column: 7 }), 'a.sql:3:7');
    assert.equal(formatPlace({ path: 'a.sql', column: 7 }), 'a.sql');
    assert.equal(formatPlace('setting X'), 'setting X');
  });

  it('takes 2 as the exit code, where nothing was run', () => {
    assert.equal(new UserError('x').exitCode, 2);
    assert.equal(new UserError('x', { exitCode: 1 }).exitCode, 1);
  });

  it('keeps the cause', () => {
    const cause = new Error('below');
    assert.equal(new UserError('x', { cause }).cause, cause);
    assert.equal('cause' in new UserError('x'), false);
  });

  it('throws nothing for no fault, one as it is, several as one that has them all', () => {
    const [one, two] = [new UserError('one'), new UserError('two', { exitCode: 1 })];
    throwFaults([]);
    assert.throws(
      () => throwFaults([one]),
      (error) => error === one,
    );
    assert.throws(
      () => throwFaults([one, two]),
      (error) => {
        assert.ok(error instanceof UserErrors);
        assert.deepEqual(error.faults, [one, two]);
        assert.equal(error.message, 'one\ntwo');
        assert.equal(error.exitCode, 1);
        return true;
      },
    );
  });

  for (const [name, candidates, expected] of [
    ['contribution', ['committees', 'contributions'], 'contributions'],
    ['HOST', ['host', 'port'], 'host'],
    ['pasword', ['password', 'port'], 'password'],
    ['prot', ['host', 'port'], 'port'],
    ['nmae', ['type', 'name'], 'name'],
    ['abcd', ['dcba'], undefined],
    ['a', ['b'], 'b'],
    ['a', ['bc'], undefined],
    ['xyz', [], undefined],
    ['', ['a'], 'a'],
    ['completely', ['different'], undefined],
  ] as const) {
    it(`finds ${expected ?? 'nothing'} near \`${name}\` among [${candidates.join(', ')}]`, () => {
      assert.equal(nearestName(name, candidates), expected);
    });
  }

  it('finds a name that is there', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (names) => {
        const [name = ''] = names;
        assert.equal(nearestName(name, names)?.toLowerCase(), name.toLowerCase());
      }),
    );
  });
});
