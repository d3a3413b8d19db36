// What the ledger says and is told.

/** A piece of data that is loaded as one: a bulk file of a cycle. */
export interface LoadUnit {
  readonly dataset: string;
  /** The even year that ends the cycle. */
  readonly cycle: number;
  /** `national` for a whole bulk file. */
  readonly scope: string;
  /** Name of the file, without its folder. */
  readonly source: string;
}

/** One row of `bronze.loads`. */
export interface Load extends LoadUnit {
  readonly loadId: number;
  readonly attemptId: number;
  /** As the server sent it, with its quotes; undefined for a file of the user's own. */
  readonly etag?: string | undefined;
  /** The file's Last-Modified. */
  readonly lastModified?: Date | undefined;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly member: string;
  readonly memberBytes: number;
  /** Time of day without a zone; undefined for a file that is not packed. */
  readonly memberModifiedAt: string | undefined;
  readonly lineEnding: string;
  readonly endsWithNewline: boolean;
  readonly rowsRead: number;
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
  readonly rowsWithdrawn: number;
  readonly rowsUnchanged: number;
  /** Among those inserted. */
  readonly rowsReturned: number;
  readonly rowsRejected: number;
  readonly rowsRepaired: number;
  /** How the hashes of the cycle's rows were made, and of how many columns. */
  readonly hashAlgorithm: string;
  /** The file holds what the FEC had published by then. */
  readonly watermark: Date;
  readonly startedAt: Date;
  readonly programVersion: string;
}

/** What a file says of one committee. */
export interface CommitteeCount {
  readonly committee: string;
  readonly rows: number;
  /** As 20190317; undefined where no row has a date that counts. */
  readonly lastDay: number | undefined;
}
