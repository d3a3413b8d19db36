import { setTimeout as sleep } from 'node:timers/promises';
import { lengthOf, statusFailure } from './download-file.ts';
import { DownloadError, isTransientFailure } from './failure.ts';
import { sendRequest } from './request.ts';
import type { Patience, Version } from './types.ts';

/** What a server says of a file without sending it. */
export interface Probed extends Version {
  readonly bytes: number | undefined;
}

/**
 * Asks for a file's version and size; undefined where there is no such file.
 * @throws {DownloadError} when the server says neither.
 */
export async function probeFile(request: {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly patience: Patience;
}): Promise<Probed | undefined> {
  const { url, signal, patience } = request;
  const { headersMs } = patience;
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await sendRequest({ url, method: 'HEAD', headers: {}, signal, headersMs });
      answer.body.destroy();
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new DownloadError(url, statusFailure(answer));
      return {
        bytes: lengthOf(answer),
        etag: answer.headers['etag'],
        lastModified: answer.headers['last-modified'],
      };
    } catch (error) {
      signal.throwIfAborted();
      const mayPass = error instanceof DownloadError && isTransientFailure(error.failure);
      // A plan is asked for by a person who waits: it gives up sooner than a download.
      if (!mayPass || tries === 3) throw error;
      await sleep(patience.retryMs * tries, undefined, { signal }).catch(() => undefined);
    }
  }
}
