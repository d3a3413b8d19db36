// Syntax trees as plain data, for a cache of parsed templates. JSON holds all of a tree but its sets of
// names and the constants that are no JSON numbers.

import { FloatValue } from './values.ts';

/** Stands for what JSON has not; no node of a tree has a property of this name. */
const TAG = '$';

/** Returns a copy of a tree that JSON writes and reads without loss. */
export function encodeTree(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(encodeTree);
  if (typeof part === 'bigint') return { [TAG]: 'int', of: String(part) };
  if (typeof part === 'number' && !isJsonNumber(part)) return { [TAG]: 'number', of: textOf(part) };
  if (typeof part !== 'object' || part === null) return part;
  if (part instanceof Set) return { [TAG]: 'names', of: [...part] };
  if (part instanceof FloatValue) return { [TAG]: 'float', of: textOf(part.value) };
  return Object.fromEntries(
    Object.entries(part).map(([key, child]) => [key, encodeTree(child)] as const),
  );
}

/** Turns what `encodeTree` gave, and JSON wrote and read, back into the tree, in place. */
export function decodeTree(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) {
    for (const [index, child] of part.entries()) {
      if (typeof child === 'object') part[index] = decodeTree(child);
    }
    return part;
  }
  if (TAG in part && 'of' in part) return untag(part[TAG], part.of);
  const node = part as Record<string, unknown>; // any object may be read by its own keys
  for (const key in node) {
    const child = node[key];
    if (typeof child === 'object' && child !== null) node[key] = decodeTree(child);
  }
  return node;
}

function untag(tag: unknown, of: unknown): unknown {
  if (tag === 'names' && Array.isArray(of)) return new Set<unknown>(of);
  if (tag === 'float') return new FloatValue(Number(of));
  if (tag === 'int') return BigInt(String(of));
  if (tag === 'number') return Number(of);
  throw new TypeError('no tree of a template');
}

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
