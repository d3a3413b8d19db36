// Every fault of the network ends with the right file in the cache, or a clear error and nothing lost.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FetchOutcome, fetchFiles } from '../../../extract/bulk/download/fetch-files.ts';
import { remoteFile } from '../../../extract/bulk/download/remote-files.ts';
import type { DownloadSettings } from '../../../extract/bulk/download/settings.ts';
import type { Patience } from '../../../extract/bulk/download/types.ts';
import { cm } from '../../../extract/datasets/cm.ts';
import { cn } from '../../../extract/datasets/cn.ts';
import { buildZip } from '../../support/build-zip.ts';
import { etagOf, type ServerFault, useFecServer } from '../../support/fec-server.ts';
import { createRandom } from '../../support/random.ts';
import { recordReporter } from '../../support/reporter.ts';

const patience: Patience = {
  headersMs: 300,
  stallMs: 300,
  retryMs: 5,
  longestRetryMs: 20,
  longestRetryAfterMs: 1_500,
  fruitlessTries: 4,
};

/** Random text packs badly, so that the zip is about as long. */
function zipOf(seed: number, bytes = 100_000): Buffer {
  const random = createRandom(seed);
  const data = Buffer.from(Array.from({ length: bytes }, () => random(256)));
  return buildZip([{ name: 'cm.txt', data }]);
}

const zipA = zipOf(1);
const zipB = zipOf(2, 90_000);
const path = '/2020/cm20.zip';

describe('extract/bulk/download', function () {
  this.timeout(20_000);
  const server = useFecServer();
  let cacheDir = '';
  beforeEach(() => {
    cacheDir = mkdtempSync(join(tmpdir(), 'fundlens-download-'));
  });
  afterEach(() => rmSync(cacheDir, { recursive: true, force: true }));

  function settingsOf(): DownloadSettings {
    return { baseUrl: server.current.url, cacheDir, cacheBytes: 1e9, parallel: 3 };
  }

  async function fetchCm(
    options: { readonly signal?: AbortSignal; readonly patience?: Partial<Patience> } = {},
  ): Promise<FetchOutcome & { readonly said: string }> {
    const { reporter, err } = recordReporter();
    const request = {
      settings: settingsOf(),
      reporter,
      signal: options.signal ?? new AbortController().signal,
      patience: { ...patience, ...options.patience },
    };
    const [outcome] = await fetchFiles(request, [remoteFile(server.current.url, cm, 2020)]);
    assert.ok(outcome);
    return { ...outcome, said: err() };
  }

  /** What a user finds in the folder, without the marks of use of this process. */
  function listCache(): readonly string[] {
    return readdirSync(cacheDir)
      .filter((name) => name !== '.gitignore' && !name.endsWith('.use'))
      .sort();
  }

  function assertWhole(outcome: FetchOutcome, bytes: Buffer): void {
    assert.equal(outcome.fault?.message, undefined);
    assert.equal(outcome.fetched?.kind, 'fetched');
    assert.ok(readFileSync(join(cacheDir, 'cm20.zip')).equals(bytes));
    assert.deepEqual(listCache(), ['cm20.zip', 'cm20.zip.json']);
    assert.ok(outcome.fetched?.kind === 'fetched' && outcome.fetched.zip.etag === etagOf(bytes));
  }

  const statuses = () => server.current.requests.map(({ status }) => status);

  it('fetches a file by one request, and an unchanged one by one more that sends no body', async () => {
    server.current.put(path, zipA);
    assertWhole(await fetchCm(), zipA);
    assert.deepEqual(statuses(), [200]);
    const again = await fetchCm();
    assert.equal(again.fetched?.kind, 'current');
    assert.deepEqual(statuses(), [200, 304]);
    assert.equal(server.current.requests[1]?.sentBytes, 0);
    server.current.put(path, zipB);
    assertWhole(await fetchCm(), zipB);
  });

  it('asks by the date where the server gives no ETag', async () => {
    server.current.put(path, zipA, { etag: 'none' });
    await fetchCm();
    assert.equal((await fetchCm()).fetched?.kind, 'current');
    assert.deepEqual(statuses(), [200, 304]);
  });

  it('does not fetch what the ledger has loaded, though the cache has no copy', async () => {
    server.current.put(path, zipA);
    const { reporter } = recordReporter();
    const signal = new AbortController().signal;
    const file = remoteFile(server.current.url, cm, 2020, { etag: etagOf(zipA) });
    const [outcome] = await fetchFiles({ settings: settingsOf(), reporter, signal }, [file]);
    assert.equal(outcome?.fetched?.kind, 'loaded');
    assert.deepEqual(statuses(), [304]);
    assert.deepEqual(listCache(), []);
  });

  const mended: readonly (readonly [
    title: string,
    faults: readonly (ServerFault | undefined)[],
    statuses: readonly number[],
  ])[] = [
    ['a cut connection', [{ kind: 'cut', afterBytes: 40_000 }], [200, 206]],
    [
      'cut after cut',
      [
        { kind: 'cut', afterBytes: 20_000 },
        { kind: 'cut', afterBytes: 20_000 },
        { kind: 'cut', afterBytes: 20_000 },
        { kind: 'cut', afterBytes: 20_000 },
        { kind: 'cut', afterBytes: 15_000 },
      ],
      [200, 206, 206, 206, 206, 206],
    ],
    ['a body that stalls', [{ kind: 'stall', afterBytes: 40_000 }], [200, 206]],
    ['a server that does not answer', [{ kind: 'silence' }], [0, 200]],
    ['a reset connection', [{ kind: 'reset' }], [0, 200]],
    ['a drip that never stalls', [{ kind: 'drip', bytes: 10_000, everyMs: 60 }], [200]],
    ['a length that is too long', [{ kind: 'wrong-length', by: 100 }], [200, 416, 200]],
    ['a length that is too short', [{ kind: 'wrong-length', by: -100 }], [200, 200]],
    ['a page with status 200', [{ kind: 'html' }], [200, 200]],
    ['a flipped bit', [{ kind: 'flip', atByte: 5_000 }], [200, 200]],
    [
      'a range that is ignored',
      [{ kind: 'cut', afterBytes: 40_000 }, { kind: 'ignore-range' }],
      [200, 200],
    ],
    [
      'another range than the one asked for',
      [
        { kind: 'cut', afterBytes: 40_000 },
        { kind: 'shift-range', by: 7 },
      ],
      [200, 206, 200],
    ],
    [
      'a 416',
      [
        { kind: 'cut', afterBytes: 40_000 },
        { kind: 'status', status: 416 },
      ],
      [200, 416, 200],
    ],
    ['a 500', [{ kind: 'status', status: 500 }], [500, 200]],
    ['a 503', [{ kind: 'status', status: 503 }], [503, 200]],
    [
      'a 503 in the middle',
      [
        { kind: 'cut', afterBytes: 40_000 },
        { kind: 'status', status: 503 },
      ],
      [200, 503, 206],
    ],
    [
      'a 429 with Retry-After',
      [{ kind: 'status', status: 429, headers: { 'Retry-After': '1' } }],
      [429, 200],
    ],
  ];
  for (const [title, faults, expected] of mended) {
    it(`ends with the right file after ${title}`, async () => {
      server.current.put(path, zipA);
      server.current.fail(path, faults);
      const startedAt = performance.now();
      assertWhole(await fetchCm(), zipA);
      assert.deepEqual(statuses(), expected);
      if (title.includes('Retry-After')) assert.ok(performance.now() - startedAt >= 1000);
      assert.equal((await fetchCm()).fetched?.kind, 'current');
    });
  }

  for (const lies of [false, true]) {
    it(`starts over when the file changes between cut and resume${lies ? ', though the server says nothing of it' : ''}`, async () => {
      server.current.put(path, zipA);
      const cut: ServerFault = { kind: 'cut', afterBytes: 40_000 };
      server.current.fail(path, [cut]);
      await fetchCm({ patience: { fruitlessTries: 1 } });
      server.current.put(path, zipB);
      if (lies) server.current.fail(path, [{ kind: 'ignore-if-range' }]);
      assertWhole(await fetchCm(), zipB);
      assert.deepEqual(statuses(), lies ? [200, 206, 200] : [200, 200]);
      assert.equal(server.current.requests[1]?.headers['if-range'], etagOf(zipA));
    });
  }

  it('does not resume by a weak ETag, which names no bytes', async () => {
    server.current.put(path, zipA, { etag: 'weak' });
    server.current.fail(path, [{ kind: 'cut', afterBytes: 40_000 }]);
    assert.equal((await fetchCm()).fetched?.kind, 'fetched');
    assert.deepEqual(statuses(), [200, 200]);
    assert.equal(server.current.requests[1]?.headers.range, undefined);
  });

  const refused: readonly (readonly [
    title: string,
    faults: readonly ServerFault[],
    message: RegExp,
    requests: number,
  ])[] = [
    ['403', [{ kind: 'status', status: 403 }], /HTTP `403`/, 1],
    [
      'a day of Retry-After',
      [{ kind: 'status', status: 429, headers: { 'Retry-After': '86400' } }],
      /`429` and asks to wait 86400 s/,
      1,
    ],
    ['a page that stays', Array(9).fill({ kind: 'html' }), /a web page in the place/, 3],
    ['503 for good', Array(9).fill({ kind: 'status', status: 503 }), /HTTP `503`/, 4],
    ['silence for good', Array(9).fill({ kind: 'silence' }), /sent nothing for 0\.3 s/, 4],
    [
      'a bad checksum that stays',
      Array(9).fill({ kind: 'flip', atByte: 5_000 }),
      /checksum|whole/,
      3,
    ],
  ];
  for (const [title, faults, message, requests] of refused) {
    it(`gives up on ${title}, says so and keeps the file it had`, async () => {
      server.current.put(path, zipA);
      await fetchCm();
      server.current.put(path, zipB);
      server.current.fail(path, faults);
      const { fault } = await fetchCm();
      assert.match(fault?.message ?? '', message);
      assert.equal(fault?.exitCode, 1);
      assert.equal(fault?.where, `${server.current.url}${path}`);
      assert.equal(server.current.requests.length, 1 + requests);
      assert.ok(readFileSync(join(cacheDir, 'cm20.zip')).equals(zipA));
      server.current.fail(path, []);
      assertWhole(await fetchCm(), zipB);
    });
  }

  it('tells a file that is not there', async () => {
    const { fault } = await fetchCm();
    assert.match(fault?.message ?? '', /no such file/);
    assert.deepEqual(statuses(), [404]);
    assert.deepEqual(listCache(), []);
  });

  it('follows five redirects to the same bytes, not six', async () => {
    const hop = (n: number) => (n === 0 ? path : `/hop${n}`);
    const redirect = (to: string): ServerFault => ({
      kind: 'status',
      status: 302,
      headers: { Location: to },
    });
    for (const hops of [5, 6]) {
      server.current.put(`/hop${hops}`, hops === 5 ? zipA : zipB);
      for (let n = 0; n < hops; n += 1) server.current.fail(hop(n), [redirect(hop(n + 1))]);
      const outcome = await fetchCm();
      if (hops === 5) assertWhole(outcome, zipA);
      else assert.match(outcome.fault?.message ?? '', /more than 5 redirects/);
    }
  });

  for (const [location, fault] of [
    [
      'http://example.org/cm20.zip',
      /redirected to an address that `http:\/\/example\.org` is not https/,
    ],
    ['https://user:canary@example.org/x', /redirected to an address that holds a user name/],
    ['file:///etc/passwd', /is not https/],
  ] as const) {
    it(`does not follow a redirect to ${location.split(':')[0]}… and shows no secret`, async () => {
      const headers = { Location: location };
      server.current.fail(path, [{ kind: 'status', status: 302, headers }]);
      const outcome = await fetchCm();
      assert.match(outcome.fault?.message ?? '', fault);
      assert.doesNotMatch(JSON.stringify(outcome) + outcome.said, /canary/);
      assert.deepEqual(statuses(), [302]);
    });
  }

  it('keeps what was received when it is interrupted, and goes on there', async () => {
    server.current.put(path, zipA);
    server.current.fail(path, [{ kind: 'stall', afterBytes: 60_000 }]);
    const controller = new AbortController();
    const running = fetchCm({ signal: controller.signal, patience: { stallMs: 10_000 } });
    while ((server.current.requests[0]?.sentBytes ?? 0) === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort(new Error('Ctrl-C'));
    await assert.rejects(running, /Ctrl-C/);
    assert.deepEqual(listCache(), ['cm20.zip.part']);
    assertWhole(await fetchCm(), zipA);
    assert.equal(server.current.requests[1]?.headers.range, 'bytes=60000-');
    assert.deepEqual(statuses(), [200, 206]);
  });

  it('fetches several files at once, and one that fails does not stop the others', async () => {
    server.current.put(path, zipA);
    server.current.put('/2018/cm18.zip', zipB);
    const { reporter } = recordReporter();
    const signal = new AbortController().signal;
    const files = [
      remoteFile(server.current.url, cm, 2020),
      remoteFile(server.current.url, cn, 2020),
      remoteFile(server.current.url, cm, 2018),
    ];
    const outcomes = await fetchFiles(
      { settings: settingsOf(), reporter, signal, patience },
      files,
    );
    assert.deepEqual(
      outcomes.map(({ fetched, fault }) => fetched?.kind ?? fault?.name),
      ['fetched', 'DownloadError', 'fetched'],
    );
  });
});
