// YAML files with places: every fault of a file is found at once, each at its line and column.

import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import type { z } from 'zod';
import { nearestName, type Place, throwFaults, UserError } from './errors.ts';
import { TextOffsets } from './offsets.ts';
import { type ParseCache, parseKey } from './parse-cache.ts';
import { floatText } from './template/python-text.ts';
import { FloatValue } from './template/values.ts';
import { dbtTags } from './yaml-scalars.ts';

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
 * Parses YAML with the values that dbt's parser gives its scalars, and the merge key `<<`. A text that
 * the cache knows is not parsed again.
 * @throws {UserErrors} with every syntax fault of the file, each with its place.
 */
export function parseYaml(
  source: { readonly path: string; readonly text: string },
  cache?: ParseCache,
): YamlFile {
  const key = cache && parseKey('yaml-1.1', source.text);
  // as: only `readYaml` below writes under this key
  const known = key === undefined ? undefined : (cache?.get(key) as ReadYaml | undefined);
  const read = known ?? readYaml(source);
  if (key !== undefined && known === undefined && read.isPlain) cache?.set(key, read);
  const lines = new TextOffsets(source.text);
  const placeAt = (offset: number | undefined): Place => ({
    path: source.path,
    ...(offset === undefined ? undefined : lines.placeOf(offset)),
  });
  return {
    path: source.path,
    value: read.value,
    placeOf: (path) => placeAt(offsetOf(read.places, path)),
    placeOfKey: (path) => placeAt(keyOffsetOf(read.places, path) ?? offsetOf(read.places, path)),
  };
}

/** A file's value and where its parts begin, as plain data. */
interface ReadYaml {
  readonly value: unknown;
  /** Null for an empty file. */
  readonly places: PlaceTree | null;
  /** Whether JSON holds the value without loss: it has no infinity, for example. */
  readonly isPlain: boolean;
}

/** The offset of a scalar, of a list and its items, or of a map, its keys and their values. */
type PlaceTree = number | readonly [number, ...PlaceTree[]] | MapPlaces;

interface MapPlaces {
  readonly offset: number;
  readonly entries: Readonly<Record<string, readonly [number, PlaceTree]>>;
}

function readYaml(source: { readonly path: string; readonly text: string }): ReadYaml {
  const document = parseDocument(source.text, {
    prettyErrors: false,
    merge: true,
    schema: 'core',
    customTags: dbtTags,
    logLevel: 'silent',
  });
  keepKeys(document);
  const lines = new TextOffsets(source.text);
  const placeAt = (offset: number | undefined): Place => ({
    path: source.path,
    ...(offset === undefined ? undefined : lines.placeOf(offset)),
  });
  // A warning is a tag that nobody knows: its value would be taken for something that it is not.
  const problems = [...document.errors, ...document.warnings];
  throwFaults(
    problems.map(
      (problem) =>
        new UserError(`YAML: ${syntaxSentence(problem)}`, {
          where: placeAt(problem.pos[0]),
          hint: syntaxHint(problem.message),
          cause: problem,
        }),
    ),
  );
  const value = toValue(document, source.path, placeAt);
  const walk = new PlaceWalk();
  const { contents } = document;
  const places = contents === null ? null : walk.placesOf(contents, 0);
  return { value, places, isPlain: walk.isPlain };
}

/** A key is a name, whatever its text would be as a value: a column may be called `on` or `1.0`. */
function keepKeys(document: Document.Parsed): void {
  visit(document, {
    Pair: (_key, { key }) => {
      if (isScalar(key) && typeof key.value !== 'string' && key.source) key.value = key.source;
    },
  });
}

/** Walks a document once for the places of all its parts. */
class PlaceWalk {
  /** False once a number was met that JSON cannot write. */
  isPlain = true;

  placesOf(node: unknown, parent: number): PlaceTree {
    const at = isNode(node) ? (node.range?.[0] ?? parent) : parent;
    if (isMap(node)) {
      const keys = node.items.map(
        ({ key, value }) =>
          [
            String(key),
            [isNode(key) ? (key.range?.[0] ?? at) : at, this.placesOf(value, at)],
          ] as const,
      );
      return { offset: at, entries: Object.fromEntries(keys) };
    }
    if (isSeq(node)) return [at, ...node.items.map((item) => this.placesOf(item, at))];
    if (isScalar(node)) {
      const { value } = node;
      if (typeof value === 'bigint' || value instanceof FloatValue) this.isPlain = false;
      else if (typeof value === 'number') {
        this.isPlain &&= Number.isFinite(value) && !Object.is(value, -0);
      }
    }
    return at;
  }
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
      isMapValue(parent) || Array.isArray(parent) ? Reflect.get(parent, key) : undefined,
    file.value,
  );
  const given = schema.safeParse(value, { reportInput: true });
  const parsed = given.success ? given : retryFloats(schema, value, given.error);
  if (parsed.success) return parsed.data;
  throwFaults(
    parsed.error.issues.flatMap((issue) => issueFaults({ file, base, knownKeys, show }, issue)),
  );
  throw new Error('a failed validation has at least one issue');
}

/** A version such as `1.0` is text wherever it is not free data: dbt prints it with its point. */
function retryFloats<T>(schema: z.ZodType<T>, value: unknown, error: z.ZodError<T>) {
  const paths = error.issues
    .filter((issue) => issue.input instanceof FloatValue)
    .map((issue) => issue.path.join('\0'));
  const asText = (item: unknown, path: readonly (string | number)[]): unknown => {
    if (item instanceof FloatValue) {
      return paths.includes(path.join('\0')) ? floatText(item.value) : item;
    }
    if (Array.isArray(item)) return item.map((below, index) => asText(below, [...path, index]));
    if (!isMapValue(item)) return item;
    const entries = Object.entries(item);
    return Object.fromEntries(entries.map(([key, below]) => [key, asText(below, [...path, key])]));
  };
  const retried = paths.length === 0 ? value : asText(value, []);
  return schema.safeParse(retried, { reportInput: true });
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
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return `\`${text.length > 80 ? `${text.slice(0, 77)}…` : text}\``;
}

/** The offset of the part at `path`, or of the nearest parent that exists. */
function offsetOf(places: PlaceTree | null, path: YamlPath): number | undefined {
  if (places === null) return undefined;
  let found = places;
  for (const key of path) {
    const below = childOf(found, key);
    if (below === undefined) break;
    found = below;
  }
  if (typeof found === 'number') return found;
  return 'offset' in found ? found.offset : found[0];
}

function childOf(places: PlaceTree, key: string | number): PlaceTree | undefined {
  if (typeof places === 'number') return undefined;
  if ('offset' in places) {
    return Object.hasOwn(places.entries, key) ? places.entries[key]?.[1] : undefined;
  }
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 ? places[index + 1] : undefined;
}

function keyOffsetOf(places: PlaceTree | null, path: YamlPath): number | undefined {
  const last = path.at(-1);
  let parent = places ?? undefined;
  for (const key of path.slice(0, -1))
    parent = parent === undefined ? undefined : childOf(parent, key);
  if (parent === undefined || typeof parent === 'number' || !('offset' in parent)) return undefined;
  return last !== undefined && Object.hasOwn(parent.entries, last)
    ? parent.entries[last]?.[0]
    : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}

/** Says whether a value of a YAML file is a map. */
export function isMapValue(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof FloatValue);
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
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? String(item) : item));
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

/** What to do about a fault of syntax, by the words that the parser has for it. */
function syntaxHint(message: string): string | undefined {
  const hints: readonly (readonly [RegExp, string])[] = [
    [/\btabs?\b/i, 'indent with spaces'],
    [/^Nested mappings/, 'put a value that has `: ` in it in quotes'],
    [/^Map keys must be unique/, 'remove one of the two'],
    [/^Missing closing/, 'close the quote'],
    [/^Flow (sequence|map)/, 'close the bracket'],
    [
      /^(Sequence item without -|All (sequence|mapping) items|.*indent)/i,
      'indent entries of one level alike',
    ],
  ];
  return hints.find(([pattern]) => pattern.test(message))?.[1];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
