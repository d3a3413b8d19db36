import { deflateRawSync } from 'node:zlib';
import { buildZip } from './build-zip.ts';

/** Zips of `text` as the file `member`, each with one fault: its name, its bytes, and what is said of it. */
export function zipFaults(member: string, text: Buffer): readonly [string, Buffer, RegExp][] {
  const packed = deflateRawSync(text);
  const flipped = Buffer.from(packed);
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 0x10;
  const good = { name: member, data: text };
  const whole = buildZip([good]);
  const bomb = Buffer.alloc(4 * 1024 * 1024, 0x61);
  return [
    ['an empty file', Buffer.alloc(0), /is not a whole zip/],
    ['a web page', Buffer.from('<html>503</html>'), /is not a whole zip/],
    ['a zip cut in the middle', whole.subarray(0, whole.length >> 1), /is not a whole zip/],
    ['a zip that lacks its last byte', whole.subarray(0, -1), /is not a whole zip/],
    ['a wrong checksum', buildZip([{ ...good, crc: 1 }]), /does not match its checksum/],
    [
      'a flipped bit',
      buildZip([{ ...good, packed: flipped }]),
      /not a whole zip|checksum|bytes it/,
    ],
    [
      'fewer bytes than claimed',
      buildZip([{ ...good, sizeBytes: text.length + 1 }]),
      new RegExp(`${text.length} of the ${text.length + 1}`),
    ],
    [
      'more bytes than claimed',
      buildZip([{ ...good, sizeBytes: text.length - 1 }]),
      new RegExp(`longer than the ${text.length - 1}`),
    ],
    [
      'packed bytes cut short',
      buildZip([{ ...good, packed: packed.subarray(0, -9) }]),
      /is not a whole zip/,
    ],
    [
      'bytes after the packed end',
      buildZip([{ ...good, packed: Buffer.concat([packed, Buffer.alloc(9)]) }]),
      /ends before its packed bytes/,
    ],
    ['a bomb that says so', buildZip([{ name: member, data: bomb }]), /more than 200 times/],
    [
      'a bomb that lies',
      buildZip([{ name: member, data: bomb, sizeBytes: 1000 }]),
      /longer than the 1000/,
    ],
    ['a second file', buildZip([good, { name: 'readme.txt', data: text }]), /holds `readme.txt`/],
    ['the file twice', buildZip([good, good]), /` twice/],
    ['no such file', buildZip([{ ...good, name: `by_date/${member}` }]), /` not at all/],
    ['a name that climbs', buildZip([{ ...good, name: `../${member}` }]), /invalid relative path/],
    ['an absolute name', buildZip([{ ...good, name: `/${member}` }]), /absolute path/],
    ['an encrypted file', buildZip([{ ...good, flags: 1 }]), /is encrypted/],
    ['an unknown method', buildZip([{ ...good, method: 12 }]), /method 12/],
  ];
}
