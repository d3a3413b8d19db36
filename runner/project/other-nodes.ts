// Entries that are nodes by themselves: exposures, groups, unit tests, macros' docs, the semantic layer.

import { UserError } from '../../core/errors.ts';
import type { YamlPath } from '../../core/yaml.ts';
import { type Describe, entryLayers, mapOf, propertiesOf } from './describe.ts';
import type { Entry, ListKey, PropertyFile } from './properties.ts';
import type {
  ConfigLayer,
  ConfiguredKind,
  MacroProperties,
  ParsedExposure,
  ParsedGroup,
  ParsedSemantic,
  ParsedUnitTest,
  UnitTestRows,
} from './types.ts';

/** What every reader of entries needs. */
export interface EntryReader {
  readonly describe: Describe;
  /** The layers of dbt_project.yml for a kind and a node. */
  readonly projectLayers: (kind: ConfiguredKind, fqn: readonly string[]) => readonly ConfigLayer[];
  readonly faults: UserError[];
}

/** Reads the exposures of one property file. */
export function readExposures(file: PropertyFile, reader: EntryReader): readonly ParsedExposure[] {
  return (file.content.exposures ?? []).map((entry, index): ParsedExposure => {
    const path: YamlPath = ['exposures', index];
    return {
      kind: 'exposure',
      ...common(file, path, entry, 'exposures', reader),
      type: entry.type,
      owner: entry.owner,
      label: entry.label ?? undefined,
      maturity: entry.maturity ?? undefined,
      url: entry.url ?? undefined,
      dependsOn: (entry.depends_on ?? []).map((call, at) => ({
        call,
        place: file.yaml.placeOf([...path, 'depends_on', at]),
      })),
    };
  });
}

/** Reads the groups of one property file. */
export function readGroups(file: PropertyFile, reader: EntryReader): readonly ParsedGroup[] {
  return (file.content.groups ?? []).map((entry, index): ParsedGroup => {
    const path: YamlPath = ['groups', index];
    const { properties, name, packageName, place } = common(file, path, entry, undefined, reader);
    return {
      kind: 'group',
      name,
      packageName,
      path: file.path,
      description: properties.description,
      owner: entry.owner,
      meta: mapOf(entry.config, 'meta'),
      place,
    };
  });
}

/** Reads the unit tests of one property file. */
export function readUnitTests(file: PropertyFile, reader: EntryReader): readonly ParsedUnitTest[] {
  return (file.content.unit_tests ?? []).map((entry, index): ParsedUnitTest => {
    const path: YamlPath = ['unit_tests', index];
    const rows = (
      given: Entry<'unit_tests'>['expect'] & { readonly input?: string },
      at: YamlPath,
    ): UnitTestRows => ({
      input: given.input,
      format: given.format ?? 'dict',
      rows: given.rows ?? undefined,
      fixture: given.fixture ?? undefined,
      place: file.yaml.placeOf(at),
    });
    const { overrides, versions } = entry;
    const shared = common(file, path, entry, 'unit_tests', reader);
    return {
      kind: 'unit-test',
      ...shared,
      model: entry.model,
      given: (entry.given ?? []).map((given, at) => rows(given, [...path, 'given', at])),
      expect: rows(entry.expect, [...path, 'expect']),
      overrides: {
        macros: overrides?.macros ?? {},
        vars: overrides?.vars ?? {},
        env_vars: overrides?.env_vars ?? {},
      },
      versions: {
        ...(versions?.include && { include: versions.include }),
        ...(versions?.exclude && { exclude: versions.exclude }),
      },
    };
  });
}

/** Reads what one property file says of macros. */
export function readMacroProperties(
  file: PropertyFile,
  reader: EntryReader,
): readonly MacroProperties[] {
  return (file.content.macros ?? []).map((entry, index): MacroProperties => {
    const path: YamlPath = ['macros', index];
    const { name, packageName, place, properties } = common(file, path, entry, undefined, reader);
    return {
      name,
      packageName,
      path: file.path,
      description: properties.description,
      arguments: (entry.arguments ?? []).map((argument, at) => ({
        name: argument.name,
        type: argument.type ?? undefined,
        description: reader.describe(
          argument.description,
          file.yaml.placeOf([...path, 'arguments', at, 'description']),
          file.packageName,
        ),
      })),
      meta: { ...entry.meta, ...mapOf(entry.config, 'meta') },
      docs: { ...entry.docs, ...mapOf(entry.config, 'docs') },
      place,
    };
  });
}

/** Reads the semantic layer of one property file, kept as written. */
export function readSemantic(file: PropertyFile, reader: EntryReader): readonly ParsedSemantic[] {
  const lists = [
    ['semantic_models', 'semantic-model', 'semantic-models'],
    ['metrics', 'metric', 'metrics'],
    ['saved_queries', 'saved-query', 'saved-queries'],
  ] as const;
  return lists.flatMap(([key, kind, configured]) =>
    (file.content[key] ?? []).map(
      (entry, index): ParsedSemantic => ({
        kind,
        ...common(file, [key, index], entry, configured, reader),
        entry,
      }),
    ),
  );
}

/** Faults for entries of one kind and package that have the same name. */
export function sameNameFaults(
  entries: readonly Pick<ParsedGroup | ParsedExposure, 'kind' | 'name' | 'packageName' | 'place'>[],
): UserError[] {
  const first = new Map<string, (typeof entries)[number]>();
  return entries.flatMap((entry) => {
    const key = `${entry.kind} ${entry.packageName}.${entry.name}`;
    const other = first.get(key);
    first.set(key, other ?? entry);
    if (other === undefined) return [];
    return [
      new UserError(`${entry.kind} \`${entry.name}\` is described twice`, {
        where: entry.place,
        hint: `the other entry is at ${other.place.path}:${other.place.line}; rename one of them`,
      }),
    ];
  });
}

function common(
  file: PropertyFile,
  path: YamlPath,
  entry: Entry<Exclude<ListKey, 'models'>>,
  kind: ConfiguredKind | undefined,
  reader: EntryReader,
) {
  // A unit test is named below its model.
  const inside = 'model' in entry && kind === 'unit_tests' ? [String(entry.model)] : [];
  const folders = file.source.pathInFolder.split('/').slice(0, -1);
  const fqn = [file.packageName, ...folders, ...inside, entry.name];
  return {
    name: entry.name,
    packageName: file.packageName,
    path: file.path,
    fqn,
    properties: propertiesOf(
      file,
      path,
      { name: entry.name, description: entry.description },
      reader.describe,
    ),
    layers: [
      ...(kind === undefined ? [] : reader.projectLayers(kind, fqn)),
      ...entryLayers(file, path, entry),
    ],
    place: file.yaml.placeOf([...path, 'name']),
  };
}
