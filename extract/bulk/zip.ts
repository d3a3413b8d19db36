// Reads the one file that an FEC zip must hold, and trusts nothing that the zip says of itself.

import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { UserError } from '../../core/errors.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveMember } from './types.ts';

/** A zip that is open, and how the user named it. */
export interface ArchiveFile {
  readonly path: string;
  readonly handle: FileHandle;
}

const stored = 0;
const deflated = 8;
/** FEC text compresses 3 to 8 times; a zip bomb, a thousand times. */
const maxRatio = 200;
/** A file this small does no harm, however it is packed. */
const ratioFreeBytes = 1024 * 1024;
const inflateChunkBytes = 256 * 1024;

/**
 * Finds the file `expected` in a zip and checks the zip's directory: nothing is unpacked yet. Files in
 * `by_date/` repeat the rows of the main file in newer zips of indiv and are passed over.
 * @throws {ArchiveError} for anything else than that one file, and for a zip that is cut or corrupt.
 */
export async function openMember(archive: ArchiveFile, expected: string): Promise<ArchiveMember> {
  const { path } = archive;
  const zip = await readDirectory(archive);
  const entries = await listEntries(zip, path);
  const own = entries.filter((entry) => !isPassedOver(entry.fileName));
  const extra = own.find((entry) => entry.fileName !== expected);
  if (extra !== undefined) {
    throw new ArchiveError(path, `holds \`${extra.fileName}\`, expected \`${expected}\` alone`, {
      hint: 'check that this is the zip of the FEC; if the FEC changed it, report that to FundLens',
    });
  }
  const [entry, second] = own;
  if (entry === undefined || second !== undefined) {
    throw new ArchiveError(path, `holds \`${expected}\` ${entry ? 'twice' : 'not at all'}`);
  }
  checkEntry(entry, path);
  return {
    name: entry.fileName,
    sizeBytes: entry.uncompressedSize,
    modifiedAt: dosTime(entry.lastModFileDate, entry.lastModFileTime),
    open: () => Readable.from(unpack(zip, entry, path), { objectMode: false }),
  };
}

async function readDirectory(archive: ArchiveFile): Promise<ZipFile> {
  try {
    return await fromFdPromise(archive.handle.fd, {
      autoClose: false,
      lazyEntries: true,
      validateEntrySizes: false,
    });
  } catch (error) {
    throw damaged(archive.path, error);
  }
}

/** At most a few entries for each month of a cycle are expected. */
const maxEntries = 10_000;

async function listEntries(zip: ZipFile, path: string): Promise<readonly Entry[]> {
  if (zip.entryCount > maxEntries) {
    throw new ArchiveError(path, `holds ${zip.entryCount} files, at most ${maxEntries} are read`);
  }
  const entries: Entry[] = [];
  try {
    // yauzl refuses absolute names and names with `..` here.
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throw damaged(path, error);
  }
  return entries;
}

function isPassedOver(name: string): boolean {
  return name.endsWith('/') || name.startsWith('by_date/');
}

function checkEntry(entry: Entry, path: string): void {
  const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) throw new ArchiveError(path, `\`${fileName}\` is encrypted`);
  if (compressionMethod !== stored && compressionMethod !== deflated) {
    throw new ArchiveError(path, `\`${fileName}\` is packed by method ${compressionMethod}`, {
      hint: 'only stored and deflated files are read; unpack it and zip it anew',
    });
  }
  if (uncompressedSize > ratioFreeBytes && uncompressedSize > compressedSize * maxRatio) {
    throw new ArchiveError(
      path,
      `\`${fileName}\` claims to unpack from ${compressedSize} to ${uncompressedSize} bytes, more than ${maxRatio} times`,
    );
  }
}

async function* unpack(zip: ZipFile, entry: Entry, path: string): AsyncGenerator<Buffer> {
  const { fileName: name, uncompressedSize: promised } = entry;
  let sizeBytes = 0;
  let checksum = 0;
  const packed = await openPacked(zip, entry, path);
  const inflate =
    entry.compressionMethod === deflated
      ? createInflateRaw({ chunkSize: inflateChunkBytes })
      : undefined;
  // An error of the raw stream must reach the one that is read.
  packed.once('error', (error) => inflate?.destroy(error));
  const source: Readable = inflate === undefined ? packed : packed.pipe(inflate);
  try {
    for await (const piece of source) {
      const chunk: Buffer = piece;
      sizeBytes += chunk.length;
      if (sizeBytes > promised) {
        throw new ArchiveError(path, `\`${name}\` is longer than the ${promised} bytes it claims`);
      }
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof UserError ? error : damaged(path, error);
  } finally {
    packed.destroy();
    inflate?.destroy();
  }
  if (sizeBytes !== promised) {
    throw new ArchiveError(path, `\`${name}\` has ${sizeBytes} of the ${promised} bytes it claims`);
  }
  if (inflate !== undefined && inflate.bytesWritten !== entry.compressedSize) {
    throw new ArchiveError(path, `\`${name}\` ends before its packed bytes do`);
  }
  if (checksum !== entry.crc32) {
    throw new ArchiveError(path, `\`${name}\` does not match its checksum`);
  }
}

async function openPacked(zip: ZipFile, entry: Entry, path: string): Promise<Readable> {
  try {
    return await zip.openReadStreamPromise(entry, { decodeFileData: false });
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, error: unknown): ArchiveError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ArchiveError(path, `is not a whole zip: ${reason}`, { cause: error });
}

/** Decodes MS-DOS date and time, which have no time zone. */
function dosTime(date: number, time: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const year = (date >> 9) + 1980;
  // A zip without a date has month and day 0.
  const month = Math.max(1, (date >> 5) & 15);
  const day = Math.max(1, date & 31);
  return `${year}-${two(month)}-${two(day)} ${two(time >> 11)}:${two((time >> 5) & 63)}:${two((time & 31) * 2)}`;
}
