// The entries of property files, each to be taken by the node whose name it bears.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import type { YamlPath } from '../../core/yaml.ts';
import { type Describe, entryLayers, propertiesOf } from './describe.ts';
import type { Entry, PropertyFile } from './properties.ts';
import type { ConfigLayer, Properties } from './types.ts';

/** The lists of property files whose entries describe a file of the project. */
export type PatchedKind = 'models' | 'seeds' | 'snapshots' | 'analyses' | 'data_tests';

/** What YAML says of one node. */
export interface Patch {
  readonly properties: Properties;
  readonly layers: readonly ConfigLayer[];
  /** Name of the node, where its file is called otherwise: `orders` of orders_v2.sql. */
  readonly name: string;
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
}

/** An entry without a file. */
export interface LeftOver {
  readonly fault: UserError;
  readonly packageName: string;
  readonly name: string;
  readonly version: string | number | undefined;
}

interface Kept extends Patch {
  readonly kind: PatchedKind;
  readonly packageName: string;
  readonly fileName: string;
  /** A second name that the file of the latest version may have. */
  readonly otherFileName: string | undefined;
}

const lists = [
  ['models', 'models'],
  ['seeds', 'seeds'],
  ['snapshots', 'snapshots'],
  ['analyses', 'analyses'],
  ['data_tests', 'data_tests'],
  ['tests', 'data_tests'],
] as const;

/** The property entries of models, seeds, snapshots, analyses and singular tests. */
export class Patches {
  readonly #entries = new Map<string, Kept>();
  /** Entries of latest versions, by the second name that their file may have. */
  readonly #latest = new Map<string, Kept>();
  readonly #taken = new Set<Kept>();
  readonly #known = new Map<PatchedKind, string[]>();
  readonly #places = new Map<string, Place>();
  readonly #describe: Describe;
  readonly #faults: UserError[];

  constructor(files: readonly PropertyFile[], describe: Describe, faults: UserError[]) {
    this.#describe = describe;
    this.#faults = faults;
    for (const file of files) {
      for (const [key, kind] of lists) {
        for (const [index, entry] of (file.content[key] ?? []).entries()) {
          this.#add(file, kind, [key, index], entry);
        }
      }
    }
  }

  /** Returns what is said of the node in a file of this name. */
  take(kind: PatchedKind, packageName: string, fileName: string): Patch | undefined {
    const known = this.#known.get(kind) ?? [];
    known.push(fileName);
    this.#known.set(kind, known);
    const key = `${kind}:${packageName}:${fileName}`;
    const found = this.#entries.get(key) ?? this.#latest.get(key);
    if (found !== undefined) this.#taken.add(found);
    return found;
  }

  /**
   * Entries that no file of the project answers to: a slip, or left over from a file that is gone.
   * Their tests are not run.
   */
  leftOver(): readonly LeftOver[] {
    return [...this.#entries.values()]
      .filter((entry) => !this.#taken.has(entry))
      .map(({ kind, packageName, name, fileName, properties, version }) => {
        const nearest = nearestName(fileName, this.#known.get(kind) ?? []);
        const hint = version === undefined ? 'or remove the entry' : 'or name it with `defined_in`';
        const fault = new UserError(
          `\`${fileName}\` is described here, but there is no such file`,
          {
            where: properties.place,
            hint:
              nearest === undefined
                ? `add the file below the folder of ${kind}, ${hint}`
                : `did you mean \`${nearest}\`?`,
          },
        );
        return { fault, packageName, name, version };
      });
  }

  #add(file: PropertyFile, kind: PatchedKind, path: YamlPath, entry: Entry<'models'>): void {
    const place = file.yaml.placeOf([...path, 'name']);
    const key = `${kind}:${file.packageName}:${entry.name}`;
    const first = this.#places.get(key);
    if (first) {
      this.#faults.push(
        new UserError(`\`${entry.name}\` is described twice`, {
          where: place,
          hint: `the other entry is at ${first.path}:${first.line}`,
        }),
      );
      return;
    }
    this.#places.set(key, place);
    const versions = kind === 'models' ? (entry.versions ?? []) : [];
    if (versions.length > 0) {
      this.#addVersions(file, path, entry);
      return;
    }
    this.#keep({
      kind,
      packageName: file.packageName,
      fileName: entry.name,
      otherFileName: undefined,
      name: entry.name,
      properties: propertiesOf(file, path, entry, this.#describe),
      layers: entryLayers(file, path, entry),
    });
  }

  #addVersions(file: PropertyFile, path: YamlPath, entry: Entry<'models'>): void {
    const versions = entry.versions ?? [];
    const latest = entry.latest_version ?? latestOf(versions.map(({ v }) => v));
    const seen = new Set<string>();
    if (!versions.some(({ v }) => String(v) === String(latest))) {
      this.#faults.push(
        new UserError(`\`latest_version\` is \`${latest}\`, which is none of the versions`, {
          where: file.yaml.placeOf([...path, 'latest_version']),
          hint: `it has \`${versions.map(({ v }) => v).join('`, `')}\``,
        }),
      );
    }
    for (const [index, version] of versions.entries()) {
      const at = [...path, 'versions', index];
      if (seen.has(String(version.v))) {
        this.#faults.push(
          new UserError(`\`${entry.name}\` has version \`${version.v}\` twice`, {
            where: file.yaml.placeOf([...at, 'v']),
          }),
        );
      }
      seen.add(String(version.v));
      const base = propertiesOf(file, path, entry, this.#describe);
      this.#keep({
        kind: 'models',
        packageName: file.packageName,
        fileName: version.defined_in ?? `${entry.name}_v${version.v}`,
        otherFileName: String(version.v) === String(latest) ? entry.name : undefined,
        name: entry.name,
        version: version.v,
        latestVersion: latest,
        properties: {
          ...base,
          description: version.description ?? base.description,
          columns: versionColumns(file, path, index, entry, this.#describe),
          constraints: version.constraints ?? base.constraints ?? [],
          deprecationDate: version.deprecation_date ?? base.deprecationDate,
          place: file.yaml.placeOf([...at, 'v']),
        },
        layers: [...entryLayers(file, path, entry), ...entryLayers(file, at, version)],
      });
    }
  }

  #keep(entry: Kept): void {
    const { kind, packageName, fileName, otherFileName } = entry;
    this.#entries.set(`${kind}:${packageName}:${fileName}`, entry);
    if (otherFileName !== undefined) {
      this.#latest.set(`${kind}:${packageName}:${otherFileName}`, entry);
    }
  }
}

/** A version has the columns of its model, those apart that it leaves out, and its own. */
function versionColumns(
  file: PropertyFile,
  path: YamlPath,
  index: number,
  entry: Entry<'models'>,
  describe: Describe,
): Properties['columns'] {
  const given = entry.versions?.[index]?.columns ?? [];
  const choice = given.find(({ include, exclude }) => include !== undefined || exclude != null);
  const own = given.flatMap((column, at) => (column.name === undefined ? [] : [{ column, at }]));
  const isIncluded = (name: string): boolean => {
    const { include, exclude } = choice ?? {};
    const isListed = !Array.isArray(include) || include.includes(name);
    return isListed && !(exclude ?? []).includes(name);
  };
  const base = propertiesOf(file, path, entry, describe).columns.filter(({ name }) =>
    isIncluded(name),
  );
  const added = own.flatMap(({ column, at }) => {
    const { name = '' } = column;
    const place = [...path, 'versions', index, 'columns', at];
    const described = { ...column, name, description: column.description ?? '' };
    return propertiesOf(file, path, { name, columns: [described] }, describe).columns.map((it) => ({
      ...it,
      place: file.yaml.placeOf([...place, 'name']),
    }));
  });
  const names = new Set(added.map(({ name }) => name));
  return [...base.filter(({ name }) => !names.has(name)), ...added];
}

function latestOf(versions: readonly (string | number)[]): string | number {
  const isNumeric = versions.every((version) => Number.isFinite(Number(version)));
  const ordered = [...versions].sort((a, b) =>
    isNumeric ? Number(a) - Number(b) : String(a) < String(b) ? -1 : 1,
  );
  return ordered.at(-1) ?? '';
}
