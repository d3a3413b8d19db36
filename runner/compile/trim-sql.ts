import type { Rendered } from '../../core/template/source-map.ts';

/** Takes away white space at both ends and a semicolon at the end; the map follows. */
export function trimSql(rendered: Rendered): Rendered {
  const start = rendered.text.length - rendered.text.trimStart().length;
  const text = rendered.text.trim().replace(/\s*;$/, '');
  const inside = rendered.map.filter((mark) => mark.offset < start + text.length);
  // A text mark that begins in what was cut off still leads back: its own start moves along.
  const firstKept = inside.findLastIndex((mark) => mark.offset <= start);
  const map = inside.slice(Math.max(0, firstKept)).map((mark) => {
    if (mark.offset >= start) return { ...mark, offset: mark.offset - start };
    const cut = rendered.text.slice(mark.offset, start);
    const lines = cut.split('\n').length - 1;
    if (mark.kind === 'value') return { ...mark, offset: 0 };
    const column = lines === 0 ? mark.column + cut.length : cut.length - cut.lastIndexOf('\n');
    return { ...mark, offset: 0, line: mark.line + lines, column };
  });
  return { text, map };
}
