// The parts of Nunjucks that templates are read with. Only its lexer and parser are loaded: its
// compiler and runtime, which run templates as JavaScript, never are.

import { createRequire } from 'node:module';

/** A token as the lexer yields it; line and column count from 0. */
export interface Token {
  readonly type: string;
  readonly value: string;
  readonly lineno: number;
  readonly colno: number;
}

interface NunjucksTokenizer {
  readonly str: string;
  readonly len: number;
  index: number;
  lineno: number;
  colno: number;
  in_code: boolean;
  nextToken(): Token | null;
  isFinished(): boolean;
  _matches(text: string): boolean | null;
}

interface NunjucksParser {
  readonly tokens: NunjucksTokenizer;
  breakOnBlocks: readonly string[] | null;
  nextToken(withWhitespace?: boolean): Token | null;
  peekToken(): Token | null;
  pushToken(token: Token | null): void;
  skip(type: string): boolean;
  skipValue(type: string, value: string): boolean;
  skipSymbol(value: string): boolean;
}

const load = createRequire(import.meta.url);

// Nunjucks has no types for these files; the shapes above are those of version 3.2.4, which the
// lock file pins.
const lexer = load('nunjucks/src/lexer.js') as {
  readonly lex: (text: string) => NunjucksTokenizer;
  readonly TOKEN_DATA: string;
};
const parser = load('nunjucks/src/parser.js') as {
  readonly Parser: new (tokens: NunjucksTokenizer) => NunjucksParser;
};

/** The class of Nunjucks' lexer, reached through an instance: it is not exported by name. */
export const Tokenizer = lexer.lex('').constructor as new (text: string) => NunjucksTokenizer;

/** The class of Nunjucks' parser. */
export const Parser = parser.Parser;

/** The token types of Nunjucks that the grammar uses. */
export const TOKEN = {
  data: 'data',
  blockStart: 'block-start',
  blockEnd: 'block-end',
  variableStart: 'variable-start',
  variableEnd: 'variable-end',
  string: 'string',
  int: 'int',
  float: 'float',
  symbol: 'symbol',
  operator: 'operator',
} as const;
