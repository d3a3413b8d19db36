// Relations as templates see them: `{{ ref('x') }}`, `{{ this.schema }}`, `api.Relation.create(…)`.

import { bindArguments } from '../../core/template/arguments.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { isHost } from '../../core/template/sequence.ts';
import {
  asText,
  type HostObject,
  isUndefined,
  makeFunction,
  type Value,
} from '../../core/template/values.ts';
import type { RelationName, WrittenName } from './types.ts';

const PARTS = ['database', 'schema', 'identifier'] as const;
type Part = (typeof PARTS)[number];
type Policy = Readonly<Record<Part, boolean>>;

/** Everything that a relation value is made of. */
export interface RelationParts {
  readonly path: Readonly<Record<Part, string | null>>;
  /** `table`, `view`, `cte`, …; null where it is not known. */
  readonly type: string | null;
  readonly quote: Policy;
  readonly include: Policy;
  /** Set for `information_schema`: what stands after it. */
  readonly view?: string | null;
}

/** A relation value, whose parts host functions can read. */
export interface RelationValue extends HostObject {
  readonly relation: RelationParts;
}

const ALL: Policy = { database: true, schema: true, identifier: true };

/** Makes the value that `ref`, `source` and `this` give. */
export function relationValue(
  database: string,
  relation: RelationName,
  type: string | null = null,
): RelationValue {
  return makeRelation({ path: { database, ...relation }, type, quote: ALL, include: ALL });
}

/** Makes the value of a relation of which not every part stands in quotes. */
export function writtenValue(database: string, { quote, ...name }: WrittenName): RelationValue {
  return makeRelation({ path: { database, ...name }, type: null, quote, include: ALL });
}

/** Makes the value that `ref` gives for an ephemeral model: the name of a CTE. */
export function cteValue(name: string): RelationValue {
  return makeRelation({
    path: { database: null, schema: null, identifier: name },
    type: 'cte',
    quote: { ...ALL, identifier: false },
    include: ALL,
  });
}

/** Says whether a value is a relation. */
export function isRelation(value: Value | undefined): value is RelationValue {
  return typeof value === 'object' && value !== null && 'relation' in value;
}

function makeRelation(parts: RelationParts): RelationValue {
  const text = render(parts);
  const key = JSON.stringify([parts.path, parts.type, parts.quote, parts.include, parts.view]);
  return {
    kind: 'host',
    typeName: parts.view === undefined ? 'PostgresRelation' : 'InformationSchema',
    relation: parts,
    isMapping: true,
    getAttribute: (name) => attributeOf(parts, text, name),
    // What no relation has is undefined, as in dbt; item access gives the same as attributes.
    getItem: (name) => attributeOf(parts, text, asText(name) ?? ''),
    toText: () => text,
    toRepr: () =>
      `<${parts.view === undefined ? 'PostgresRelation' : 'InformationSchema'} ${text}>`,
    hashKey: () => text,
    equals: (other) =>
      isRelation(other) &&
      key ===
        JSON.stringify([
          other.relation.path,
          other.relation.type,
          other.relation.quote,
          other.relation.include,
          other.relation.view,
        ]),
  };
}

function render(parts: RelationParts): string {
  const names = PARTS.flatMap((part) => {
    const name = parts.path[part];
    if (!parts.include[part] || name === null) return [];
    return [parts.quote[part] ? quoted(name) : name];
  });
  return [...names, ...(parts.view ? [parts.view] : [])].join('.');
}

/** A name in double quotes, which inside it are doubled. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function attributeOf(parts: RelationParts, text: string, name: string): Value | undefined {
  const { path, type } = parts;
  switch (name) {
    case 'database':
    case 'schema':
    case 'identifier':
      return path[name];
    case 'name':
    case 'table':
      return path.identifier;
    case 'type':
      return type;
    case 'is_table':
    case 'is_view':
    case 'is_cte':
    case 'is_materialized_view':
      return type === name.slice('is_'.length);
    case 'can_be_renamed':
    case 'can_be_replaced':
      return type === 'table' || type === 'view';
    case 'quote_character':
      return '"';
    case 'path':
      return fromJson(path);
    case 'quote_policy':
      return fromJson(parts.quote);
    case 'include_policy':
      return fromJson(parts.include);
    case 'information_schema_view':
      return parts.view ?? undefined;
    case 'event_time_filter':
    case 'limit':
      return null;
    default:
      return methodOf(parts, text, name);
  }
}

function methodOf(parts: RelationParts, text: string, name: string): Value | undefined {
  const make = RELATION_METHODS[name];
  if (make === undefined || !Object.hasOwn(RELATION_METHODS, name)) return undefined;
  return makeFunction(name, (args, kwargs) => make(parts, args, kwargs, text));
}

type Method = (
  parts: RelationParts,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  text: string,
) => Value;

const RELATION_METHODS: Readonly<Record<string, Method>> = {
  render: (parts) => render(parts),
  render_limited: (parts) => render(parts),
  include: (parts, args, kwargs) =>
    makeRelation({ ...parts, include: policyFrom('include', parts.include, args, kwargs) }),
  quote: (parts, args, kwargs) =>
    makeRelation({ ...parts, quote: policyFrom('quote', parts.quote, args, kwargs) }),
  quoted: (_parts, args) => quoted(nameOf(args[0] ?? null) ?? ''),
  replace_path: (parts, args, kwargs) => {
    if (args.length > 0) throw new ValueFault('`replace_path` takes named parts');
    return makeRelation({ ...parts, path: pathFrom('replace_path', parts.path, kwargs) });
  },
  without_identifier: (parts) =>
    makeRelation({
      ...parts,
      include: { ...parts.include, identifier: false },
      path: { ...parts.path, identifier: null },
    }),
  information_schema: (parts, args, kwargs) => {
    const [view] = bindArguments('information_schema', ['view_name'], 0, args, kwargs);
    return informationSchema(parts, asText(view ?? null) ?? null);
  },
  information_schema_only: (parts) => informationSchema(parts, null),
  incorporate: (parts, args, kwargs) => {
    if (args.length > 0) throw new ValueFault('`incorporate` takes named options');
    return makeRelation(changed('incorporate', parts, kwargs));
  },
  replace: (parts, args, kwargs) => {
    if (args.length > 0) throw new ValueFault('`replace` takes named options');
    return makeRelation(changed('replace', parts, kwargs));
  },
  matches: (parts, args, kwargs) => {
    const given = bindArguments('matches', PARTS, 0, args, kwargs);
    const wanted = PARTS.map((part, index) => [part, nameOf(given[index] ?? null)] as const);
    if (wanted.every(([, name]) => name === null)) {
      throw new ValueFault('`matches` needs a part to compare');
    }
    return wanted.every(([part, name]) => name === null || name === parts.path[part]);
  },
  get: (parts, args, kwargs, text) => {
    const [key, fallback] = bindArguments('get', ['key', 'default'], 1, args, kwargs);
    const name = asText(key ?? null) ?? '';
    // dbt_utils tells a relation from other values by this.
    if (name === 'metadata') return fromJson({ type: 'PostgresRelation' });
    return attributeOf(parts, text, name) ?? fallback ?? null;
  },
};

function informationSchema(parts: RelationParts, view: string | null): RelationValue {
  return makeRelation({
    path: { ...parts.path, schema: null, identifier: 'INFORMATION_SCHEMA' },
    type: null,
    include: { database: parts.path.database !== null, schema: false, identifier: true },
    quote: { ...parts.quote, identifier: false },
    view,
  });
}

function policyFrom(
  callee: string,
  policy: Policy,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): Policy {
  const given = bindArguments(callee, PARTS, 0, args, kwargs);
  const changes = PARTS.flatMap((part, index) => {
    const value = given[index] ?? null;
    if (value === null) return [];
    if (typeof value !== 'boolean') throw new ValueFault(`\`${callee}\` takes true or false`);
    return [[part, value] as const];
  });
  return { ...policy, ...Object.fromEntries(changes) };
}

function pathFrom(
  callee: string,
  path: RelationParts['path'],
  given: ReadonlyMap<string, Value>,
): RelationParts['path'] {
  const changes = [...given].map(([key, value]) => {
    if (!PARTS.some((part) => part === key)) {
      throw new ValueFault(`\`${callee}\` has no argument \`${key}\``, `use ${PARTS.join(', ')}`);
    }
    return [key, nameOf(value)] as const;
  });
  return { ...path, ...Object.fromEntries(changes) };
}

function changed(
  callee: string,
  parts: RelationParts,
  kwargs: ReadonlyMap<string, Value>,
): RelationParts {
  const dictArguments = (value: Value): ReadonlyMap<string, Value> => {
    if (!(value instanceof DictValue)) throw new ValueFault(`\`${callee}\` takes parts as a dict`);
    return new Map([...value.entries()].map(([key, part]) => [asText(key) ?? '', part]));
  };
  let made = parts;
  for (const [key, value] of kwargs) {
    if (key === 'path') made = { ...made, path: pathFrom(callee, made.path, dictArguments(value)) };
    else if (key === 'type') made = { ...made, type: nameOf(value) };
    else if (key === 'quote_policy') {
      made = { ...made, quote: policyFrom(callee, made.quote, [], dictArguments(value)) };
    } else if (key === 'include_policy') {
      made = { ...made, include: policyFrom(callee, made.include, [], dictArguments(value)) };
    } else throw new ValueFault(`\`${callee}\` has no argument \`${key}\``);
  }
  return made;
}

/** A name, or null for none. @throws {ValueFault} for anything else */
function nameOf(value: Value): string | null {
  if (value === null) return null;
  if (isUndefined(value)) throw new ValueFault(value.reason);
  const text = asText(value);
  if (text === undefined) throw new ValueFault('the parts of a relation are names, as text');
  return text;
}

const RELATION_TYPES: Readonly<Record<string, string>> = {
  Table: 'table',
  View: 'view',
  CTE: 'cte',
  MaterializedView: 'materialized_view',
  External: 'external',
};

/** `api.Relation` and `adapter.Relation`. */
export const relationClass: HostObject = {
  kind: 'host',
  typeName: 'Relation',
  getAttribute: (name) => {
    if (name === 'create') return createRelation;
    return Object.hasOwn(RELATION_TYPES, name) ? RELATION_TYPES[name] : undefined;
  },
  toText: () => {
    throw new ValueFault('`Relation` is a class', 'write api.Relation.create(…)');
  },
};

const createRelation = makeFunction('Relation.create', (args, kwargs) => {
  const [database, schema, identifier, type, quote, include] = bindArguments(
    'Relation.create',
    [...PARTS, 'type', 'quote_policy', 'include_policy'],
    0,
    args,
    kwargs,
  );
  const given = new Map<string, Value>();
  if (quote) given.set('quote_policy', quote);
  if (include) given.set('include_policy', include);
  const parts: RelationParts = {
    path: {
      database: nameOf(database ?? null),
      schema: nameOf(schema ?? null),
      identifier: nameOf(identifier ?? null),
    },
    type: nameOf(type ?? null),
    quote: ALL,
    include: ALL,
  };
  return makeRelation(changed('Relation.create', parts, given));
});

/** The relation that an argument is. @throws {ValueFault} for anything else */
export function expectRelation(callee: string, value: Value | undefined): RelationParts {
  if (isRelation(value)) return value.relation;
  if (value !== undefined && isUndefined(value)) throw new ValueFault(value.reason);
  const found = value !== undefined && isHost(value) ? value.typeName : 'something else';
  throw new ValueFault(
    `\`${callee}\` takes a relation, not ${value === null || value === undefined ? 'none' : found}`,
    "give it ref('…'), source('…', '…') or this",
  );
}
