import assert from 'node:assert/strict';
import { newestOf } from '../../../../runner/packages/versions.ts';

const versions = ['0.9.6', '1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1', '2.0.0-rc.10', '2.0.0-rc.2'];

describe('runner/packages/versions', () => {
  const cases: readonly (readonly [readonly string[], boolean, string | undefined])[] = [
    [['1.0.0'], false, '1.0.0'],
    [['=1.0.0'], false, '1.0.0'],
    [['>=1.0.0', '<2.0.0'], false, '1.10.0'],
    [['>1.10.0'], false, undefined],
    [['>1.10.0'], true, '2.0.0-rc.10'],
    [['2.0.0-rc.2'], false, '2.0.0-rc.2'],
    [['<=1.9.0', '>0.9.6'], false, '1.9.0'],
    [['>=1.0.0', '1.0.0', '<1.0.0'], false, undefined],
  ];
  for (const [constraints, allowsPrerelease, expected] of cases) {
    it(`finds ${expected} for ${constraints.join(', ')}${allowsPrerelease ? ' with prereleases' : ''}`, () => {
      assert.equal(newestOf(versions, constraints, allowsPrerelease), expected);
    });
  }
});
