// YAML files with places: every fault of a file is found at once, each at its line and column.

import { type Document, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { nearestName, type Place, throwFaults, UserError } from './errors.ts';

/** A path of keys and indexes into a YAML value. */
export type YamlPath = readonly (string | number)[];

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
 * Parses YAML 1.2.
 * @throws {UserErrors} with every syntax fault of the file, each with its place.
 */
export function parseYaml(source: { readonly path: string; readonly text: string }): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false });
  throwFaults(
    document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return new UserError(`YAML: ${firstSentence(error.message)}`, {
        where: { path: source.path, line, column: col },
        hint: /tab/i.test(error.message) ? 'indent with spaces' : undefined,
        cause: error,
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
    value: document.toJS(),
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
): T {
  const value = base.reduce<unknown>(
    (parent, key) =>
      isRecord(parent) || Array.isArray(parent) ? Reflect.get(parent, key) : undefined,
    file.value,
  );
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throwFaults(parsed.error.issues.flatMap((issue) => issueFaults(file, base, issue, knownKeys)));
  throw new Error('a failed validation has at least one issue');
}

function issueFaults(
  file: YamlFile,
  base: YamlPath,
  issue: z.core.$ZodIssue,
  knownKeys: readonly string[],
): UserError[] {
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
  const found = issue.input === undefined ? 'is missing' : `is \`${JSON.stringify(issue.input)}\``;
  return [
    new UserError(`${name} ${found}: ${lowerFirst(issue.message)}`, { where: file.placeOf(path) }),
  ];
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

function firstSentence(message: string): string {
  return message.split('\n')[0] ?? message;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
