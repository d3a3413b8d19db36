// What the parts of a download hand to each other.

/** What a server says of the version of a file that it serves. */
export interface Version {
  /** As sent, with its quotes. */
  readonly etag?: string | undefined;
  /** As sent: an HTTP date. */
  readonly lastModified?: string | undefined;
}

/** Where a file is to be fetched, and under which name it is kept. */
export interface RemoteFile {
  readonly url: string;
  /** Name of the file in the cache, without a folder. */
  readonly name: string;
  /** Name of the one file that a zip must hold; undefined where the file is no zip. */
  readonly member: string | undefined;
  /** The version that was loaded last, where the ledger knows one: it need not be fetched again. */
  readonly loaded?: Version | undefined;
}

/** A file in the cache, as the ledger wants to know it. */
export interface SourceZip extends Version {
  readonly path: string;
  readonly url: string;
  readonly bytes: number;
}

/** What became of a remote file. */
export type Fetched =
  /** `fetched`: its bytes came over the network. `current`: the cache had this version. */
  | { readonly kind: 'fetched' | 'current'; readonly zip: SourceZip }
  /** The server still has the version that was loaded; the cache holds no copy. */
  | { readonly kind: 'loaded'; readonly url: string };

/** Times and numbers by which a download has patience; tests give smaller ones. */
export interface Patience {
  /** Until the headers of an answer. */
  readonly headersMs: number;
  /** Without one byte of the body. */
  readonly stallMs: number;
  /** Before the second try; doubled before each further one. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** A server that asks for more is not waited for. */
  readonly longestRetryAfterMs: number;
  /** Tries in a row that bring no new byte. */
  readonly fruitlessTries: number;
}

/** How a user's downloads wait. */
export const defaultPatience: Patience = {
  headersMs: 60_000,
  stallMs: 60_000,
  retryMs: 1_000,
  longestRetryMs: 60_000,
  longestRetryAfterMs: 300_000,
  fruitlessTries: 6,
};
