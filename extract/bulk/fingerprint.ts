import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** What identifies the bytes of a file. */
export interface Fingerprint {
  /** In hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Reads an open file from its start to its end and returns what identifies its bytes. */
export async function readFingerprint(
  handle: FileHandle,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}
