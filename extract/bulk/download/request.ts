// The one place that speaks HTTP for bulk files: one request, redirects followed by our rules.

import type { Readable } from 'node:stream';
import axios from 'axios';
import { errorCode } from '../../../core/database.ts';
import { readVersion } from '../../../core/version.ts';
import { bareUrl, isLoopback, proxySetting, urlFault } from '../../http/address.ts';
import { networkReason } from '../../http/transience.ts';
import { DownloadError } from './failure.ts';

/** What is asked of a server. */
export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly headersMs: number;
}

/** An answer whose body is still to be read, or to be destroyed. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows at most five redirects, none to an address that `checkUrl` refuses.
 * @throws {DownloadError} when no answer comes.
 */
export async function sendRequest(request: HttpRequest): Promise<HttpAnswer> {
  let { url } = request;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await sendOnce({ ...request, url });
    const location = answer.headers['location'];
    if (!redirectStatuses.has(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    if (redirects === maxRedirects) {
      const reason = `more than ${maxRedirects} redirects`;
      throw new DownloadError(request.url, { kind: 'redirect', reason });
    }
    url = followRedirect(request.url, url, location);
  }
}

function followRedirect(first: string, from: string, location: string): string {
  const target = URL.canParse(location, from) ? new URL(location, from).href : location;
  const fault = urlFault(target);
  // A server elsewhere must not send us to a service of this machine.
  const isInward =
    fault === undefined &&
    isLoopback(new URL(target).hostname) &&
    !isLoopback(new URL(from).hostname);
  if (fault !== undefined || isInward) {
    const reason = `is redirected to an address that ${fault ?? 'is this machine'}`;
    throw new DownloadError(first, { kind: 'redirect', reason });
  }
  return target;
}

async function sendOnce(request: HttpRequest): Promise<HttpAnswer> {
  const { url, method, signal, headersMs } = request;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), headersMs);
  const onAbort = (): void => late.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const { status, headers, data } = await axios.request<Readable>({
      url,
      method,
      headers: {
        'User-Agent': `FundLens/${readVersion()}`,
        // A coding would hide the file's own length and validator.
        'Accept-Encoding': 'identity',
        ...request.headers,
      },
      responseType: 'stream',
      decompress: false,
      timeout: 0,
      maxRedirects: 0,
      validateStatus: () => true,
      signal: late.signal,
      ...proxySetting(url),
    });
    data.once('close', () => signal.removeEventListener('abort', onAbort));
    return { status, headers: plainHeaders(headers), body: data };
  } catch (error) {
    signal.removeEventListener('abort', onAbort);
    signal.throwIfAborted();
    throw networkError(url, error, late.signal.aborted ? headersMs : undefined);
  } finally {
    clearTimeout(timer);
  }
}

/** Makes our error of one of axios or a stream, whose `config` may hold the proxy's password. */
export function networkError(url: string, error: unknown, lateMs?: number): DownloadError {
  if (lateMs !== undefined) return new DownloadError(url, { kind: 'stalled', afterMs: lateMs });
  const code = errorCode(error);
  const reason = networkReason(error, code, bareUrl);
  return new DownloadError(url, { kind: 'network', reason, code });
}

function plainHeaders(headers: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
