// HTTP for packages: the registry's answers and archives.

import { createHash } from 'node:crypto';
import axios from 'axios';
import { UserError } from '../../core/errors.ts';
import { withoutSecrets } from './describe-spec.ts';

const timeoutMs = 60_000;
const maxBytes = 256 * 1024 * 1024;

/**
 * Downloads a URL.
 * @throws {UserError} with the status or the network's error; never with the URL's secrets.
 */
export async function download(url: string, signal: AbortSignal): Promise<Buffer> {
  const where = withoutSecrets(url);
  try {
    const { data } = await axios.get<ArrayBuffer>(url, {
      responseType: 'arraybuffer',
      timeout: timeoutMs,
      maxContentLength: maxBytes,
      signal,
    });
    return Buffer.from(data);
  } catch (error) {
    if (!axios.isAxiosError(error)) throw error;
    // The cause is left out: it holds the request, and so the URL with its token.
    const status = error.response?.status;
    const reason = status === undefined ? (error.code ?? 'no answer') : `HTTP status ${status}`;
    throw new UserError(`the download failed: ${reason}`, {
      where,
      hint: 'check the URL and the network, or set RUNNER_PACKAGES_MIRROR for a closed network',
    });
  }
}

/** @throws {UserError} where the bytes are not those that the registry promises. */
export function verifySha1(bytes: Uint8Array, expected: string, where: string): void {
  const actual = createHash('sha1').update(bytes).digest('hex');
  if (actual === expected.toLowerCase()) return;
  throw new UserError(`the archive is not the one that the registry promises`, {
    where,
    hint: `its sha1 is ${actual} and not ${expected}; fetch it again, or tell its author`,
  });
}
