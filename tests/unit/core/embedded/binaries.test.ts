import assert from 'node:assert/strict';
import { findBinaries, parseLinks } from '../../../../core/embedded/binaries.ts';
import { UserError } from '../../../../core/errors.ts';

describe('core/embedded/binaries', () => {
  it('names the platforms and a way out where there is no build', () => {
    for (const platform of ['win32-x64', 'freebsd-x64', 'linux-s390x']) {
      assert.throws(
        () => findBinaries(platform),
        (error) =>
          error instanceof UserError &&
          error.exitCode === 2 &&
          error.message.includes(`\`${platform}\``) &&
          /linux-x64, linux-arm64, darwin-x64, darwin-arm64/.test(error.message) &&
          /DATABASE_URL/.test(error.hint ?? ''),
      );
    }
  });

  it('points links at their neighbours', () => {
    const text = '[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]';
    assert.deepEqual(parseLinks(text), [
      { path: 'native/lib/libpq.so.5', pointsTo: 'libpq.so.5.18' },
    ]);
  });

  it('refuses a list of links that has another form', () => {
    for (const text of ['{}', '[1]', '[{"source":1,"target":"x"}]']) {
      assert.throws(() => parseLinks(text), TypeError);
    }
  });
});
