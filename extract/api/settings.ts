// What the environment says of the API.

import { z } from 'zod';
import { throwFaults, UserError } from '../../core/errors.ts';
import type { Env } from '../../core/settings.ts';
import { checkUrl } from '../http/address.ts';

/** Settings of the API. */
export interface ApiSettings {
  /** Sent as a header to the API's address alone; in no message, log or row. */
  readonly key: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** The key's quota; undefined to go by what the server says, which is 1,000 for most keys. */
  readonly callsPerHour: number | undefined;
  readonly callsPerMinute: number;
  /** The longest wait for the quota before a run stops to go on another time. */
  readonly longestWaitMs: number;
}

/** Where the API is; checked 2026-11-23. */
const openFecUrl = 'https://api.open.fec.gov/v1';

/** The quota of a key of api.data.gov, as the API's own page says. */
export const usualCallsPerHour = 1_000;

const count = (what: string, least: number) =>
  z.coerce.number(`must be ${what}`).int(`must be ${what}`).min(least, `must be ${what}`);

const environment = z.object({
  FEC_API_KEY: z
    .string('is not set')
    .regex(/^[\x21-\x7e]+$/, 'holds blanks or characters that no key has'),
  FEC_API_URL: z.string().default(openFecUrl),
  FEC_API_CALLS_PER_HOUR: count('a whole number of calls', 1).optional(),
  // The FEC allows 120 a minute to those who ask for more; it is also a pace that hurts nobody.
  FEC_API_CALLS_PER_MINUTE: count('a whole number of calls', 1).default(120),
  FEC_API_MAX_WAIT_MINUTES: count('a whole number of minutes', 0).default(65),
});

/**
 * Reads the settings of the API. An empty variable counts as not set.
 * @throws {UserErrors} with every variable that is wrong; the key is never shown.
 */
export function parseApiSettings(env: Env): ApiSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throwFaults(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join('.');
        return new UserError(issue.message, {
          where: `environment variable ${name}`,
          hint:
            name === 'FEC_API_KEY'
              ? 'get a key at https://api.data.gov/signup/ and write `FEC_API_KEY=…` into `.env`'
              : undefined,
        });
      }),
    );
    throw parsed.error;
  }
  const { data } = parsed;
  const url = checkUrl(data.FEC_API_URL, 'environment variable FEC_API_URL', openFecUrl);
  return {
    key: data.FEC_API_KEY,
    baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    callsPerHour: data.FEC_API_CALLS_PER_HOUR,
    callsPerMinute: data.FEC_API_CALLS_PER_MINUTE,
    longestWaitMs: data.FEC_API_MAX_WAIT_MINUTES * 60_000,
  };
}
