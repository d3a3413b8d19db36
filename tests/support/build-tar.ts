// Writes tar archives by hand, the hostile ones included that no program writes.

import { gzipSync } from 'node:zlib';

/** One entry of an archive; `type` is the tar's letter, `0` for a file. */
export interface TarEntry {
  readonly path: string;
  readonly text?: string;
  readonly type?: string;
}

/** Returns a .tar.gz of the entries. */
export function buildTarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, text = '', type = '0' }) => {
    const data = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write('0000644\0', 100);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    header.write('ustar\u000000', 257);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
