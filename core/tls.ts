// TLS as libpq's `sslmode` means it, for profiles.yml and DATABASE_URL alike.

import { readFileSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { type Place, UserError } from './errors.ts';

/** The modes of libpq, weakest first. */
export const sslModes = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;

/** One of libpq's modes. */
export type SslMode = (typeof sslModes)[number];

/** The keys that libpq and dbt have for TLS; the three others are paths of PEM files. */
export interface TlsSettings {
  readonly sslmode?: SslMode | undefined;
  readonly sslcert?: string | undefined;
  readonly sslkey?: string | undefined;
  readonly sslrootcert?: string | undefined;
}

/**
 * Returns TLS as `pg` takes it. `allow` and `prefer` promise nothing, and libpq falls back to plain
 * text under them; we go there at once. `require` with a root certificate checks it, as in libpq.
 * @throws {UserError} at the place of the key whose file cannot be read.
 */
export function tlsOf(
  settings: TlsSettings,
  placeOf: (key: keyof TlsSettings) => Place | string,
): Connection['ssl'] {
  const mode = settings.sslmode ?? 'disable';
  if (mode === 'disable' || mode === 'allow' || mode === 'prefer') return false;
  const read = (key: 'sslcert' | 'sslkey' | 'sslrootcert') => {
    const path = settings[key];
    if (path === undefined || (key === 'sslrootcert' && path === 'system')) return {};
    const option = { sslcert: 'cert', sslkey: 'key', sslrootcert: 'ca' }[key];
    return { [option]: readPem(path, key, placeOf(key)) };
  };
  const files = { ...read('sslrootcert'), ...read('sslcert'), ...read('sslkey') };
  if (mode === 'verify-full') return files;
  if (mode === 'require' && !('ca' in files)) return { ...files, rejectUnauthorized: false };
  return { ...files, checkServerIdentity: () => undefined };
}

function readPem(path: string, key: string, where: Place | string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`the file of \`${key}\` cannot be read: \`${path}\``, {
      where,
      hint: 'give the path of a PEM file that this user may read',
      cause: error,
    });
  }
}
