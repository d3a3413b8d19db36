// Source tables, and what another package's entry with `overrides` changes of them.

import { UserError } from '../../core/errors.ts';
import type { YamlPath } from '../../core/yaml.ts';
import { type Describe, entryLayers, propertiesOf } from './describe.ts';
import type { Entry, PropertyFile } from './properties.ts';
import type { ConfigLayer, ParsedSource, Quoting } from './types.ts';

/** Gives the layers of dbt_project.yml for a node. */
export type ProjectLayers = (fqn: readonly string[]) => readonly ConfigLayer[];

/** Reads the source tables of all property files; a table declared twice is a fault. */
export function readSources(
  files: readonly PropertyFile[],
  projectLayers: ProjectLayers,
  describe: Describe,
  faults: UserError[],
): readonly ParsedSource[] {
  const declared = files.flatMap((file) =>
    (file.content.sources ?? []).flatMap((entry, index) =>
      entry.overrides
        ? []
        : (entry.tables ?? []).map((_table, tableIndex) =>
            sourceTable(file, index, tableIndex, projectLayers, describe),
          ),
    ),
  );
  const overrides = files.flatMap((file) =>
    (file.content.sources ?? []).flatMap((entry, index) =>
      entry.overrides ? [{ file, entry, index }] : [],
    ),
  );
  faults.push(...twiceFaults(declared));
  for (const { file, entry, index } of overrides) {
    const isKnown = declared.some(
      (it) => it.packageName === entry.overrides && it.sourceName === entry.name,
    );
    if (!isKnown) faults.push(overrideFault(file, entry, index));
  }
  return overrides.reduce<readonly ParsedSource[]>(
    (sources, override) =>
      sources.map((source) =>
        source.packageName === override.entry.overrides && source.sourceName === override.entry.name
          ? overridden(source, override, describe)
          : source,
      ),
    declared,
  );
}

function sourceTable(
  file: PropertyFile,
  index: number,
  tableIndex: number,
  projectLayers: ProjectLayers,
  describe: Describe,
): ParsedSource {
  const entry = entryAt(file, index);
  const table = entry.tables?.[tableIndex];
  if (table === undefined) throw new Error('a table that is listed is there');
  const sourcePath: YamlPath = ['sources', index];
  const path: YamlPath = [...sourcePath, 'tables', tableIndex];
  const folders = file.source.pathInFolder.split('/').slice(0, -1);
  const fqn = [file.packageName, ...folders, entry.name, table.name];
  const place = file.yaml.placeOf([...path, 'name']);
  return {
    kind: 'source',
    name: table.name,
    sourceName: entry.name,
    packageName: file.packageName,
    path: file.path,
    fqn,
    properties: propertiesOf(file, path, table, describe),
    layers: [
      ...projectLayers(fqn),
      ...entryLayers(file, sourcePath, entry),
      ...entryLayers(file, path, table),
    ],
    schema: entry.schema ?? entry.name,
    identifier: table.identifier ?? table.name,
    place,
    database: entry.database ?? undefined,
    sourceDescription: describe(
      entry.description,
      file.yaml.placeOf([...sourcePath, 'description']),
      file.packageName,
    ),
    loader: table.loader ?? entry.loader ?? '',
    quoting: mergedQuoting(entry.quoting, table.quoting),
    external: table.external ?? undefined,
  };
}

function entryAt(file: PropertyFile, index: number): Entry<'sources'> {
  const entry = file.content.sources?.[index];
  if (entry === undefined) throw new Error('a source that is listed is there');
  return entry;
}

function overridden(
  source: ParsedSource,
  override: {
    readonly file: PropertyFile;
    readonly entry: Entry<'sources'>;
    readonly index: number;
  },
  describe: Describe,
): ParsedSource {
  const { file, entry, index } = override;
  const tableIndex = (entry.tables ?? []).findIndex(({ name }) => name === source.name);
  const table = entry.tables?.[tableIndex];
  const path: YamlPath = ['sources', index, 'tables', tableIndex];
  const said = table && propertiesOf(file, path, table, describe);
  return {
    ...source,
    schema: entry.schema ?? source.schema,
    database: entry.database ?? source.database,
    loader: table?.loader ?? entry.loader ?? source.loader ?? '',
    identifier: table?.identifier ?? source.identifier,
    quoting: mergedQuoting(source.quoting, entry.quoting, table?.quoting),
    external: table?.external ?? source.external,
    layers: [
      ...source.layers,
      ...entryLayers(file, ['sources', index], entry),
      ...(table ? entryLayers(file, path, table) : []),
    ],
    properties:
      said === undefined
        ? source.properties
        : {
            ...said,
            description: said.description || (source.properties?.description ?? ''),
            columns: said.columns.length > 0 ? said.columns : (source.properties?.columns ?? []),
          },
  };
}

function mergedQuoting(
  ...given: readonly (
    | Readonly<Record<string, boolean | null | undefined>>
    | Quoting
    | null
    | undefined
  )[]
): Quoting {
  const merged: Record<string, boolean> = {};
  for (const quoting of given) {
    for (const [key, value] of Object.entries(quoting ?? {})) {
      if (typeof value === 'boolean') merged[key] = value;
    }
  }
  return merged;
}

function twiceFaults(sources: readonly ParsedSource[]): UserError[] {
  const first = new Map<string, ParsedSource>();
  return sources.flatMap((source) => {
    const key = `${source.packageName}.${source.sourceName}.${source.name}`;
    const other = first.get(key);
    first.set(key, other ?? source);
    if (other === undefined) return [];
    return [
      new UserError(`source table \`${source.sourceName}.${source.name}\` is declared twice`, {
        where: source.place,
        hint: `the other one is at ${other.place.path}:${other.place.line}; remove one of them`,
      }),
    ];
  });
}

function overrideFault(file: PropertyFile, entry: Entry<'sources'>, index: number): UserError {
  return new UserError(`package \`${entry.overrides}\` has no source \`${entry.name}\``, {
    where: file.yaml.placeOf(['sources', index, 'overrides']),
    hint: 'name a package that is installed and a source of it, or remove `overrides`',
  });
}
