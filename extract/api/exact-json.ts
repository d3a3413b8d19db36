// JSON without loss: numbers stay as they are written, and every value knows where its text lies.

/** A value of a JSON text; `start` and `end` bound its text. */
export type JsonNode = JsonPlace &
  (
    | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }
    | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
    | { readonly kind: 'string'; readonly text: string; readonly isStorable: boolean }
    | { readonly kind: 'number'; readonly text: string; readonly isStorable: boolean }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'null' }
  );

interface JsonPlace {
  readonly start: number;
  /** Behind the last character. */
  readonly end: number;
}

/** Raised where a text is not JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

const deepest = 64;
const blanks = /[ \t\n\r]*/y;
// The `s` flag of a sticky scan: a string is anything but a bare quote, backslash or control character.
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings.
const plainString = /"[^"\\\u0000-\u001f]*"/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const escapedString = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE]([+-]?\d+))?/y;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Parses a JSON text.
 * @throws {JsonSyntaxError} where it is not JSON, or nested deeper than any answer of the API.
 */
export function parseExactJson(text: string): JsonNode {
  const scanner = createScanner(text);
  const node = parseValue(scanner, 0);
  scanner.skipBlanks();
  if (scanner.at !== text.length) throw scanner.fault('something follows the value');
  return node;
}

/** Tells whether PostgreSQL's jsonb can hold a value: no NUL, no half of a surrogate pair, no absurd exponent. */
export function isStorable(node: JsonNode): boolean {
  switch (node.kind) {
    case 'object':
      return [...node.members].every(([name, value]) => isText(name) && isStorable(value));
    case 'array':
      return node.items.every(isStorable);
    case 'string':
    case 'number':
      return node.isStorable;
    case 'boolean':
    case 'null':
      return true;
    default:
      throw new Error(`unknown node ${JSON.stringify(node satisfies never)}`);
  }
}

/** Returns a string, number or boolean as text, a number exactly as written; undefined for anything else. */
export function scalarText(node: JsonNode | undefined): string | undefined {
  switch (node?.kind) {
    case 'string':
    case 'number':
      return node.text;
    case 'boolean':
      return String(node.value);
    default:
      return undefined;
  }
}

interface Scanner {
  readonly text: string;
  at: number;
  skipBlanks(): void;
  match(pattern: RegExp): RegExpExecArray | undefined;
  fault(reason: string): JsonSyntaxError;
}

function createScanner(text: string): Scanner {
  return {
    text,
    at: 0,
    skipBlanks() {
      blanks.lastIndex = this.at;
      blanks.exec(text);
      this.at = blanks.lastIndex;
    },
    match(pattern) {
      pattern.lastIndex = this.at;
      const found = pattern.exec(text) ?? undefined;
      if (found !== undefined) this.at = pattern.lastIndex;
      return found;
    },
    fault(reason) {
      return new JsonSyntaxError(`${reason} at character ${this.at}`);
    },
  };
}

function parseValue(scanner: Scanner, depth: number): JsonNode {
  if (depth > deepest) throw scanner.fault('nested too deep');
  scanner.skipBlanks();
  const start = scanner.at;
  switch (scanner.text[start]) {
    case '{':
      return parseObject(scanner, depth);
    case '[':
      return parseArray(scanner, depth);
    case '"':
      return parseString(scanner);
    case 't':
      return parseWord(scanner, 'true', { kind: 'boolean', value: true });
    case 'f':
      return parseWord(scanner, 'false', { kind: 'boolean', value: false });
    case 'n':
      return parseWord(scanner, 'null', { kind: 'null' });
    default: {
      const found = scanner.match(number);
      if (found === undefined) throw scanner.fault('no value');
      const [text, exponent] = found;
      const fits = Math.abs(Number(exponent ?? 0)) < 1000 && text.length < 1000;
      return { kind: 'number', text, isStorable: fits, start, end: scanner.at };
    }
  }
}

function parseObject(scanner: Scanner, depth: number): JsonNode {
  const start = scanner.at;
  const members = new Map<string, JsonNode>();
  scanner.at += 1;
  scanner.skipBlanks();
  while (scanner.text[scanner.at] !== '}') {
    if (members.size > 0) expect(scanner, ',');
    scanner.skipBlanks();
    const name = parseString(scanner);
    scanner.skipBlanks();
    expect(scanner, ':');
    members.set(name.text, parseValue(scanner, depth + 1));
    scanner.skipBlanks();
  }
  scanner.at += 1;
  return { kind: 'object', members, start, end: scanner.at };
}

function parseArray(scanner: Scanner, depth: number): JsonNode {
  const start = scanner.at;
  const items: JsonNode[] = [];
  scanner.at += 1;
  scanner.skipBlanks();
  while (scanner.text[scanner.at] !== ']') {
    if (items.length > 0) expect(scanner, ',');
    items.push(parseValue(scanner, depth + 1));
    scanner.skipBlanks();
  }
  scanner.at += 1;
  return { kind: 'array', items, start, end: scanner.at };
}

function parseString(scanner: Scanner): JsonNode & { readonly kind: 'string' } {
  const start = scanner.at;
  const plain = scanner.match(plainString)?.[0];
  if (plain !== undefined) {
    const text = plain.slice(1, -1);
    return { kind: 'string', text, isStorable: isText(text), start, end: scanner.at };
  }
  const escaped = scanner.match(escapedString)?.[0];
  if (escaped === undefined) throw scanner.fault('no string');
  // What the pattern admits is JSON; a string is the one thing in which JSON.parse loses nothing.
  const text = String(JSON.parse(escaped));
  return { kind: 'string', text, isStorable: isText(text), start, end: scanner.at };
}

type Word = { readonly kind: 'boolean'; readonly value: boolean } | { readonly kind: 'null' };

function parseWord(scanner: Scanner, word: string, value: Word): JsonNode {
  const start = scanner.at;
  if (!scanner.text.startsWith(word, start)) throw scanner.fault('no value');
  scanner.at += word.length;
  return { ...value, start, end: scanner.at };
}

function expect(scanner: Scanner, character: string): void {
  if (scanner.text[scanner.at] !== character) throw scanner.fault(`no \`${character}\``);
  scanner.at += 1;
}

function isText(text: string): boolean {
  return !text.includes('\0') && !loneSurrogate.test(text);
}
