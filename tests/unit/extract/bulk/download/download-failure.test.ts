import assert from 'node:assert/strict';
import {
  DownloadError,
  type Failure,
  isTransientFailure,
} from '../../../../../extract/bulk/download/failure.ts';
import { bareUrl } from '../../../../../extract/http/address.ts';
import { parseRetryAfter } from '../../../../../extract/http/transience.ts';

const status = (code: number): Failure => ({
  kind: 'status',
  status: code,
  retryAfterMs: undefined,
});
const network = (code: string): Failure => ({ kind: 'network', reason: code, code });

describe('extract/bulk/download/failure', () => {
  const cases: readonly (readonly [string, Failure, boolean])[] = [
    ...[408, 416, 429, 500, 502, 503, 504].map((code) => [`${code}`, status(code), true] as const),
    ...[400, 401, 403, 404, 410].map((code) => [`${code}`, status(code), false] as const),
    ['ECONNRESET', network('ECONNRESET'), true],
    ['EAI_AGAIN', network('EAI_AGAIN'), true],
    ['ENOTFOUND', network('ENOTFOUND'), false],
    ['CERT_HAS_EXPIRED', network('CERT_HAS_EXPIRED'), false],
    ['a stall', { kind: 'stalled', afterMs: 1 }, true],
    ['a cut', { kind: 'cut', received: 1, expected: 2 }, true],
    ['a damaged file', { kind: 'damaged', reason: 'x' }, true],
    ['a refused redirect', { kind: 'redirect', reason: 'x' }, false],
  ];
  for (const [title, failure, isTransient] of cases) {
    it(`${isTransient ? 'tries again' : 'gives up'} after ${title}`, () => {
      assert.equal(isTransientFailure(failure), isTransient);
    });
  }

  it('reads Retry-After as seconds and as a date', () => {
    const nowMs = Date.UTC(2024, 0, 1, 12, 0, 0);
    assert.equal(parseRetryAfter('120', nowMs), 120_000);
    assert.equal(parseRetryAfter('Mon, 01 Jan 2024 12:00:30 GMT', nowMs), 30_000);
    assert.equal(parseRetryAfter('Mon, 01 Jan 2024 11:00:00 GMT', nowMs), 0);
    assert.equal(parseRetryAfter('soon', nowMs), undefined);
    assert.equal(parseRetryAfter(undefined, nowMs), undefined);
  });

  it('shows an address without credentials and query', () => {
    const url = 'https://user:canary@fec.example/a/b.zip?key=canary#canary';
    assert.equal(bareUrl(url), 'https://fec.example/a/b.zip');
    const error = new DownloadError(url, status(503), new Error('canary'));
    assert.doesNotMatch(
      `${JSON.stringify(error)} ${error.stack} ${error.where} ${error.hint} ${String(error.cause)}`,
      /canary/,
    );
  });
});
