// All files of a project -> ParsedProject. Pure: the same files give the same project.

import { nearestName, throwFaults, UserError, UserErrors } from '../../core/errors.ts';
import { folderLayers, isMap } from './config-layers.ts';
import { parseGenericTest } from './generic-tests.ts';
import { type NodeEntry, type PropertyFile, parsePropertyFile } from './properties.ts';
import type {
  ConfigLayer,
  ConfiguredKind,
  FileKind,
  ParsedGenericTest,
  ParsedModel,
  ParsedProject,
  ParsedSeed,
  ParsedSingularTest,
  ParsedSource,
  ProjectFile,
  Properties,
  SourceFile,
} from './types.ts';

/**
 * Parses a project's files.
 * @throws {UserErrors} with every fault of every file, in the order of their paths.
 */
export function parseProject(file: ProjectFile, files: readonly SourceFile[]): ParsedProject {
  const faults: UserError[] = [];
  const propertyFiles = files
    .filter((source) => source.kind === 'properties')
    .flatMap((source) => collect(faults, () => parsePropertyFile(source)));
  const patches = new Patches(propertyFiles, faults);
  const common = (source: SourceFile, kind: ConfiguredKind) => {
    const name = stem(source.path);
    const fqn = [source.packageName, ...folders(source.pathInFolder), name];
    const patch = patches.take(kind, name);
    return {
      name,
      packageName: source.packageName,
      path: source.path,
      fqn,
      properties: patch?.properties,
      layers: [...folderLayers(file.yaml, file.configTrees[kind], fqn), ...(patch?.layers ?? [])],
    };
  };
  const own = (kind: FileKind) => files.filter((source) => source.kind === kind);
  const models = own('model').map(
    (source): ParsedModel => ({ kind: 'model', rawSql: source.text, ...common(source, 'models') }),
  );
  const seeds = own('seed').map(
    (source): ParsedSeed => ({ kind: 'seed', ...common(source, 'seeds') }),
  );
  const singularTests = own('singular-test').map(
    (source): ParsedSingularTest => ({
      kind: 'singular-test',
      rawSql: source.text,
      ...common(source, 'data_tests'),
    }),
  );
  faults.push(...duplicateFaults([...models, ...seeds]), ...patches.leftOver());
  const byPath = new Map(files.map((source) => [source.path, source]));
  const tests = propertyFiles.flatMap((properties) =>
    genericTests(file, properties, byPath.get(properties.path), faults),
  );
  const project: ParsedProject = {
    file,
    models,
    seeds,
    singularTests,
    genericTests: tests,
    sources: propertyFiles.flatMap((properties) => sources(file, properties)),
    macroFiles: own('macro').map(({ packageName, path, text }) => ({ packageName, path, text })),
  };
  throwFaults(faults);
  return project;
}

interface Patch {
  readonly properties: Properties;
  readonly layers: readonly ConfigLayer[];
}

/** The property entries of models, seeds and singular tests, each to be taken by its node. */
class Patches {
  readonly #entries = new Map<
    string,
    Patch & { readonly kind: ConfiguredKind; readonly name: string }
  >();
  readonly #taken = new Set<string>();
  readonly #known = new Map<ConfiguredKind, string[]>();

  constructor(files: readonly PropertyFile[], faults: UserError[]) {
    for (const file of files) {
      for (const [key, kind] of [
        ['models', 'models'],
        ['seeds', 'seeds'],
        ['data_tests', 'data_tests'],
        ['tests', 'data_tests'],
      ] as const) {
        for (const [index, entry] of (file.content[key] ?? []).entries()) {
          this.#add(file, kind, [key, index], entry, faults);
        }
      }
    }
  }

  take(kind: ConfiguredKind, name: string): Patch | undefined {
    this.#taken.add(`${kind}:${name}`);
    this.#known.set(kind, [...(this.#known.get(kind) ?? []), name]);
    return this.#entries.get(`${kind}:${name}`);
  }

  /** Entries that no file of the project answers to. */
  leftOver(): UserError[] {
    return [...this.#entries.entries()]
      .filter(([key]) => !this.#taken.has(key))
      .map(([, { kind, name, properties }]) => {
        const nearest = nearestName(name, this.#known.get(kind) ?? []);
        return new UserError(`\`${name}\` is described here, but there is no such file`, {
          where: properties.place,
          hint:
            nearest === undefined
              ? `add the file below the folder of ${kind}, or remove the entry`
              : `did you mean \`${nearest}\`?`,
        });
      });
  }

  #add(
    file: PropertyFile,
    kind: ConfiguredKind,
    path: readonly (string | number)[],
    entry: NodeEntry,
    faults: UserError[],
  ): void {
    const key = `${kind}:${entry.name}`;
    const properties = propertiesOf(file, path, entry);
    const first = this.#entries.get(key);
    if (first) {
      faults.push(
        new UserError(`\`${entry.name}\` is described twice`, {
          where: properties.place,
          hint: `the other entry is at ${first.properties.place.path}:${first.properties.place.line}`,
        }),
      );
      return;
    }
    this.#entries.set(key, {
      kind,
      name: entry.name,
      properties,
      layers: entryLayers(file, path, entry),
    });
  }
}

function propertiesOf(
  file: PropertyFile,
  path: readonly (string | number)[],
  entry: NodeEntry,
): Properties {
  return {
    description: entry.description,
    columns: (entry.columns ?? []).map((column, index) => ({
      name: column.name,
      description: column.description,
      dataType: column.data_type,
      place: file.yaml.placeOf([...path, 'columns', index, 'name']),
    })),
    place: file.yaml.placeOf([...path, 'name']),
  };
}

/** `meta` and `tags` beside `config` mean the same as inside it; `config` wins. */
function entryLayers(
  file: PropertyFile,
  path: readonly (string | number)[],
  entry: Pick<NodeEntry, 'meta' | 'tags' | 'config'>,
): readonly ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  const beside = {
    ...(entry.meta && { meta: entry.meta }),
    ...(entry.tags && { tags: entry.tags }),
  };
  if (Object.keys(beside).length > 0) {
    layers.push({ values: beside, placeOf: (key) => file.yaml.placeOfKey([...path, key]) });
  }
  if (isMap(entry.config)) {
    const values = entry.config;
    layers.push({ values, placeOf: (key) => file.yaml.placeOfKey([...path, 'config', key]) });
  }
  return layers;
}

function genericTests(
  project: ProjectFile,
  file: PropertyFile,
  source: SourceFile | undefined,
  faults: UserError[],
): ParsedGenericTest[] {
  const packageName = source?.packageName ?? project.name;
  const inFolders = folders(source?.pathInFolder ?? file.path);
  const on = (
    path: readonly (string | number)[],
    entry: NodeEntry,
    subject: ParsedGenericTest['on'],
  ): ParsedGenericTest[] => {
    const sites = [
      ...testSites(path, entry, undefined),
      ...(entry.columns ?? []).flatMap((column, index) =>
        testSites([...path, 'columns', index], column, column.name),
      ),
    ];
    return sites.flatMap((site) =>
      collect(faults, () =>
        parseGenericTest({
          ...site,
          yaml: file.yaml,
          on: subject,
          packageName,
          folders: inFolders,
        }),
      ),
    );
  };
  const nodes = (['models', 'seeds'] as const).flatMap((key) =>
    (file.content[key] ?? []).flatMap((entry, index) =>
      on([key, index], entry, { kind: 'ref', name: entry.name }),
    ),
  );
  const tables = (file.content.sources ?? []).flatMap((entry, index) =>
    (entry.tables ?? []).flatMap((table, tableIndex) =>
      on(['sources', index, 'tables', tableIndex], table, {
        kind: 'source',
        source: entry.name,
        table: table.name,
      }),
    ),
  );
  return [...nodes, ...tables].map((test) => ({
    ...test,
    layers: [
      ...folderLayers(project.yaml, project.configTrees.data_tests, test.fqn),
      ...test.layers,
    ],
  }));
}

function testSites(
  path: readonly (string | number)[],
  entry: Pick<NodeEntry, 'tests' | 'data_tests'>,
  columnName: string | undefined,
) {
  return (['tests', 'data_tests'] as const).flatMap((key) =>
    (entry[key] ?? []).map((test, index) => ({
      path: [...path, key, index],
      entry: test,
      columnName,
    })),
  );
}

function sources(project: ProjectFile, file: PropertyFile): ParsedSource[] {
  return (file.content.sources ?? []).flatMap((entry, index) =>
    (entry.tables ?? []).map((table, tableIndex): ParsedSource => {
      const path = ['sources', index, 'tables', tableIndex];
      const fqn = [project.name, entry.name, table.name];
      return {
        kind: 'source',
        name: table.name,
        sourceName: entry.name,
        packageName: project.name,
        path: file.path,
        fqn,
        properties: propertiesOf(file, path, table),
        layers: [
          ...folderLayers(project.yaml, project.configTrees.sources, fqn),
          ...entryLayers(file, ['sources', index], entry),
          ...entryLayers(file, path, table),
        ],
        schema: entry.schema ?? entry.name,
        identifier: table.identifier ?? table.name,
        place: file.yaml.placeOf([...path, 'name']),
      };
    }),
  );
}

function duplicateFaults(nodes: readonly { name: string; path: string }[]): UserError[] {
  const seen = new Map<string, string>();
  return nodes.flatMap(({ name, path }) => {
    const first = seen.get(name);
    seen.set(name, first ?? path);
    if (first === undefined) return [];
    return [
      new UserError(`two files define \`${name}\``, {
        where: { path },
        hint: `the other one is ${first}; rename one of them`,
      }),
    ];
  });
}

/** Runs one parse and keeps its faults, so that the faults of all files are shown together. */
function collect<T>(faults: UserError[], parse: () => T): T[] {
  try {
    return [parse()];
  } catch (error) {
    if (error instanceof UserErrors) faults.push(...error.faults);
    else if (error instanceof UserError) faults.push(error);
    else throw error;
    return [];
  }
}

function stem(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.[^.]+$/, '');
}

function folders(pathInFolder: string): string[] {
  return pathInFolder.split('/').slice(0, -1);
}
