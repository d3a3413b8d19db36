// What the environment says of downloads.

import { join, resolve } from 'node:path';
import { z } from 'zod';
import { throwFaults, UserError } from '../../../core/errors.ts';
import type { Env } from '../../../core/settings.ts';
import { checkUrl } from '../../http/address.ts';

/** Settings of downloads. */
export interface DownloadSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** Absolute path. */
  readonly cacheDir: string;
  /** The cache is brought down to this size after each run. */
  readonly cacheBytes: number;
  /** Files fetched at once. */
  readonly parallel: number;
}

/** Where the FEC publishes; checked 2026-11-23. */
const fecBulkUrl = 'https://www.fec.gov/files/bulk-downloads';

const environment = z.object({
  FEC_BULK_URL: z.string().default(fecBulkUrl),
  FUNDLENS_CACHE_DIR: z.string().optional(),
  FUNDLENS_CACHE_GB: z.coerce
    .number('must be a number of gigabytes')
    .nonnegative('must be a number of gigabytes')
    .default(20),
  FUNDLENS_DOWNLOADS: z.coerce
    .number('must be a whole number from 1 to 8')
    .int('must be a whole number from 1 to 8')
    .min(1, 'must be a whole number from 1 to 8')
    .max(8, 'must be a whole number from 1 to 8')
    .default(3),
});

/**
 * Reads the settings of downloads; `from` replaces FEC_BULK_URL. An empty variable counts as not set.
 * @throws {UserErrors} with every variable that is wrong; an address is shown without credentials.
 */
export function parseDownloadSettings(
  env: Env,
  projectDir: string,
  from?: string,
): DownloadSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throwFaults(
      parsed.error.issues.map(
        (issue) =>
          new UserError(issue.message, { where: `environment variable ${issue.path.join('.')}` }),
      ),
    );
    throw parsed.error;
  }
  const { FEC_BULK_URL, FUNDLENS_CACHE_DIR, FUNDLENS_CACHE_GB, FUNDLENS_DOWNLOADS } = parsed.data;
  const where = from === undefined ? 'environment variable FEC_BULK_URL' : '--from';
  const url = checkUrl(from ?? FEC_BULK_URL, where, fecBulkUrl);
  return {
    baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    cacheDir: FUNDLENS_CACHE_DIR
      ? resolve(projectDir, FUNDLENS_CACHE_DIR)
      : join(resolve(projectDir), '.fundlens', 'downloads'),
    cacheBytes: FUNDLENS_CACHE_GB * 1e9,
    parallel: FUNDLENS_DOWNLOADS,
  };
}
