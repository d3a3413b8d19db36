// Jinja's grammar of expressions, on Nunjucks' parser. Nunjucks' own grammar is left out because it
// differs in silence: its precedences, `(a, b)` as JavaScript's comma, variable keys taken as text.

import { TemplateError } from './errors.ts';
import { parseInteger } from './number.ts';
import { Parser, TOKEN, type Token } from './nunjucks.ts';
import type * as syntax from './syntax.ts';
import type { JinjaTokenizer } from './tokenizer.ts';
import { FloatValue, type Value } from './values.ts';

/** A condition with its no-nonsense end: names that cannot begin the argument of a test. */
const TEST_ENDS = new Set(['else', 'or', 'and']);
const COMPARISONS = new Set<string>(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);
const MAX_NESTING = 200;

/** Parses the expressions inside tags. */
export class ExpressionParser extends Parser {
  protected readonly path: string;
  private depth = 0;

  constructor(tokens: JinjaTokenizer) {
    super(tokens);
    this.path = tokens.path;
  }

  /** `a, b` as a tuple, or one expression; `ends` says which token ends the tuple early. */
  protected parseTuple(
    ends: readonly string[] = [],
    explicit = false,
    conditional = true,
  ): syntax.Expression {
    const place = this.place();
    const items: syntax.Expression[] = [];
    let isTuple = false;
    while (!this.atTupleEnd(ends)) {
      items.push(conditional ? this.parseExpressionNode() : this.parseOrNode());
      if (!this.skipOperator(',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (!isTuple && only !== undefined) return only;
    if (!isTuple && !explicit) throw this.unexpected('an expression');
    return { kind: 'tuple', items, ...place };
  }

  private atTupleEnd(ends: readonly string[]): boolean {
    const token = this.peekToken();
    if (token === null || token.type === TOKEN.variableEnd || token.type === TOKEN.blockEnd)
      return true;
    if (token.type === TOKEN.operator) return token.value === ')';
    return token.type === TOKEN.symbol && ends.includes(token.value);
  }

  protected parseExpressionNode(): syntax.Expression {
    this.depth += 1;
    if (this.depth > MAX_NESTING) throw this.faultHere('the expression is nested too deeply');
    const place = this.place();
    let node = this.parseOrNode();
    while (this.skipSymbol('if')) {
      const condition = this.parseOrNode();
      const otherwise = this.skipSymbol('else') ? this.parseExpressionNode() : undefined;
      node = { kind: 'conditional', condition, consequence: node, otherwise, ...place };
    }
    this.depth -= 1;
    return node;
  }

  private parseOrNode(): syntax.Expression {
    return this.parseLogical('or', () => this.parseLogical('and', () => this.parseNotNode()));
  }

  private parseLogical(operator: 'and' | 'or', next: () => syntax.Expression): syntax.Expression {
    const place = this.place();
    let left = next();
    while (this.skipSymbol(operator)) {
      left = { kind: 'logical', operator, left, right: next(), ...place };
    }
    return left;
  }

  private parseNotNode(): syntax.Expression {
    const place = this.place();
    if (!this.skipSymbol('not')) return this.parseComparison();
    return { kind: 'unary', operator: 'not', operand: this.parseNotNode(), ...place };
  }

  private parseComparison(): syntax.Expression {
    const place = this.place();
    const first = this.parseBinary(['+', '-'], () => this.parseConcatNode());
    const rest: [syntax.CompareOperator, syntax.Expression][] = [];
    for (
      let operator = this.takeComparison();
      operator !== undefined;
      operator = this.takeComparison()
    ) {
      rest.push([operator, this.parseBinary(['+', '-'], () => this.parseConcatNode())]);
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest, ...place };
  }

  private takeComparison(): syntax.CompareOperator | undefined {
    const token = this.peekToken();
    if (token?.type === TOKEN.operator && COMPARISONS.has(token.value)) {
      this.nextToken();
      return token.value as syntax.CompareOperator; // COMPARISONS holds only these
    }
    if (this.skipSymbol('in')) return 'in';
    if (!this.skipSymbol('not')) return undefined;
    if (!this.skipSymbol('in')) throw this.unexpected('`in` after `not`');
    return 'not in';
  }

  private parseBinary(
    operators: readonly syntax.BinaryOperator[],
    next: () => syntax.Expression,
  ): syntax.Expression {
    let left = next();
    for (;;) {
      const token = this.peekToken();
      const operator =
        token?.type === TOKEN.operator ? operators.find((one) => one === token.value) : undefined;
      if (operator === undefined) return left;
      const place = this.place();
      this.nextToken();
      left = { kind: 'binary', operator, left, right: next(), ...place };
    }
  }

  private parseConcatNode(): syntax.Expression {
    const place = this.place();
    const product = (): syntax.Expression =>
      this.parseBinary(['*', '/', '//', '%'], () =>
        this.parseBinary(['**'], () => this.parseSigned(true)),
      );
    const first = product();
    const parts = [first];
    while (this.skipOperator('~')) parts.push(product());
    return parts.length === 1 ? first : { kind: 'concat', parts, ...place };
  }

  private parseSigned(withFilter: boolean): syntax.Expression {
    this.depth += 1;
    if (this.depth > MAX_NESTING) throw this.faultHere('the expression is nested too deeply');
    const place = this.place();
    let node: syntax.Expression;
    if (this.skipOperator('-')) {
      node = { kind: 'unary', operator: '-', operand: this.parseSigned(false), ...place };
    } else if (this.skipOperator('+')) {
      node = { kind: 'unary', operator: '+', operand: this.parseSigned(false), ...place };
    } else {
      node = this.parsePrimaryNode();
    }
    node = this.parsePostfixes(node);
    this.depth -= 1;
    return withFilter ? this.parseFiltersAndTests(node) : node;
  }

  protected parsePrimaryNode(): syntax.Expression {
    const place = this.place();
    const token = this.nextToken();
    if (token === null) throw this.endOfFile('an expression');
    switch (token.type) {
      case TOKEN.symbol: {
        const constant = CONSTANTS.get(token.value);
        if (constant !== undefined) return { kind: 'literal', value: constant, ...place };
        return { kind: 'name', name: token.value, ...place };
      }
      case TOKEN.string:
        return { kind: 'literal', value: this.joinStrings(token.value), ...place };
      case TOKEN.int:
        return { kind: 'literal', value: this.readInteger(token), ...place };
      case TOKEN.float:
        return { kind: 'literal', value: new FloatValue(Number(token.value)), ...place };
      default:
        if (token.type === TOKEN.operator) {
          const display = this.parseDisplay(token.value, place);
          if (display !== undefined) return display;
        }
        throw this.fault(`expected an expression, got ${describeToken(token)}`, token);
    }
  }

  private parseDisplay(opening: string, place: syntax.Located): syntax.Expression | undefined {
    if (opening === '(') {
      const node = this.parseTuple([], true);
      this.expectOperator(')');
      return node;
    }
    if (opening === '[') {
      return {
        kind: 'list',
        items: this.parseUntil(']', () => this.parseExpressionNode()),
        ...place,
      };
    }
    if (opening !== '{') return undefined;
    const entries = this.parseUntil('}', () => {
      const key = this.parseExpressionNode();
      this.expectOperator(':');
      return [key, this.parseExpressionNode()] as const;
    });
    return { kind: 'dict', entries, ...place };
  }

  /** Elements between commas up to the closing sign; a trailing comma is allowed. */
  private parseUntil<T>(closing: string, parse: () => T): T[] {
    const elements: T[] = [];
    while (!this.skipOperator(closing)) {
      if (elements.length > 0) {
        this.expectOperator(',');
        if (this.skipOperator(closing)) break;
      }
      elements.push(parse());
    }
    return elements;
  }

  private joinStrings(first: string): string {
    let text = first;
    while (this.peekToken()?.type === TOKEN.string) text += this.nextToken()?.value ?? '';
    return text;
  }

  private readInteger(token: Token): Value {
    const prefix = token.value.slice(0, 2).toLowerCase();
    const base = prefix === '0b' ? 2 : prefix === '0o' ? 8 : prefix === '0x' ? 16 : 10;
    return parseInteger(token.value, base) ?? 0;
  }

  protected parsePostfixes(start: syntax.Expression): syntax.Expression {
    let node = start;
    for (;;) {
      const place = this.place();
      if (this.skipOperator('.')) node = this.parseDotted(node, place);
      else if (this.skipOperator('[')) node = this.parseSubscript(node, place);
      else if (this.peekOperator('('))
        node = { kind: 'call', callee: node, args: this.parseArguments(), ...startOf(node) };
      else return node;
    }
  }

  private parseFiltersAndTests(start: syntax.Expression): syntax.Expression {
    let node = start;
    for (;;) {
      if (this.peekOperator('|')) node = this.parseFilters(node);
      else if (this.skipSymbol('is')) node = this.parseTest(node);
      else if (this.peekOperator('('))
        node = { kind: 'call', callee: node, args: this.parseArguments(), ...startOf(node) };
      else return node;
    }
  }

  private parseDotted(object: syntax.Expression, place: syntax.Located): syntax.Expression {
    const token = this.nextToken();
    if (token?.type === TOKEN.symbol)
      return { kind: 'attribute', object, name: token.value, ...place };
    if (token?.type !== TOKEN.int) {
      throw this.fault(`expected a name after \`.\`, got ${describeToken(token)}`, token);
    }
    const index: syntax.Literal = { kind: 'literal', value: this.readInteger(token), ...place };
    return { kind: 'item', object, index, ...place };
  }

  private parseSubscript(object: syntax.Expression, place: syntax.Located): syntax.Expression {
    const items: (syntax.Expression | syntax.Slice)[] = [];
    do items.push(this.parseIndex());
    while (this.skipOperator(',') && !this.peekOperator(']'));
    this.expectOperator(']');
    const [only] = items;
    if (items.length === 1 && only !== undefined)
      return { kind: 'item', object, index: only, ...place };
    const keys = items.map((item) => {
      if (item.kind === 'slice')
        throw this.faultHere('a slice of several dimensions is not supported');
      return item;
    });
    return { kind: 'item', object, index: { kind: 'tuple', items: keys, ...place }, ...place };
  }

  private parseIndex(): syntax.Expression | syntax.Slice {
    const place = this.place();
    const bound = (): syntax.Expression | undefined =>
      this.peekOperator(':') || this.peekOperator(']') || this.peekOperator(',')
        ? undefined
        : this.parseExpressionNode();
    const start = bound();
    if (!this.skipOperator(':')) {
      if (start === undefined) throw this.unexpected('an index');
      return start;
    }
    const stop = bound();
    const step = this.skipOperator(':') ? bound() : undefined;
    return { kind: 'slice', start, stop, step, ...place };
  }

  /** `| name(…) | name(…)` behind a target, or the filters of a block, which begin without one. */
  protected parseFilters(target: syntax.Expression | undefined, inline = false): syntax.Filter {
    let node: syntax.Filter | undefined;
    let first = inline;
    while (first || this.skipOperator('|')) {
      first = false;
      const place = this.place();
      const name = this.parseDottedName();
      const args = this.peekOperator('(') ? this.parseArguments() : NO_ARGUMENTS;
      node = { kind: 'filter', name, target: node ?? target, args, ...place };
    }
    if (node === undefined) throw this.unexpected('a filter');
    return node;
  }

  private parseDottedName(): string {
    let name = this.expectName('a name');
    while (this.skipOperator('.')) name += `.${this.expectName('a name')}`;
    return name;
  }

  private parseTest(target: syntax.Expression): syntax.Expression {
    const negated = this.skipSymbol('not');
    const place = this.place();
    const name = this.parseDottedName();
    let args = NO_ARGUMENTS;
    if (this.peekOperator('(')) args = this.parseArguments();
    else if (this.atTestArgument()) {
      if (this.peekToken()?.value === 'is')
        throw this.faultHere('tests cannot be chained with `is`');
      args = { ...NO_ARGUMENTS, positional: [this.parsePostfixes(this.parsePrimaryNode())] };
    }
    const test: syntax.Test = { kind: 'test', name, target, args, ...place };
    return negated ? { kind: 'unary', operator: 'not', operand: test, ...place } : test;
  }

  private atTestArgument(): boolean {
    const token = this.peekToken();
    if (token === null) return false;
    if (token.type === TOKEN.symbol) return !TEST_ENDS.has(token.value);
    if (token.type === TOKEN.operator)
      return token.value === '(' || token.value === '[' || token.value === '{';
    return token.type === TOKEN.string || token.type === TOKEN.int || token.type === TOKEN.float;
  }

  protected parseArguments(): syntax.Arguments {
    this.expectOperator('(');
    const positional: syntax.Expression[] = [];
    const keywords: [string, syntax.Expression][] = [];
    let splat: syntax.Expression | undefined;
    let keywordSplat: syntax.Expression | undefined;
    this.parseUntil(')', () => {
      const ordered = (allowed: boolean): void => {
        if (!allowed) throw this.faultHere('arguments of a call stand in a wrong order');
      };
      if (this.skipOperator('*')) {
        ordered(splat === undefined && keywordSplat === undefined);
        splat = this.parseExpressionNode();
      } else if (this.skipOperator('**')) {
        ordered(keywordSplat === undefined);
        keywordSplat = this.parseExpressionNode();
      } else {
        const value = this.parseExpressionNode();
        if (value.kind === 'name' && this.skipOperator('=')) {
          ordered(keywordSplat === undefined);
          if (keywords.some(([name]) => name === value.name)) {
            throw this.faultHere(`the argument \`${value.name}\` is given twice`);
          }
          keywords.push([value.name, this.parseExpressionNode()]);
        } else {
          ordered(splat === undefined && keywordSplat === undefined && keywords.length === 0);
          positional.push(value);
        }
      }
    });
    return { positional, keywords, splat, keywordSplat };
  }

  protected expectName(what: string): string {
    const token = this.nextToken();
    if (token?.type === TOKEN.symbol) return token.value;
    throw this.fault(`expected ${what}, got ${describeToken(token)}`, token);
  }

  protected expectOperator(value: string): void {
    if (!this.skipOperator(value)) throw this.unexpected(`\`${value}\``);
  }

  protected skipOperator(value: string): boolean {
    return this.skipValue(TOKEN.operator, value);
  }

  protected peekOperator(value: string): boolean {
    const token = this.peekToken();
    return token?.type === TOKEN.operator && token.value === value;
  }

  protected place(): syntax.Located {
    const token = this.peekToken() ?? this.tokens;
    return { line: token.lineno + 1, column: token.colno + 1 };
  }

  protected unexpected(what: string): TemplateError {
    const token = this.peekToken();
    return token === null
      ? this.endOfFile(what)
      : this.faultHere(`expected ${what}, got ${describeToken(token)}`);
  }

  private endOfFile(what: string): TemplateError {
    return this.faultHere(`expected ${what}, got the end of the file`);
  }

  protected faultHere(message: string, hint?: string): TemplateError {
    return new TemplateError(message, { path: this.path, ...this.place() }, { hint });
  }

  protected fault(message: string, token: Token | null, hint?: string): TemplateError {
    if (token === null) return this.faultHere(message, hint);
    const place = { path: this.path, line: token.lineno + 1, column: token.colno + 1 };
    return new TemplateError(message, place, { hint });
  }
}

const NO_ARGUMENTS: syntax.Arguments = {
  positional: [],
  keywords: [],
  splat: undefined,
  keywordSplat: undefined,
};

function startOf(node: syntax.Located): syntax.Located {
  return { line: node.line, column: node.column };
}

/** Names a token for an error message. */
export function describeToken(token: Token | null): string {
  if (token === null) return 'the end of the file';
  if (token.type === TOKEN.string) return `the string \`${token.value}\``;
  if (token.type === TOKEN.data) return 'text';
  return `\`${token.value}\``;
}
