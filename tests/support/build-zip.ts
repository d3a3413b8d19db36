// Zips written byte by byte, so that a test can make them lie.

import { crc32, deflateRawSync } from 'node:zlib';

/** One file of a zip; what is given beside its name and text replaces the truth. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Buffer;
  readonly stored?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly sizeBytes?: number;
  readonly packed?: Buffer;
  readonly packedBytes?: number;
  /** Write sizes and offset as ZIP64 extra fields. */
  readonly zip64?: boolean;
}

/** Builds a zip of these files. */
export function buildZip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = entry.packed ?? (entry.stored ? entry.data : deflateRawSync(entry.data));
    const parts = {
      name: Buffer.from(entry.name),
      method: entry.method ?? (entry.stored ? 0 : 8),
      flags: entry.flags ?? 0,
      crc: entry.crc ?? crc32(entry.data),
      packedBytes: entry.packedBytes ?? packed.length,
      sizeBytes: entry.sizeBytes ?? entry.data.length,
      offset,
      zip64: entry.zip64 ?? false,
    };
    const local = Buffer.concat([header(parts, false), packed]);
    locals.push(local);
    directory.push(header(parts, true));
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(entries.length, 8);
  tail.writeUInt16LE(entries.length, 10);
  tail.writeUInt32LE(central.length, 12);
  tail.writeUInt32LE(offset, 16);
  const isZip64 = entries.some((entry) => entry.zip64);
  if (!isZip64) return Buffer.concat([...locals, central, tail]);
  const tail64 = Buffer.alloc(56);
  tail64.writeUInt32LE(0x06064b50, 0);
  tail64.writeBigUInt64LE(44n, 4);
  tail64.writeUInt16LE(45, 12);
  tail64.writeUInt16LE(45, 14);
  tail64.writeBigUInt64LE(BigInt(entries.length), 24);
  tail64.writeBigUInt64LE(BigInt(entries.length), 32);
  tail64.writeBigUInt64LE(BigInt(central.length), 40);
  tail64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + central.length), 8);
  locator.writeUInt32LE(1, 16);
  tail.writeUInt16LE(0xffff, 8);
  tail.writeUInt16LE(0xffff, 10);
  tail.writeUInt32LE(0xffffffff, 12);
  tail.writeUInt32LE(0xffffffff, 16);
  return Buffer.concat([...locals, central, tail64, locator, tail]);
}

interface HeaderParts {
  readonly name: Buffer;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
  readonly zip64: boolean;
}

/** 17 March 2019, 20:09:12. */
const dosDate = ((2019 - 1980) << 9) | (3 << 5) | 17;
const dosClock = (20 << 11) | (9 << 5) | 6;

function header(parts: HeaderParts, central: boolean): Buffer {
  const extra = parts.zip64 ? zip64Extra(parts, central) : Buffer.alloc(0);
  const fixed = Buffer.alloc(central ? 46 : 30);
  let at = fixed.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
  if (central) at = fixed.writeUInt16LE(45, at);
  at = fixed.writeUInt16LE(45, at);
  at = fixed.writeUInt16LE(parts.flags, at);
  at = fixed.writeUInt16LE(parts.method, at);
  at = fixed.writeUInt16LE(dosClock, at);
  at = fixed.writeUInt16LE(dosDate, at);
  at = fixed.writeUInt32LE(parts.crc, at);
  at = fixed.writeUInt32LE(parts.zip64 ? 0xffffffff : parts.packedBytes, at);
  at = fixed.writeUInt32LE(parts.zip64 ? 0xffffffff : parts.sizeBytes, at);
  at = fixed.writeUInt16LE(parts.name.length, at);
  at = fixed.writeUInt16LE(extra.length, at);
  if (central) fixed.writeUInt32LE(parts.zip64 ? 0xffffffff : parts.offset, 42);
  return Buffer.concat([fixed, parts.name, extra]);
}

function zip64Extra(parts: HeaderParts, central: boolean): Buffer {
  const extra = Buffer.alloc(central ? 28 : 20);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(extra.length - 4, 2);
  extra.writeBigUInt64LE(BigInt(parts.sizeBytes), 4);
  extra.writeBigUInt64LE(BigInt(parts.packedBytes), 12);
  if (central) extra.writeBigUInt64LE(BigInt(parts.offset), 20);
  return extra;
}
