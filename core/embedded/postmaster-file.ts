// `postmaster.pid`, the file in which PostgreSQL says who runs a cluster and whether it is ready.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from './files.ts';

/** What `postmaster.pid` says. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** Undefined while the server has not come so far. */
  readonly socketDir: string | undefined;
  readonly hasTcp: boolean;
  readonly status: 'starting' | 'ready' | 'stopping' | 'unknown';
}

/** Reads a cluster's `postmaster.pid`, or returns undefined where there is none or it is not whole. */
export async function readPostmasterFile(dataDir: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Parses `postmaster.pid`: pid, data folder, start time, port, socket folder, listen address, shared
 * memory, status, one a line. Source: PostgreSQL 18, `src/include/utils/pidfile.h`.
 */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  // A server in single-user mode writes its pid as a negative number.
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined;
  const status = lines[7];
  return {
    pid: Math.abs(pid),
    port: Number(lines[3] ?? 0),
    socketDir: lines[4] || undefined,
    hasTcp: (lines[5] ?? '') !== '',
    status:
      status === 'ready' || status === 'starting' || status === 'stopping' ? status : 'unknown',
  };
}
