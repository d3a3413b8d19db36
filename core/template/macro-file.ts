// Cutting files into the blocks that dbt knows above Jinja: macros, generic tests, materializations,
// snapshots, docs.

import type { ParseCache } from '../parse-cache.ts';
import type { MacroDefinition } from './call.ts';
import { TemplateError } from './errors.ts';
import { normalizeNewlines, parseMacroAt, remember, type TemplateSource } from './parse.ts';
import type { Macro } from './syntax.ts';

/** The kinds of blocks. `data_test` counts as `test`. */
export type BlockKind = 'macro' | 'test' | 'materialization' | 'snapshot' | 'docs';

/** A block of a file; offsets count in the text with its line ends brought to `\n`. */
export interface FileBlock {
  readonly kind: BlockKind;
  readonly name: string;
  /** What follows the name in the opening tag. */
  readonly header: string;
  /** The text between the tags, as written. */
  readonly body: string;
  readonly line: number;
  readonly column: number;
  readonly start: number;
  readonly end: number;
}

const OPENING =
  /\{#|\{%[-+]?\s*(?:(raw)\s*[-+]?%\}|(macro|test|data_test|materialization|snapshot|docs)\s+([\p{L}_][\p{L}\p{N}_]*))/gu;
const TAG_END = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|[-+]?%\}/g;
const RAW_END = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;

/**
 * The macros, generic tests and materializations of a file, each under its name: a generic test `x` is
 * `test_x`, a materialization `y` for PostgreSQL `materialization_y_postgres`.
 */
export function splitMacroFile(
  source: TemplateSource,
  cache?: ParseCache,
): readonly MacroDefinition[] {
  const macros = remember(cache, 'macros-2', source.text, () => parseMacros(source));
  return macros.map((macro) => ({ path: source.path, macro }));
}

function parseMacros(source: TemplateSource): readonly Macro[] {
  const text = normalizeNewlines(source.text);
  return findBlocks(source)
    .filter(({ kind }) => kind === 'macro' || kind === 'test' || kind === 'materialization')
    .map((block) => parseMacroAt(source.path, text, block.start, block.end));
}

/** The blocks of a file in their order; what stands between them is not looked at. */
export function findBlocks(source: TemplateSource): readonly FileBlock[] {
  const text = normalizeNewlines(source.text);
  const blocks: FileBlock[] = [];
  let at = 0;
  for (;;) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(text);
    if (opening === null) return blocks;
    const [whole, raw, tag, name = ''] = opening;
    if (tag === undefined) {
      at =
        raw === undefined
          ? commentEnd(source, text, opening.index)
          : rawEnd(source, text, opening.index);
      continue;
    }
    const headerStart = opening.index + whole.length;
    const bodyStart = tagEnd(source, text, opening.index, headerStart);
    const close = blockEnd(source, text, { tag, start: opening.index, bodyStart });
    blocks.push({
      kind: tag === 'data_test' ? 'test' : (tag as BlockKind), // the pattern matches these only
      name,
      header: text
        .slice(headerStart, bodyStart)
        .replace(/[-+]?%\}$/, '')
        .trim(),
      body: text.slice(bodyStart, close.start),
      ...placeOf(text, opening.index),
      start: opening.index,
      end: close.end,
    });
    at = close.end;
  }
}

function tagEnd(source: TemplateSource, text: string, opening: number, from: number): number {
  TAG_END.lastIndex = from;
  for (let match = TAG_END.exec(text); match !== null; match = TAG_END.exec(text)) {
    if (match[0].endsWith('%}')) return match.index + match[0].length;
  }
  throw faultAt(source, text, opening, 'the tag is never closed', 'Close it with `%}`.');
}

/** The end tag of a block, past comments, raw blocks and blocks of the same kind within. */
function blockEnd(
  source: TemplateSource,
  text: string,
  block: { tag: string; start: number; bodyStart: number },
): { start: number; end: number } {
  const { tag } = block;
  const skips = tag === 'docs' ? '' : `\\{#|\\{%[-+]?\\s*raw\\s*[-+]?%\\}|\\{%[-+]?\\s*${tag}\\s|`;
  const pattern = new RegExp(`${skips}\\{%[-+]?\\s*end${tag}\\s*[-+]?%\\}`, 'g');
  pattern.lastIndex = block.bodyStart;
  let depth = 1;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [found] = match;
    if (found === '{#') pattern.lastIndex = commentEnd(source, text, match.index);
    else if (new RegExp(`end${tag}`).test(found)) {
      depth -= 1;
      if (depth === 0) return { start: match.index, end: match.index + found.length };
    } else if (/raw/.test(found)) pattern.lastIndex = rawEnd(source, text, match.index);
    else depth += 1;
  }
  throw faultAt(
    source,
    text,
    block.start,
    `the \`{% ${tag} %}\` block is never closed`,
    `Add \`{% end${tag} %}\`.`,
  );
}

function commentEnd(source: TemplateSource, text: string, opening: number): number {
  const end = text.indexOf('#}', opening + 2);
  if (end === -1) {
    throw faultAt(
      source,
      text,
      opening,
      'the comment opened by `{#` is never closed',
      'Close it with `#}`.',
    );
  }
  return end + 2;
}

function rawEnd(source: TemplateSource, text: string, opening: number): number {
  RAW_END.lastIndex = opening;
  const end = RAW_END.exec(text);
  if (end === null) {
    throw faultAt(
      source,
      text,
      opening,
      'the `{% raw %}` block is never closed',
      'Add `{% endraw %}`.',
    );
  }
  return end.index + end[0].length;
}

function faultAt(
  source: TemplateSource,
  text: string,
  offset: number,
  message: string,
  hint: string,
): TemplateError {
  return new TemplateError(message, { path: source.path, ...placeOf(text, offset) }, { hint });
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
