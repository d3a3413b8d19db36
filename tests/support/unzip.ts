import { inflateRawSync } from 'node:zlib';

/** Returns the one file of a zip, found by its local header alone: none of the product's code. */
export function unzipOnly(zip: Buffer): Buffer {
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  return inflateRawSync(zip.subarray(start));
}
