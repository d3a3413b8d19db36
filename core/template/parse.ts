// From the text of a template to its syntax tree.

import { type ParseCache, parseKey } from '../parse-cache.ts';
import { TemplateError } from './errors.ts';
import { StatementParser } from './statement-parser.ts';
import type { Macro, TemplateNode } from './syntax.ts';
import { JinjaTokenizer } from './tokenizer.ts';
import { decodeTree, encodeTree } from './tree-codec.ts';

/** A template as it lies in its file. */
export interface TemplateSource {
  readonly path: string;
  readonly text: string;
  /** The file's line on which the text begins, for a text cut out of a file; 1 where absent. */
  readonly firstLine?: number;
}

/** A template that was read and has no fault of grammar. */
export interface Template {
  readonly source: TemplateSource;
  readonly root: TemplateNode;
}

/**
 * Parses a template; throws a `TemplateError` with the place of the first fault. A text that the cache
 * knows is not parsed again.
 */
export function parseTemplate(source: TemplateSource, cache?: ParseCache): Template {
  const firstLine = source.firstLine ?? 1;
  const root = remember(cache, `template@${firstLine}`, source.text, () => {
    const text = dropLastNewline(normalizeNewlines(source.text));
    const tokens = new JinjaTokenizer(text, source.path);
    tokens.lineno = firstLine - 1;
    return guard(source, () => new StatementParser(tokens).parseTemplateNode());
  });
  return { source, root };
}

/** Asks the cache for what was made of a text, or makes it: a tree, or plain data that holds trees. */
export function remember<T>(
  cache: ParseCache | undefined,
  parser: string,
  text: string,
  parse: () => T,
): T {
  if (cache === undefined) return parse();
  const key = parseKey(parser, text);
  const known = cache.get(key);
  // as: what lies under a parser's key was encoded below from its own result
  if (known !== undefined) return decodeTree(known) as T;
  const parsed = parse();
  cache.set(key, encodeTree(parsed));
  return parsed;
}

/** Parses the macro or generic test that stands between two offsets of a file. */
export function parseMacroAt(path: string, text: string, start: number, end: number): Macro {
  const tokens = new JinjaTokenizer(text.slice(0, end), path);
  tokens.seek(start);
  return guard({ path, text }, () => new StatementParser(tokens).parseMacroBlock());
}

/** Brings all line ends to `\n`, as Jinja does. */
export function normalizeNewlines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** Jinja leaves out one newline at the very end. */
function dropLastNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** JavaScript's own stack ends before that of the parser's guards only in absurd templates. */
function guard<T>(source: TemplateSource, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateError(
      'the template is nested too deeply',
      { path: source.path },
      { cause: error },
    );
  }
}
