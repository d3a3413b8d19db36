// The shape of a table of methods.

import type { Value } from './values.ts';

/** A method of a kind of value: its subject comes first. */
export type Methods<T> = ReadonlyMap<
  string,
  (self: T, args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value
>;
