// Nunjucks' lexer with Jinja's rules: `+` marks, raw blocks, nested braces, numbers, Python's
// string escapes; no JavaScript regular expressions.

import { TemplateError } from './errors.ts';
import { TOKEN, type Token, Tokenizer } from './nunjucks.ts';
import { decodeStringLiteral } from './string-literal.ts';

const WHITESPACE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const SPACE = new RegExp(`${WHITESPACE}+`, 'y');
const TRAILING_SPACE = new RegExp(`${WHITESPACE}+$`);
const TAG = /\{[{%#]/g;
const RAW_BEGIN = new RegExp(`\\{%[-+]?${WHITESPACE}*raw${WHITESPACE}*(-?)%\\}`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${WHITESPACE}*endraw${WHITESPACE}*([-+]?)%\\}`, 'g');
const COMMENT_END = /([-+]?)#\}/g;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const WORD = /[\p{L}\p{N}_\p{M}]+/uy;
const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}_\p{M}]*$/u;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Yields the tokens of a Jinja template; whitespace inside tags is dropped. */
export class JinjaTokenizer extends Tokenizer {
  readonly path: string;
  private brackets: string[] = [];
  private trimNext = false;

  constructor(text: string, path: string) {
    super(text);
    this.path = path;
  }

  /** Moves to an offset of the text, as a reader would who counted the lines on the way. */
  seek(index: number): void {
    this.advanceTo(index);
  }

  override nextToken(): Token | null {
    if (this.in_code) return this.nextInCode();
    if (this.trimNext) {
      this.trimNext = false;
      const space = this.match(SPACE);
      if (space !== undefined) this.advanceTo(this.index + space.length);
    }
    return this.isFinished() ? null : this.nextOutsideCode();
  }

  private nextOutsideCode(): Token | null {
    TAG.lastIndex = this.index;
    const tag = TAG.exec(this.str);
    const end = tag === null ? this.len : tag.index;
    if (end > this.index) return this.data(end, this.str[end + 2] === '-');
    if (this._matches('{#')) return this.skipComment();
    RAW_BEGIN.lastIndex = this.index;
    const raw = RAW_BEGIN.exec(this.str);
    return raw === null ? this.openTag() : this.raw(raw[0].length, raw[1] === '-');
  }

  private data(end: number, trimEnd: boolean): Token | null {
    const { lineno, colno } = this;
    let value = this.str.slice(this.index, end);
    if (trimEnd) value = value.replace(TRAILING_SPACE, '');
    this.advanceTo(end);
    if (value === '') return this.nextToken();
    return { type: TOKEN.data, value, lineno, colno };
  }

  private skipComment(): Token | null {
    COMMENT_END.lastIndex = this.index + 2;
    const end = COMMENT_END.exec(this.str);
    if (end === null) {
      throw this.fault(
        'the comment opened by `{#` is never closed',
        'Close it with `#}`, or wrap SQL that contains `{#` in `{% raw %}`.',
      );
    }
    this.advanceTo(end.index + end[0].length);
    this.trimNext = end[1] === '-';
    return this.nextToken();
  }

  private raw(beginLength: number, trimStart: boolean): Token | null {
    RAW_END.lastIndex = this.index + beginLength;
    const end = RAW_END.exec(this.str);
    if (end === null)
      throw this.fault('the `{% raw %}` block is never closed', 'Add `{% endraw %}`.');
    this.advanceTo(this.index + beginLength);
    const space = trimStart ? this.match(SPACE) : undefined;
    if (space !== undefined) this.advanceTo(Math.min(this.index + space.length, end.index));
    const { lineno, colno } = this;
    let value = this.str.slice(this.index, end.index);
    if (end[1] === '-') value = value.replace(TRAILING_SPACE, '');
    this.advanceTo(end.index + end[0].length);
    this.trimNext = end[2] === '-';
    if (value === '') return this.nextToken();
    return { type: TOKEN.data, value, lineno, colno };
  }

  private openTag(): Token {
    const { lineno, colno } = this;
    const variable = this.str[this.index + 1] === '{';
    const mark = this.str[this.index + 2];
    this.in_code = true;
    this.brackets = [];
    this.advanceTo(this.index + (mark === '-' || mark === '+' ? 3 : 2));
    const type = variable ? TOKEN.variableStart : TOKEN.blockStart;
    return { type, value: variable ? '{{' : '{%', lineno, colno };
  }

  private nextInCode(): Token | null {
    const space = this.match(SPACE);
    if (space !== undefined) this.advanceTo(this.index + space.length);
    if (this.isFinished()) return null;
    if (this.brackets.length === 0) {
      const end = this.closeTag();
      if (end !== undefined) return end;
    }
    const { lineno, colno } = this;
    const make = (type: string, length: number, value: string): Token => {
      this.advanceTo(this.index + length);
      return { type, value, lineno, colno };
    };
    const float = this.str[this.index - 1] === '.' ? undefined : this.match(FLOAT);
    if (float !== undefined) return make(TOKEN.float, float.length, float.replaceAll('_', ''));
    const integer = this.match(INTEGER);
    if (integer !== undefined) return make(TOKEN.int, integer.length, integer.replaceAll('_', ''));
    const word = this.match(WORD);
    if (word !== undefined) {
      if (!IDENTIFIER.test(word)) throw this.fault(`\`${word}\` is no name`);
      return make(TOKEN.symbol, word.length, word);
    }
    const string = this.match(STRING);
    if (string !== undefined) return make(TOKEN.string, string.length, this.decode(string));
    const operator = this.match(OPERATOR);
    if (operator === undefined) throw this.unreadable();
    this.balance(operator);
    return make(TOKEN.operator, operator.length, operator);
  }

  /** Takes `%}` or `}}` with its mark; `}}` inside braces closes dicts instead. */
  private closeTag(): Token | undefined {
    const { lineno, colno } = this;
    const mark = this.str[this.index] === '-' || this.str[this.index] === '+' ? 1 : 0;
    const closer = this.str.slice(this.index + mark, this.index + mark + 2);
    if (closer !== '%}' && closer !== '}}') return undefined;
    if (closer === '}}' && this.str[this.index] === '+') return undefined;
    this.trimNext = this.str[this.index] === '-';
    this.advanceTo(this.index + mark + 2);
    this.in_code = false;
    return {
      type: closer === '%}' ? TOKEN.blockEnd : TOKEN.variableEnd,
      value: closer,
      lineno,
      colno,
    };
  }

  private balance(operator: string): void {
    if (operator === '(' || operator === '[' || operator === '{') this.brackets.push(operator);
    const opening = CLOSING[operator];
    if (opening === undefined) return;
    const open = this.brackets.pop();
    if (open === opening) return;
    throw this.fault(
      open === undefined
        ? `unexpected \`${operator}\``
        : `unexpected \`${operator}\`: \`${open}\` is still open`,
    );
  }

  private decode(literal: string): string {
    const decoded = decodeStringLiteral(literal.slice(1, -1));
    if (decoded.fault !== undefined) throw this.fault(decoded.fault);
    return decoded.text;
  }

  private unreadable(): TemplateError {
    const character = this.str[this.index] ?? '';
    if (character === "'" || character === '"')
      return this.fault('the string is never closed', `Add the closing \`${character}\`.`);
    return this.fault(`unexpected character \`${character}\``);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.index;
    return pattern.exec(this.str)?.[0];
  }

  private advanceTo(index: number): void {
    let newline = this.str.indexOf('\n', this.index);
    let lineStart = -1;
    while (newline !== -1 && newline < index) {
      this.lineno += 1;
      lineStart = newline + 1;
      newline = this.str.indexOf('\n', lineStart);
    }
    this.colno = lineStart === -1 ? this.colno + index - this.index : index - lineStart;
    this.index = index;
  }

  private fault(message: string, hint?: string): TemplateError {
    return new TemplateError(
      message,
      { path: this.path, line: this.lineno + 1, column: this.colno + 1 },
      { hint },
    );
  }
}
