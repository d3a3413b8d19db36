// Which place of which template each piece of rendered text comes from.

import type { Place } from '../errors.ts';
import type { Located } from './syntax.ts';

/** The text from `offset` on comes from this place, up to the next mark. */
export interface SourceMark {
  readonly offset: number;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** `text` was copied, so places go on inside it; a `value` comes whole from one place. */
  readonly kind: 'text' | 'value';
}

/** Rendered text with the marks that lead back to the templates, sorted by offset. */
export interface Rendered {
  readonly text: string;
  readonly map: readonly SourceMark[];
}

/** Collects rendered text and its marks. */
export class OutputBuffer {
  text = '';
  readonly map: SourceMark[] = [];

  /** Adds text with the place that it comes from. */
  add(text: string, path: string, node: Located, kind: 'text' | 'value'): void {
    if (text === '') return;
    const { line, column } = node;
    this.map.push({ offset: this.text.length, path, line, column, kind });
    this.text += text;
  }

  /** Adds what a macro wrote, with its own places. */
  splice(inner: OutputBuffer): void {
    const start = this.text.length;
    for (const mark of inner.map) this.map.push({ ...mark, offset: mark.offset + start });
    this.text += inner.text;
  }
}

/** The place that the character at an offset of rendered text comes from. */
export function placeAt(rendered: Rendered, offset: number): Place | undefined {
  const { map, text } = rendered;
  let low = 0;
  let high = map.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((map[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const mark = map[low - 1];
  if (mark === undefined) return undefined;
  if (mark.kind === 'value') return { path: mark.path, line: mark.line, column: mark.column };
  const before = text.slice(mark.offset, offset);
  const lastNewline = before.lastIndexOf('\n');
  if (lastNewline === -1)
    return { path: mark.path, line: mark.line, column: mark.column + before.length };
  const line = mark.line + before.split('\n').length - 1;
  return { path: mark.path, line, column: before.length - lastNewline };
}
