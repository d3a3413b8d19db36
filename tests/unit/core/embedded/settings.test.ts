import assert from 'node:assert/strict';
import {
  sharedBuffersMb,
  writeAccessRules,
  writeSettings,
} from '../../../../core/embedded/settings.ts';

const gibibyte = 1024 ** 3;
const inputs = { totalMemoryBytes: 8 * gibibyte, isDurable: true, clusterTitle: 'fundlens-x' };

describe('core/embedded/settings', () => {
  it('gives a quarter of the memory to shared buffers, between bounds', () => {
    const cases = [
      [0.125, 64],
      [1, 256],
      [2, 512],
      [4, 1024],
      [64, 1024],
    ] as const;
    for (const [memoryGib, expectedMb] of cases) {
      const totalMemoryBytes = memoryGib * gibibyte;
      assert.equal(sharedBuffersMb({ ...inputs, totalMemoryBytes }), expectedMb);
    }
  });

  it('gives up durability only when told to', () => {
    assert.match(writeSettings(inputs), /^fsync = 'on'$/m);
    assert.match(writeSettings({ ...inputs, isDurable: false }), /^fsync = 'off'$/m);
    for (const isDurable of [true, false]) {
      assert.match(writeSettings({ ...inputs, isDurable }), /^synchronous_commit = 'on'$/m);
    }
  });

  it('asks everyone for the password', () => {
    const rules = writeAccessRules()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.ok(rules.length > 0);
    for (const rule of rules) assert.match(rule, / scram-sha-256$/);
  });
});
