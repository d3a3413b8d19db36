// What the stages of a bulk load hand to each other.

import type { Readable } from 'node:stream';
import type { CommitteeCount } from '../bronze/types.ts';

/** A line whose bytes are kept apart: not loaded at all, or loaded with a repair. */
export interface SetAsideLine {
  /** `rejected`: not in the table. `repaired`: in the table, but not as these bytes. */
  readonly fate: 'rejected' | 'repaired';
  /** Counts from 1. */
  readonly line: number;
  /** The line as received, without its newline; cut where the line is longer than the gate takes. */
  readonly bytes: Buffer;
  /** What is wrong with it, in words. */
  readonly reason: string;
}

/** How the lines of a file end: by its first line; lines that differ are repaired. */
export type LineEnding = 'lf' | 'crlf';

/** What the line gate saw of a file; `rowsRead` is always `rowsPassed + rowsRejected`. */
export interface GateCounts {
  readonly rowsRead: number;
  readonly rowsPassed: number;
  readonly rowsRejected: number;
  /** Rows among those passed whose original bytes were set aside. */
  readonly rowsRepaired: number;
  readonly lineEnding: LineEnding;
  /** False where the file's last line has no newline. */
  readonly endsWithNewline: boolean;
}

/** The file inside an archive, or a file that the FEC does not pack, ready to be read once. */
export interface ArchiveMember {
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * When the FEC wrote it, as the archive says: `2019-03-17 20:09:12`, Washington time without a zone; of a
   * file that is not packed, when the file system says that it was written.
   */
  readonly modifiedAt: string | Date;
  /**
   * Returns the bytes; reading fails with an `ArchiveError` at the latest at the end when they are not
   * what the archive promises, so nothing may be committed before the end.
   */
  open(): Readable;
}

/** A staging table that holds one file, still inside the transaction of its load. */
export interface StagedFile {
  readonly counts: GateCounts;
  /** Name of the staging table in schema `bronze`. */
  readonly table: string;
  /** Sum of the hashes of its rows: with their number it tells two sets of rows apart. */
  readonly hashSum: bigint;
  /** What the file says of each committee; undefined where nobody counted. */
  readonly committees: readonly CommitteeCount[] | undefined;
}

/** What publishing changed in a table. */
export interface RowChanges {
  /** Rows that the load before did not have, those that returned included. */
  readonly inserted: number;
  readonly updated: number;
  readonly withdrawn: number;
  readonly unchanged: number;
  /** Among those inserted: rows that had been withdrawn. */
  readonly returned: number;
  /** Committees of the rows that changed, old versions and new; undefined where that is all or nobody asks. */
  readonly committees?: readonly string[] | undefined;
}
