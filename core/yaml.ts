// YAML files with places: every fault of a file is found at once, each at its line and column.

import {
  type Document,
  isMap,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import type { z } from 'zod';
import { nearestName, type Place, throwFaults, UserError } from './errors.ts';

/** A path of keys and indexes into a YAML value. */
export type YamlPath = readonly (string | number)[];

/** How a message shows the value at a path; a secret is not shown. */
export type ShowValue = (path: YamlPath, value: unknown) => string;

/** A parsed YAML file that knows where each of its values stands. */
export interface YamlFile {
  readonly path: string;
  /** Plain objects, arrays and scalars; null for an empty file. */
  readonly value: unknown;
  /** Returns the place of the value at `path`, or of the nearest parent that exists. */
  placeOf(path: YamlPath): Place;
  /** Returns the place of a key rather than of its value. */
  placeOfKey(path: YamlPath): Place;
}

/**
 * Parses YAML 1.2, with the merge key `<<` that dbt's projects use.
 * @throws {UserErrors} with every syntax fault of the file, each with its place.
 */
export function parseYaml(source: { readonly path: string; readonly text: string }): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
  });
  // A warning is a tag that nobody knows: its value would be taken for something that it is not.
  const problems = [...document.errors, ...document.warnings];
  throwFaults(
    problems.map((problem) => {
      const { line, col } = lines.linePos(problem.pos[0]);
      return new UserError(`YAML: ${syntaxSentence(problem)}`, {
        where: { path: source.path, line, column: col },
        hint: /\btabs?\b/i.test(problem.message) ? 'indent with spaces' : undefined,
        cause: problem,
      });
    }),
  );
  const placeAt = (offset: number | undefined): Place => {
    if (offset === undefined) return { path: source.path };
    const { line, col } = lines.linePos(offset);
    return { path: source.path, line, column: col };
  };
  return {
    path: source.path,
    value: toValue(document, source.path, placeAt),
    placeOf: (path) => placeAt(offsetOf(document, path)),
    placeOfKey: (path) => placeAt(keyOffsetOf(document, path) ?? offsetOf(document, path)),
  };
}

/**
 * Returns the value of a YAML file (or of the part at `base`) as the schema's type.
 * @throws {UserErrors} with every fault: place, what was found, what would be valid, the nearest of `knownKeys`.
 */
export function validateYaml<T>(
  file: YamlFile,
  schema: z.ZodType<T>,
  base: YamlPath = [],
  knownKeys: readonly string[] = [],
  show: ShowValue = (_path, value) => showValue(value),
): T {
  const value = base.reduce<unknown>(
    (parent, key) =>
      isRecord(parent) || Array.isArray(parent) ? Reflect.get(parent, key) : undefined,
    file.value,
  );
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throwFaults(
    parsed.error.issues.flatMap((issue) => issueFaults({ file, base, knownKeys, show }, issue)),
  );
  throw new Error('a failed validation has at least one issue');
}

interface Validation {
  readonly file: YamlFile;
  readonly base: YamlPath;
  readonly knownKeys: readonly string[];
  readonly show: ShowValue;
}

function issueFaults(validation: Validation, issue: z.core.$ZodIssue): UserError[] {
  const { file, base, knownKeys, show } = validation;
  const path = [...base, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  const name = path.length === 0 ? 'the file' : `\`${path.join('.')}\``;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = nearestName(key, knownKeys);
      return new UserError(`unknown key \`${key}\`${path.length === 0 ? '' : ` in ${name}`}`, {
        where: file.placeOfKey([...path, key]),
        hint: nearest === undefined ? undefined : `did you mean \`${nearest}\`?`,
      });
    });
  }
  const found = issue.input === undefined ? 'is missing' : `is ${show(path, issue.input)}`;
  return [
    new UserError(`${name} ${found}: ${lowerFirst(issue.message)}`, { where: file.placeOf(path) }),
  ];
}

/** Shows a value in a message; a long one by its beginning. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return `\`${text.length > 80 ? `${text.slice(0, 77)}…` : text}\``;
}

function offsetOf(document: Document.Parsed, path: YamlPath): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = isNode(node) ? node.range : undefined;
    if (range) return range[0];
  }
  return undefined;
}

function keyOffsetOf(document: Document.Parsed, path: YamlPath): number | undefined {
  const parent = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(
    (item) => isNode(item.key) && String(item.key) === String(path.at(-1)),
  );
  return pair && isNode(pair.key) ? (pair.key.range?.[0] ?? undefined) : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Aliases are resolved here, and one that names no anchor is the user's fault like any other. */
function toValue(
  document: Document.Parsed,
  path: string,
  placeAt: (offset: number | undefined) => Place,
): unknown {
  try {
    const value: unknown = document.toJS();
    // Throws for an anchor inside itself, which no configuration means.
    JSON.stringify(value);
    return value;
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof TypeError)) throw error;
    let offset: number | undefined;
    visit(document, {
      Alias: (_key, alias) => {
        if (alias.resolve(document) !== undefined) return undefined;
        offset = alias.range?.[0];
        return visit.BREAK;
      },
    });
    if (offset === undefined) {
      throw new UserError('YAML: its aliases lead in a circle or grow without end', {
        where: { path },
        cause: error,
      });
    }
    // Not the name: it may be the beginning of a password that should stand in quotes.
    throw new UserError('YAML: an alias names no anchor', {
      where: placeAt(offset),
      hint: 'put a value that begins with `*` in quotes',
      cause: error,
    });
  }
}

function syntaxSentence(problem: YAMLParseError | YAMLWarning): string {
  if (problem.code === 'TAG_RESOLVE_FAILED') {
    return 'unknown tag; put a value that begins with `!` in quotes';
  }
  return problem.message.split('\n')[0] ?? problem.message;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
