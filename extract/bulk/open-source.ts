import { Readable } from 'node:stream';
import { memberName } from '../datasets/catalog.ts';
import type { Dataset } from '../datasets/types.ts';
import type { ArchiveMember } from './types.ts';
import { type ArchiveFile, openMember } from './zip.ts';

const chunkBytes = 256 * 1024;

/**
 * Opens what is to be read of an FEC file: the one file inside a zip, or the file itself where the FEC
 * does not pack it.
 * @throws {ArchiveError} for a zip that is not what the FEC publishes.
 */
export async function openSource(
  archive: ArchiveFile,
  dataset: Dataset,
  cycle: number,
): Promise<ArchiveMember> {
  const name = memberName(dataset, cycle);
  if (dataset.member !== undefined) return openMember(archive, name);
  const { size, mtime } = await archive.handle.stat();
  return {
    name,
    sizeBytes: size,
    modifiedAt: mtime,
    open: () => Readable.from(readAll(archive), { objectMode: false }),
  };
}

/** By position: the handle belongs to the caller, who has read it once for its fingerprint. */
async function* readAll({ handle }: ArchiveFile): AsyncGenerator<Buffer> {
  let position = 0;
  for (;;) {
    // A buffer of its own each time: the one before may still be read.
    const { buffer, bytesRead } = await handle.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      position,
    );
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
