// COPY over a borrowed client: the way in and out for every bulk row.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Client } from './database.ts';

/**
 * Streams `source` into a `copy … from stdin` statement and returns the rows that landed.
 * When the source fails, the server is told (CopyFail) and the client stays usable.
 */
export async function copyIn(
  client: Client,
  statement: string,
  source: AsyncIterable<Buffer> | Iterable<Buffer> | Readable,
): Promise<number> {
  const sink = client.query(copyFrom(statement));
  // Not Readable.from on a Readable: that would wrap it in a second stream.
  const readable =
    source instanceof Readable ? source : Readable.from(source, { objectMode: false });
  await pipeline(readable, sink);
  return sink.rowCount;
}

/** Streams the bytes of a `copy … to stdout` statement; read to the end before using the client again. */
export function copyOut(client: Client, statement: string): Readable {
  return client.query(copyTo(statement));
}
