import assert from 'node:assert/strict';
import { remoteFile } from '../../../../../extract/bulk/download/remote-files.ts';
import { parseDownloadSettings } from '../../../../../extract/bulk/download/settings.ts';
import { parseCycles } from '../../../../../extract/commands/cycles.ts';
import { indiv } from '../../../../../extract/datasets/indiv.ts';
import { webk } from '../../../../../extract/datasets/webk.ts';
import { faultsOf } from '../../../../support/faults.ts';

describe('extract/bulk/download/settings', () => {
  it("names the FEC's addresses when nothing is set", () => {
    const settings = parseDownloadSettings({ FEC_BULK_URL: '' }, '/project');
    assert.equal(settings.cacheDir, '/project/.fundlens/downloads');
    assert.equal(
      remoteFile(settings.baseUrl, indiv, 2024).url,
      'https://www.fec.gov/files/bulk-downloads/2024/indiv24.zip',
    );
    assert.deepEqual(
      [remoteFile(settings.baseUrl, webk, 2000)].map(({ name, member }) => [name, member]),
      [['webk00.zip', 'webk00.txt']],
    );
  });

  it('takes a mirror, with or without a slash at its end, over https or from this machine', () => {
    const base = (url: string) => parseDownloadSettings({ FEC_BULK_URL: url }, '/p').baseUrl;
    assert.equal(base('https://mirror.example/fec/'), 'https://mirror.example/fec');
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      assert.equal(base(`http://${host}:8080/`), `http://${host}:8080`);
    }
    assert.equal(
      parseDownloadSettings({}, '/p', 'https://other.example').baseUrl,
      'https://other.example',
    );
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['http://mirror.example', /is not https/],
    ['http://127.0.0.1.example', /is not https/],
    ['ftp://mirror.example', /is not https/],
    ['https://user:canary@mirror.example', /holds a user name or password/],
    ['mirror', /is not a URL/],
  ];
  for (const [url, fault] of refused) {
    it(`refuses ${url.replace('canary', '…')}`, () => {
      const [text = ''] = faultsOf(() => parseDownloadSettings({ FEC_BULK_URL: url }, '/p'));
      assert.match(text, fault);
      assert.doesNotMatch(text, /canary/);
    });
  }
});

describe('extract/commands/cycles', () => {
  it('takes cycles one by one and as a range, each once and in order', () => {
    assert.deepEqual(parseCycles([2024, 2020, 2024], undefined), [2020, 2024]);
    assert.deepEqual(parseCycles([2022], '2018-2024'), [2018, 2020, 2022, 2024]);
  });

  it('refuses what is none', () => {
    assert.match(faultsOf(() => parseCycles(undefined, undefined))[0] ?? '', /no cycle is named/);
    assert.match(faultsOf(() => parseCycles([2019], undefined))[0] ?? '', /`2019` is not a cycle/);
    assert.match(faultsOf(() => parseCycles([], '2019-2024'))[0] ?? '', /`2019` is not a cycle/);
    assert.match(
      faultsOf(() => parseCycles(['abc'], undefined))[0] ?? '',
      /--cycle: `abc` is not a cycle/,
    );
    assert.match(
      faultsOf(() => parseCycles(['2020-2024'], undefined))[0] ?? '',
      /name a range with `--cycles 2020-2024`/,
    );
    assert.match(faultsOf(() => parseCycles([], '2020'))[0] ?? '', /not a range of cycles/);
  });
});
