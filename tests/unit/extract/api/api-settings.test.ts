import assert from 'node:assert/strict';
import { parseApiSettings } from '../../../../extract/api/settings.ts';
import { faultsOf } from '../../../support/faults.ts';

describe('extract/api/settings', () => {
  it("goes to the FEC's API at a pace that hurts nobody", () => {
    assert.deepEqual(parseApiSettings({ FEC_API_KEY: 'k', FEC_API_URL: '' }), {
      key: 'k',
      baseUrl: 'https://api.open.fec.gov/v1',
      callsPerHour: undefined,
      callsPerMinute: 120,
      longestWaitMs: 65 * 60_000,
    });
  });

  it('takes another address, quota and patience', () => {
    const settings = parseApiSettings({
      FEC_API_KEY: 'k',
      FEC_API_URL: 'https://mirror.example/v1/',
      FEC_API_CALLS_PER_HOUR: '7200',
      FEC_API_MAX_WAIT_MINUTES: '0',
    });
    assert.equal(settings.baseUrl, 'https://mirror.example/v1');
    assert.equal(settings.callsPerHour, 7_200);
    assert.equal(settings.longestWaitMs, 0);
  });

  it('says where a key is had', () => {
    const [fault] = faultsOf(() => parseApiSettings({ FEC_API_KEY: '' }));
    assert.match(
      fault ?? '',
      /^environment variable FEC_API_KEY: is not set \(get a key at https:/,
    );
  });

  it('refuses a key that would break the header, and never shows it', () => {
    const [fault] = faultsOf(() => parseApiSettings({ FEC_API_KEY: 'secret\r\nX: y' }));
    assert.match(fault ?? '', /FEC_API_KEY: holds blanks/);
    assert.doesNotMatch(fault ?? '', /secret/);
  });

  for (const url of [
    'http://api.example/v1',
    'ftp://api.example',
    'https://user:pw@api.example',
    'api',
  ]) {
    it(`refuses ${url.replace('user:pw', 'user:…')}`, () => {
      const [fault] = faultsOf(() => parseApiSettings({ FEC_API_KEY: 'k', FEC_API_URL: url }));
      assert.match(fault ?? '', /^environment variable FEC_API_URL: /);
      assert.doesNotMatch(fault ?? '', /pw/);
    });
  }

  it('names every variable that is wrong', () => {
    const faults = faultsOf(() =>
      parseApiSettings({
        FEC_API_KEY: 'k',
        FEC_API_CALLS_PER_HOUR: '0',
        FEC_API_CALLS_PER_MINUTE: 'many',
        FEC_API_MAX_WAIT_MINUTES: '-1',
      }),
    );
    assert.equal(faults.length, 3);
  });
});
