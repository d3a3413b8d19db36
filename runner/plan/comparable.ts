// Which types have an equality of their own.

/** Types without one, or whose `=` compares something else than the value, such as an area. */
const incomparable: ReadonlySet<string> = new Set([
  'json',
  'xml',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
]);

/** Tells whether values of a type, as `format_type` prints it, can be compared with each other. */
export function isComparable(type: string): boolean {
  return !incomparable.has(type.replace(/(?:\[\])+$/, ''));
}
