// Reads .tar.gz archives of packages: regular files and folders, nothing that leads elsewhere.

import { gunzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.ts';

/** A file of an archive. */
export interface TarFile {
  /** Relative, with `/`, never leading outside. */
  readonly path: string;
  readonly data: Buffer;
}

const blockBytes = 512;
/** Packages are text; an archive that unpacks to more is not one. */
const maxUnpackedBytes = 512 * 1024 * 1024;

/**
 * Returns the files of a gzipped tar archive.
 * @throws {UserError} where it is cut off or damaged, or has a path or link that leads outside.
 */
export function readTarball(bytes: Uint8Array, where: string): readonly TarFile[] {
  let archive: Buffer;
  try {
    archive = gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch (error) {
    throw damaged(where, error);
  }
  const files: TarFile[] = [];
  let longPath: string | undefined;
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return files;
    if (!hasGoodChecksum(header)) throw damaged(where);
    const sizeBytes = readOctal(header, 124, 12);
    const data = archive.subarray(at + blockBytes, at + blockBytes + sizeBytes);
    if (!Number.isSafeInteger(sizeBytes) || data.length < sizeBytes) throw damaged(where);
    const type = String.fromCharCode(header[156] ?? 0);
    at += blockBytes + Math.ceil(sizeBytes / blockBytes) * blockBytes;
    if (type === 'L') longPath = cString(data, 0, data.length);
    else if (type === 'x') longPath = paxPath(data) ?? longPath;
    else if (type !== 'g') {
      const path = safePath(longPath ?? headerPath(header), where);
      longPath = undefined;
      if (type === '0' || type === '\0') files.push({ path, data });
      else if (type !== '5') throw linkFault(path, where);
    }
  }
  throw damaged(where);
}

function headerPath(header: Buffer): string {
  const name = cString(header, 0, 100);
  const isUstar = cString(header, 257, 5) === 'ustar';
  const prefix = isUstar ? cString(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The `path` of a pax header, whose records are `<length> <key>=<value>\n`. */
function paxPath(data: Buffer): string | undefined {
  for (let at = 0; at < data.length; ) {
    const blank = data.indexOf(0x20, at);
    const lengthBytes = Number(data.toString('latin1', at, blank));
    if (blank < 0 || !Number.isInteger(lengthBytes) || lengthBytes <= 0) return undefined;
    const record = data.toString('utf8', blank + 1, at + lengthBytes - 1);
    if (record.startsWith('path=')) return record.slice('path='.length);
    at += lengthBytes;
  }
  return undefined;
}

function safePath(path: string, where: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isUnsafe = /^([/\\]|[a-z]:)/i.test(path) || path.includes('\\') || path.includes('\0');
  if (!isUnsafe && !parts.includes('..')) return parts.join('/');
  throw new UserError(`the archive has a path that leads outside: \`${path}\``, {
    where,
    hint: 'do not use it; ask its author',
  });
}

function hasGoodChecksum(header: Buffer): boolean {
  const blanked = Buffer.from(header).fill(0x20, 148, 156);
  return blanked.reduce((sum, byte) => sum + byte, 0) === readOctal(header, 148, 8);
}

function readOctal(header: Buffer, start: number, lengthBytes: number): number {
  const text = cString(header, start, lengthBytes).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

function cString(bytes: Buffer, start: number, lengthBytes: number): string {
  const text = bytes.toString('utf8', start, start + lengthBytes);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function linkFault(path: string, where: string): UserError {
  return new UserError(`the archive holds something that is no file: \`${path}\``, {
    where,
    hint: 'make a package of files and folders only',
  });
}

function damaged(where: string, cause?: unknown): UserError {
  return new UserError('the archive is damaged or no .tar.gz', {
    where,
    hint: 'fetch it again; the download may have been cut off',
    cause,
  });
}
