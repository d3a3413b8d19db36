// What parsers remember of texts that they have read before, so that an unchanged one is not parsed
// twice.

import { createHash } from 'node:crypto';

/** Results of parsers by key. It may forget anything at any time. */
export interface ParseCache {
  /** What was set for the key, as plain data; undefined where nothing is known. */
  get(key: string): unknown;
  /** Remembers plain data (what JSON can hold), which must not change afterwards. */
  set(key: string, value: unknown): void;
}

/** The key of a text for one parser; texts that differ in anything have different keys. */
export function parseKey(parser: string, text: string): string {
  return `${parser}:${createHash('sha256').update(text).digest('base64url')}`;
}
