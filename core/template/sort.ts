// Python's stable sort.

import { compareValues } from './comparison.ts';
import type { Value } from './values.ts';

/** Sorts by a key, stable in both directions; fails for keys that Python cannot order. */
export function sortValues(
  items: readonly Value[],
  keyOf: (item: Value) => Value,
  reverse = false,
): Value[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  const sign = reverse ? -1 : 1;
  return keyed.sort((a, b) => sign * compareValues(a.key, b.key)).map(({ item }) => item);
}
