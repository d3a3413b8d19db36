// Jinja's grammar of statements, on Nunjucks' parser.

import { nearestName } from '../errors.ts';
import { catchesOf } from './catches.ts';
import { TemplateError } from './errors.ts';
import { describeToken, ExpressionParser } from './expression-parser.ts';
import { TOKEN, type Token } from './nunjucks.ts';
import type * as syntax from './syntax.ts';

const LOADING = new Set(['include', 'extends', 'import', 'from', 'block']);
const FOREIGN = new Set([
  'autoescape',
  'trans',
  'switch',
  'asyncEach',
  'asyncAll',
  'ifAsync',
  'verbatim',
  'elseif',
]);
const TAGS = [
  'if',
  'for',
  'macro',
  'call',
  'filter',
  'set',
  'do',
  'with',
  'break',
  'continue',
  'print',
  'raw',
];

/** The name that a materialization is known by among macros, as in dbt. */
export function materializationMacroName(name: string, adapter: string): string {
  return `materialization_${name}_${adapter}`;
}

/** The name that a generic test is known by among macros, as in dbt. */
export function testMacroName(name: string): string {
  return `test_${name}`;
}

/** Parses a template, tags and all. */
export class StatementParser extends ExpressionParser {
  private assigned = new Set<string>();
  private open: { readonly tag: string; readonly place: syntax.Located } | undefined;
  private loops = 0;

  /** The whole template. */
  parseTemplateNode(): syntax.TemplateNode {
    const body = this.parseBody();
    return { kind: 'template', body, assigned: this.assigned, line: 1, column: 1 };
  }

  /** One macro, generic test or materialization, from `{%` on; the rest of the file is left unread. */
  parseMacroBlock(): syntax.Macro {
    const opening = this.nextToken();
    const tag = this.peekToken();
    const isTest = tag?.value === 'test' || tag?.value === 'data_test';
    const isMacro = isTest || tag?.value === 'macro' || tag?.value === 'materialization';
    if (opening?.type !== TOKEN.blockStart || !isMacro) throw this.unexpected('a macro');
    const place = { line: opening.lineno + 1, column: opening.colno + 1 };
    this.nextToken();
    if (tag.value === 'materialization') return this.parseMaterialization(place);
    return this.parseMacroNode(isTest ? `end${tag.value}` : 'endmacro', place, isTest);
  }

  /** `{% materialization name, adapter='postgres' %}`: a macro without parameters, named as dbt names it. */
  private parseMaterialization(place: syntax.Located): syntax.Macro {
    const written = this.expectName('the name of the materialization');
    let adapter = 'default';
    while (this.skipOperator(',')) {
      const option = this.expectName('`adapter`, `default` or `supported_languages`');
      if (!this.skipOperator('=')) {
        if (option !== 'default') throw this.faultHere('expected `default` or `adapter=…`');
        continue;
      }
      const value = this.parseExpressionNode();
      if (option !== 'adapter') continue;
      if (value.kind !== 'literal' || typeof value.value !== 'string') {
        throw this.faultHere('the adapter of a materialization is a text');
      }
      adapter = value.value;
    }
    this.expectBlockEnd();
    const name = materializationMacroName(written, adapter);
    return this.parseCallable(
      { name, parameters: [], end: 'endmaterialization', tag: 'materialization' },
      place,
    );
  }

  private parseBody(...ends: string[]): syntax.Statement[] {
    const outer = this.breakOnBlocks;
    this.breakOnBlocks = ends;
    const body: syntax.Statement[] = [];
    for (let token = this.nextToken(); token !== null; token = this.nextToken()) {
      const place = { line: token.lineno + 1, column: token.colno + 1 };
      if (token.type === TOKEN.data) body.push({ kind: 'text', text: token.value, ...place });
      else if (token.type === TOKEN.variableStart) {
        const expression = this.parseTuple();
        this.expectEnd(TOKEN.variableEnd, '}}');
        body.push({ kind: 'output', expression, ...place });
      } else {
        const tag = this.peekToken();
        if (tag !== null && tag.type === TOKEN.symbol && ends.includes(tag.value)) {
          this.breakOnBlocks = outer;
          return body;
        }
        body.push(...this.parseTag(place));
      }
    }
    if (ends.length > 0) throw this.neverClosed(ends);
    this.breakOnBlocks = outer;
    return body;
  }

  private neverClosed(ends: readonly string[]): TemplateError {
    const end = ends.at(-1) ?? '';
    const place = this.open?.place ?? this.place();
    return new TemplateError(
      `the \`{% ${this.open?.tag ?? end.slice(3)} %}\` block is never closed`,
      { path: this.path, ...place },
      { hint: `Add \`{% ${end} %}\`.` },
    );
  }

  /** A body up to its end tag, which is taken too. */
  private parseBlockBody(tag: string, place: syntax.Located, end: string): syntax.Statement[] {
    return this.within(tag, place, () => {
      const body = this.parseBody(end);
      this.nextToken();
      this.expectBlockEnd();
      return body;
    });
  }

  private within<T>(tag: string, place: syntax.Located, parse: () => T): T {
    const outer = this.open;
    this.open = { tag, place };
    const result = parse();
    this.open = outer;
    return result;
  }

  private parseTag(place: syntax.Located): syntax.Statement[] {
    const token = this.nextToken();
    if (token?.type !== TOKEN.symbol) {
      throw this.fault(`expected the name of a tag, got ${describeToken(token)}`, token);
    }
    if (token.value === 'print') return this.parsePrint(place);
    return [this.parseStatementNode(token, place)];
  }

  private parseStatementNode(token: Token, place: syntax.Located): syntax.Statement {
    switch (token.value) {
      case 'if':
        return this.within('if', place, () => this.parseIfNode(place));
      case 'for':
        return this.within('for', place, () => this.parseForNode(place));
      case 'macro':
        return this.parseMacroNode('endmacro', place, false);
      case 'call':
        return this.parseCallBlock(place);
      case 'filter':
        return this.parseFilterBlock(place);
      case 'set':
        return this.parseSetNode(place);
      case 'do': {
        const expression = this.parseTuple();
        this.expectBlockEnd();
        return { kind: 'do', expression, ...place };
      }
      case 'with':
        return this.parseWith(place);
      case 'break':
      case 'continue':
        if (this.loops === 0) throw this.fault(`\`${token.value}\` outside a loop`, token);
        this.expectBlockEnd();
        return { kind: token.value, ...place };
      default:
        throw this.unknownTag(token);
    }
  }

  private unknownTag(token: Token): TemplateError {
    const tag = token.value;
    if (LOADING.has(tag)) {
      return this.fault(
        `\`{% ${tag} %}\` is not available: templates load no other files`,
        token,
        'Put what is shared into a macro; macros are known everywhere.',
      );
    }
    if (tag.startsWith('end') || tag === 'else' || tag === 'elif') {
      const inside = this.open === undefined ? '' : ` inside \`{% ${this.open.tag} %}\``;
      return this.fault(`unexpected \`{% ${tag} %}\`${inside}`, token);
    }
    const nearest = tag === 'elseif' ? 'elif' : nearestName(tag, FOREIGN.has(tag) ? [] : TAGS);
    const hint = nearest === undefined ? undefined : `did you mean \`{% ${nearest} %}\`?`;
    return this.fault(`unknown tag \`{% ${tag} %}\``, token, hint);
  }

  private parsePrint(place: syntax.Located): syntax.Statement[] {
    const statements: syntax.Statement[] = [];
    while (this.peekToken()?.type !== TOKEN.blockEnd) {
      if (statements.length > 0) this.expectOperator(',');
      statements.push({ kind: 'output', expression: this.parseExpressionNode(), ...place });
    }
    this.expectBlockEnd();
    return statements;
  }

  private parseIfNode(place: syntax.Located): syntax.If {
    const branches: { condition: syntax.Expression; body: syntax.Body }[] = [];
    for (;;) {
      const condition = this.parseTuple([], false, false);
      this.expectBlockEnd();
      const body = this.parseBody('elif', 'else', 'endif');
      branches.push({ condition, body });
      const end = this.nextToken();
      if (end?.value === 'elif') continue;
      this.expectBlockEnd();
      if (end?.value === 'endif') return { kind: 'if', branches, otherwise: [], ...place };
      const otherwise = this.parseBody('endif');
      this.nextToken();
      this.expectBlockEnd();
      return { kind: 'if', branches, otherwise, ...place };
    }
  }

  private parseForNode(place: syntax.Located): syntax.For {
    const target = this.parseTarget(['in']);
    if (!this.skipSymbol('in')) throw this.unexpected('`in`');
    const iterable = this.parseTuple(['recursive'], false, false);
    const filter = this.skipSymbol('if') ? this.parseExpressionNode() : undefined;
    const recursive = this.skipSymbol('recursive');
    this.expectBlockEnd();
    // What a loop assigns stays inside it, but a later reading of the name is still no typing error.
    this.loops += 1;
    const body = this.parseBody('endfor', 'else');
    this.loops -= 1;
    let otherwise: syntax.Body = [];
    const end = this.nextToken();
    this.expectBlockEnd();
    if (end?.value === 'else') {
      otherwise = this.parseBody('endfor');
      this.nextToken();
      this.expectBlockEnd();
    }
    return { kind: 'for', target, iterable, filter, recursive, body, otherwise, ...place };
  }

  private parseMacroNode(end: string, place: syntax.Located, isTest: boolean): syntax.Macro {
    const written = this.expectName('the name of the macro');
    const name = isTest ? testMacroName(written) : written;
    if (!isTest) this.assigned.add(name);
    const parameters = this.parseParameters();
    this.expectBlockEnd();
    return this.parseCallable({ name, parameters, end, tag: end.slice(3) }, place);
  }

  private parseCallable(
    head: { name: string; parameters: readonly syntax.Parameter[]; end: string; tag: string },
    place: syntax.Located,
  ): syntax.Macro {
    const outer = { assigned: this.assigned, loops: this.loops };
    this.assigned = new Set();
    this.loops = 0;
    const body = this.parseBlockBody(head.tag, place, head.end);
    const { assigned } = this;
    this.assigned = outer.assigned;
    this.loops = outer.loops;
    const { name, parameters } = head;
    const catches = catchesOf(body, parameters);
    return { kind: 'macro', name, parameters, body, catches, assigned, ...place };
  }

  private parseParameters(): syntax.Parameter[] {
    const parameters: syntax.Parameter[] = [];
    this.expectOperator('(');
    while (!this.skipOperator(')')) {
      if (parameters.length > 0) {
        this.expectOperator(',');
        if (this.skipOperator(')')) break;
      }
      const place = this.place();
      const name = this.expectName('a parameter');
      const fallback = this.skipOperator('=') ? this.parseExpressionNode() : undefined;
      if (fallback === undefined && parameters.at(-1)?.fallback !== undefined) {
        throw this.faultHere(`the parameter \`${name}\` needs a default, as one before it has one`);
      }
      if (parameters.some((parameter) => parameter.name === name)) {
        throw this.faultHere(`the parameter \`${name}\` occurs twice`);
      }
      parameters.push({ name, fallback, ...place });
    }
    return parameters;
  }

  private parseCallBlock(place: syntax.Located): syntax.CallBlock {
    const parameters = this.peekOperator('(') ? this.parseParameters() : [];
    const call = this.parseExpressionNode();
    if (call.kind !== 'call') throw this.faultHere('expected a call of a macro in `{% call %}`');
    this.expectBlockEnd();
    const caller = this.parseCallable(
      { name: 'caller', parameters, end: 'endcall', tag: 'call' },
      place,
    );
    return { kind: 'call-block', call, caller, ...place };
  }

  private parseFilterBlock(place: syntax.Located): syntax.FilterBlock {
    const filter = this.parseFilters(undefined, true);
    this.expectBlockEnd();
    return {
      kind: 'filter-block',
      filter,
      body: this.parseBlockBody('filter', place, 'endfilter'),
      ...place,
    };
  }

  private parseSetNode(place: syntax.Located): syntax.SetStatement | syntax.SetBlock {
    const target = this.parseTarget([]);
    if (this.skipOperator('=')) {
      const value = this.parseTuple();
      this.expectBlockEnd();
      return { kind: 'set', target, value, ...place };
    }
    const filter = this.peekOperator('|') ? this.parseFilters(undefined) : undefined;
    this.expectBlockEnd();
    return {
      kind: 'set-block',
      target,
      filter,
      body: this.parseBlockBody('set', place, 'endset'),
      ...place,
    };
  }

  private parseWith(place: syntax.Located): syntax.With {
    const bindings: { target: syntax.Target; value: syntax.Expression }[] = [];
    while (this.peekToken()?.type !== TOKEN.blockEnd && this.peekToken() !== null) {
      if (bindings.length > 0) this.expectOperator(',');
      const target = this.parseTarget([]);
      this.expectOperator('=');
      bindings.push({ target, value: this.parseExpressionNode() });
    }
    this.expectBlockEnd();
    return {
      kind: 'with',
      bindings,
      body: this.parseBlockBody('with', place, 'endwith'),
      ...place,
    };
  }

  private parseTarget(ends: readonly string[]): syntax.Target {
    const place = this.place();
    const targets: syntax.Target[] = [];
    let isTuple = false;
    for (;;) {
      const token = this.peekToken();
      if (targets.length > 0 && token?.type === TOKEN.symbol && ends.includes(token.value)) break;
      if (targets.length > 0 && (token?.type === TOKEN.blockEnd || this.peekOperator('='))) break;
      targets.push(this.parseOneTarget());
      if (!this.skipOperator(',')) break;
      isTuple = true;
    }
    const [only] = targets;
    return !isTuple && only !== undefined ? only : { kind: 'tuple-target', targets, ...place };
  }

  private parseOneTarget(): syntax.Target {
    const node = this.parsePrimaryNode();
    if (node.kind === 'name' && this.skipOperator('.')) {
      const name = this.expectName('a name');
      return {
        kind: 'namespace-target',
        namespace: node.name,
        name,
        line: node.line,
        column: node.column,
      };
    }
    return this.toTarget(node);
  }

  private toTarget(node: syntax.Expression): syntax.Target {
    if (node.kind === 'name') {
      this.assigned.add(node.name);
      return node;
    }
    if (node.kind === 'tuple') {
      const targets = node.items.map((item) => this.toTarget(item));
      return { kind: 'tuple-target', targets, line: node.line, column: node.column };
    }
    throw this.faultHere(
      `cannot assign to ${node.kind === 'literal' ? 'a constant' : `a ${node.kind}`}`,
    );
  }

  private expectBlockEnd(): void {
    this.expectEnd(TOKEN.blockEnd, '%}');
  }

  private expectEnd(type: string, sign: string): void {
    if (!this.skip(type)) throw this.unexpected(`\`${sign}\``);
  }
}
