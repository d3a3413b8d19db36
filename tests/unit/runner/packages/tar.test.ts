import assert from 'node:assert/strict';
import { readTarball } from '../../../../runner/packages/tar.ts';
import { buildTarball } from '../../../support/build-tar.ts';

describe('runner/packages/tar', () => {
  it('reads files, and long names of both kinds', () => {
    const long = `p/${'x'.repeat(150)}.sql`;
    const record = ` path=${long}\n`;
    const files = readTarball(
      buildTarball([
        { path: 'p/', type: '5' },
        { path: 'p/a.sql', text: 'select 1' },
        { path: 'L', type: 'L', text: `${long}\0` },
        { path: 'p/cut', text: 'gnu' },
        { path: 'x', type: 'x', text: `${record.length + 3}${record}` },
        { path: 'p/cut', text: 'pax' },
      ]),
      'x.tar.gz',
    );
    assert.deepEqual(
      files.map(({ path, data }) => [path, data.toString()]),
      [
        ['p/a.sql', 'select 1'],
        [long, 'gnu'],
        [long, 'pax'],
      ],
    );
  });

  for (const path of ['../a', 'p/../../a', '/etc/a', 'C:\\a', 'p\\..\\..\\a']) {
    it(`refuses the path ${path}`, () => {
      assert.throws(() => readTarball(buildTarball([{ path, text: 'x' }]), 'x.tar.gz'), {
        message: `the archive has a path that leads outside: \`${path}\``,
      });
    });
  }

  for (const type of ['1', '2', '3', '6']) {
    it(`refuses an entry of type ${type}, which is no file`, () => {
      assert.throws(() => readTarball(buildTarball([{ path: 'p/a', type }]), 'x.tar.gz'), {
        message: 'the archive holds something that is no file: `p/a`',
      });
    });
  }

  it('refuses an archive that was cut off', () => {
    const whole = buildTarball([{ path: 'p/a', text: 'x'.repeat(2000) }]);
    assert.throws(() => readTarball(whole.subarray(0, whole.length - 10), 'x.tar.gz'), {
      message: 'the archive is damaged or no .tar.gz',
    });
    assert.throws(() => readTarball(Buffer.from('<html>'), 'x.tar.gz'), {
      message: 'the archive is damaged or no .tar.gz',
    });
  });
});
