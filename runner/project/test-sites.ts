// Where generic tests stand: under models, seeds, snapshots, source tables and their columns.

import type { Place, UserError } from '../../core/errors.ts';
import type { YamlPath } from '../../core/yaml.ts';
import { collect } from './collect-faults.ts';
import { tagsIn } from './describe.ts';
import { parseGenericTest } from './generic-tests.ts';
import type { Entry, PropertyFile } from './properties.ts';
import type { ProjectLayers } from './sources.ts';
import type { ConfigLayer, ParsedGenericTest } from './types.ts';

type Tested = Pick<Entry<'models'>, 'tests' | 'data_tests' | 'columns'>;
type Tagged = { readonly tags?: unknown; readonly config?: unknown };
type Subject = ParsedGenericTest['on'];

/** Parses the generic tests of one property file. */
export function readGenericTests(
  file: PropertyFile,
  projectLayers: ProjectLayers,
  faults: UserError[],
): readonly ParsedGenericTest[] {
  const folders = file.source.pathInFolder.split('/').slice(0, -1);
  const { packageName, yaml } = file;
  return sitesOf(file).flatMap(({ subject, tags, ...site }) =>
    collect(faults, () =>
      parseGenericTest({ ...site, yaml, on: subject, packageName, folders }),
    ).map((test) => {
      const above = [...projectLayers(test.fqn), tagLayer(tags, test.place)];
      return { ...test, layers: [...above, ...test.layers], folderLayers: above.length };
    }),
  );
}

interface Site {
  readonly path: YamlPath;
  readonly entry: unknown;
  readonly columnName: string | undefined;
  readonly subject: Subject;
  /** Tags that the test has from its column, and from its source. */
  readonly tags: readonly string[];
}

function tagLayer(tags: readonly string[], place: Place): ConfigLayer {
  return { values: tags.length === 0 ? {} : { tags }, placeOf: () => place };
}

function sitesOf(file: PropertyFile): readonly Site[] {
  const { content } = file;
  const nodes = (['models', 'seeds', 'snapshots'] as const).flatMap((key) =>
    (content[key] ?? []).flatMap((entry: Entry<'models'>, index) => {
      const versions = key === 'models' ? (entry.versions ?? []) : [];
      return versions.length > 0
        ? versionSites(entry, index)
        : entrySites([key, index], entry, { kind: 'ref', name: entry.name });
    }),
  );
  const tables = (content.sources ?? []).flatMap((entry, index) =>
    (entry.tables ?? []).flatMap((table, tableIndex) =>
      entrySites(['sources', index, 'tables', tableIndex], table, {
        kind: 'source',
        source: entry.name,
        table: table.name,
      }).map((site) => ({
        ...site,
        tags: [...tagsOf(entry), ...tagsOf(table), ...site.tags],
      })),
    ),
  );
  return [...nodes, ...tables];
}

/** Each version has the tests of its model, unless it has its own, and those of its columns. */
function versionSites(entry: Entry<'models'>, index: number): readonly Site[] {
  return (entry.versions ?? []).flatMap((version, versionIndex) => {
    const subject: Subject = { kind: 'ref', name: entry.name, version: version.v };
    const base: YamlPath = ['models', index];
    const at: YamlPath = [...base, 'versions', versionIndex];
    const hasOwn = (version.data_tests ?? version.tests) != null;
    const choice = (version.columns ?? []).find(
      ({ include, exclude }) => include !== undefined || exclude != null,
    );
    const own = new Set((version.columns ?? []).map(({ name }) => name));
    const isKept = (name: string): boolean =>
      !own.has(name) &&
      (!Array.isArray(choice?.include) || choice.include.includes(name)) &&
      !(choice?.exclude ?? []).includes(name);
    return [
      ...testsAt(hasOwn ? at : base, hasOwn ? version : entry, undefined, subject),
      ...(entry.columns ?? []).flatMap((column, columnIndex) =>
        isKept(column.name)
          ? testsAt([...base, 'columns', columnIndex], column, column.name, subject)
          : [],
      ),
      ...(version.columns ?? []).flatMap((column, columnIndex) =>
        testsAt([...at, 'columns', columnIndex], column, column.name, subject),
      ),
    ];
  });
}

function entrySites(path: YamlPath, entry: Tested, subject: Subject): readonly Site[] {
  return [
    ...testsAt(path, entry, undefined, subject),
    ...(entry.columns ?? []).flatMap((column, index) =>
      testsAt([...path, 'columns', index], column, column.name, subject),
    ),
  ];
}

function testsAt(
  path: YamlPath,
  entry: Pick<Tested, 'tests' | 'data_tests'> & Tagged,
  columnName: string | undefined,
  subject: Subject,
): readonly Site[] {
  return (['tests', 'data_tests'] as const).flatMap((key) =>
    (entry[key] ?? []).map((test, index) => ({
      path: [...path, key, index],
      entry: test,
      columnName,
      subject,
      tags: columnName === undefined ? [] : tagsOf(entry),
    })),
  );
}

function tagsOf({ tags, config }: Tagged): readonly string[] {
  return [...tagsIn({ tags }), ...tagsIn(config)];
}
