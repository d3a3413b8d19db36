// selectors.yml -> selections with a name, their criteria parsed.

import { type Place, throwFaults, UserError } from '../../core/errors.ts';
import type { YamlFile, YamlPath } from '../../core/yaml.ts';
import type { SelectorsFile } from '../project/selectors-file.ts';
import type { MethodDefinition, SelectorDefinition } from '../schemas/selectors.ts';
import { checkMethod, parseCriterion, parseUnion } from './parse-criteria.ts';
import type { IndirectMode, NamedSelector, SelectionSpec } from './types.ts';

/**
 * Parses the selectors of a project; `indirect` holds where they say nothing else.
 * @throws {UserErrors} with every criterion that is none, every name given twice and a second default.
 */
export function parseSelectors(
  file: SelectorsFile,
  indirect: IndirectMode,
): ReadonlyMap<string, NamedSelector> {
  const faults: UserError[] = [];
  const found = new Map<string, NamedSelector>();
  for (const [index, selector] of file.selectors.entries()) {
    const place = file.yaml.placeOf(['selectors', index, 'name']);
    const first = found.get(selector.name);
    if (first) faults.push(twiceFault(selector.name, place, first.place));
    try {
      const reader = { yaml: file.yaml, faults };
      const spec = readDefinition(
        reader,
        selector.definition,
        ['selectors', index, 'definition'],
        indirect,
      );
      found.set(selector.name, { ...selector, spec, place });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(error);
    }
  }
  faults.push(...defaultFaults([...found.values()]));
  throwFaults(faults);
  return found;
}

type Scalar = string | number | boolean;

interface DefinitionReader {
  readonly yaml: YamlFile;
  readonly faults: UserError[];
}

function readDefinition(
  reader: DefinitionReader,
  definition: SelectorDefinition,
  path: YamlPath,
  indirect: IndirectMode,
): SelectionSpec {
  const place = reader.yaml.placeOf(path);
  if (typeof definition === 'string') return readText(definition, indirect, place);
  if (isSet(definition, 'union')) {
    const mode = modeOf(definition, indirect);
    return readSet(reader, { kind: 'union', members: definition.union }, [...path, 'union'], mode);
  }
  if (isSet(definition, 'intersection')) {
    const mode = modeOf(definition, indirect);
    const members = definition.intersection;
    return readSet(reader, { kind: 'intersection', members }, [...path, 'intersection'], mode);
  }
  if (isMethod(definition)) return readMethod(reader, definition, path, indirect);
  if (isSet(definition, 'exclude')) {
    throw new UserError('`exclude` stands alone: there is nothing to take it from', {
      where: place,
      hint: 'put it into a `union` or an `intersection`, beside what it is taken from',
    });
  }
  // as: what is left of the union once its sets and methods are gone
  return readShort(definition as Readonly<Record<string, Scalar>>, place, indirect);
}

/** As on the command line: `tag:nightly`, `+orders tag:nightly`, `orders+,tag:nightly`. */
function readText(text: string, indirect: IndirectMode, place: Place): SelectionSpec {
  if (/[\s,]/.test(text)) {
    return { ...parseUnion([text], indirect, `${place.path}:${place.line}`), indirect: 'eager' };
  }
  return parseCriterion(text, indirect, place);
}

function readSet(
  reader: DefinitionReader,
  set: {
    readonly kind: 'union' | 'intersection';
    readonly members: readonly SelectorDefinition[];
  },
  path: YamlPath,
  indirect: IndirectMode,
): SelectionSpec {
  const parts: SelectionSpec[] = [];
  const excluded: SelectionSpec[] = [];
  let exclusions = 0;
  for (const [index, member] of set.members.entries()) {
    const at = [...path, index];
    if (typeof member === 'object' && isSet(member, 'exclude') && !isMethod(member)) {
      exclusions += 1;
      if (exclusions > 1) {
        throw new UserError('two `exclude` in one set', {
          where: reader.yaml.placeOf(at),
          hint: 'list everything to leave out below the first',
        });
      }
      excluded.push(...readList(reader, member.exclude, [...at, 'exclude'], indirect));
    } else {
      parts.push(readDefinition(reader, member, at, indirect));
    }
  }
  return without({ kind: set.kind, indirect: 'eager', parts }, excluded);
}

function readMethod(
  reader: DefinitionReader,
  definition: MethodDefinition,
  path: YamlPath,
  indirect: IndirectMode,
): SelectionSpec {
  const { value, exclude } = definition;
  const place = reader.yaml.placeOf([...path, 'method']);
  const [method = '', ...methodArguments] = definition.method.split('.');
  const isUp = definition.parents === true;
  const isDown = definition.children === true;
  if (isDown && definition.childrens_parents === true) {
    throw new UserError('`childrens_parents` takes all children already', {
      where: reader.yaml.placeOf([...path, 'childrens_parents']),
      hint: 'remove `children`',
    });
  }
  const base: SelectionSpec = {
    kind: 'criterion',
    text: `${definition.method}:${value}`,
    method: checkMethod(method, place),
    methodArguments,
    value,
    parents: isUp ? (definition.parents_depth ?? Number.POSITIVE_INFINITY) : 0,
    children: isDown ? (definition.children_depth ?? Number.POSITIVE_INFINITY) : 0,
    childrensParents: definition.childrens_parents === true,
    indirect: definition.indirect_selection ?? indirect,
  };
  return without(base, readList(reader, exclude ?? [], [...path, 'exclude'], indirect));
}

/** `tag: nightly`, `config.materialized: table`. */
function readShort(
  definition: Readonly<Record<string, Scalar>>,
  place: Place,
  indirect: IndirectMode,
): SelectionSpec {
  const [entry, ...others] = Object.entries(definition);
  if (entry === undefined || others.length > 0) {
    throw new UserError(`a criterion has one key, and this one has \`${keysOf(definition)}\``, {
      where: place,
      hint: 'write `method` and `value`, or one `method: value` for each member of a `union`',
    });
  }
  const [written, value] = entry;
  const [method = '', ...methodArguments] = written.split('.');
  return {
    kind: 'criterion',
    text: `${written}:${value}`,
    method: checkMethod(method, place),
    methodArguments,
    value,
    parents: 0,
    children: 0,
    childrensParents: false,
    indirect,
  };
}

function readList(
  reader: DefinitionReader,
  definitions: readonly SelectorDefinition[],
  path: YamlPath,
  indirect: IndirectMode,
): SelectionSpec[] {
  return definitions.map((one, index) => readDefinition(reader, one, [...path, index], indirect));
}

function without(from: SelectionSpec, excluded: readonly SelectionSpec[]): SelectionSpec {
  if (excluded.length === 0) return from;
  const taken: SelectionSpec = { kind: 'union', indirect: 'eager', parts: excluded };
  return { kind: 'difference', indirect: 'eager', parts: [from, taken] };
}

function isSet<Key extends 'union' | 'intersection' | 'exclude'>(
  definition: object,
  key: Key,
): definition is Record<Key, readonly SelectorDefinition[]> {
  return Array.isArray(Reflect.get(definition, key));
}

function isMethod(definition: object): definition is MethodDefinition {
  return 'method' in definition && 'value' in definition;
}

function modeOf(definition: object, above: IndirectMode): IndirectMode {
  // as: the file's schema has checked it, and `isSet` has lost it
  const given = Reflect.get(definition, 'indirect_selection') as IndirectMode | undefined;
  return given ?? above;
}

function keysOf(definition: object): string {
  return Object.keys(definition).join('`, `');
}

function twiceFault(name: string, where: Place, first: Place): UserError {
  return new UserError(`selector \`${name}\` is defined twice`, {
    where,
    hint: `the other one is at ${first.path}:${first.line}; rename one of them`,
  });
}

function defaultFaults(selectors: readonly NamedSelector[]): UserError[] {
  const [first, ...others] = selectors.filter((selector) => selector.isDefault);
  return others.map(
    (other) =>
      new UserError(`selector \`${other.name}\` is a second default`, {
        where: other.place,
        hint: `\`${first?.name}\` is the default already; let one of them be it`,
      }),
  );
}
