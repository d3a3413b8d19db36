// What an entry of a property file says of its node: description, columns, and configs as a layer.

import type { Place } from '../../core/errors.ts';
import { isMapValue, type YamlPath } from '../../core/yaml.ts';
import { configAliases } from '../schemas/configs.ts';
import type { ColumnEntry, PropertyFile } from './properties.ts';
import type { ConfigLayer, Constraint, ParsedColumn, Properties } from './types.ts';

/** Renders a description, which may name docs blocks. */
export type Describe = (text: string, place: Place, packageName: string) => string;

/** Keys that every entry may have, as far as they are looked at here. */
export interface DescribedEntry {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly columns?: readonly ColumnEntry[] | null | undefined;
  readonly constraints?: readonly Constraint[] | null | undefined;
  readonly deprecation_date?: string | null | undefined;
  readonly time_spine?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Returns the properties of an entry at a path of its file. */
export function propertiesOf(
  file: PropertyFile,
  path: YamlPath,
  entry: DescribedEntry,
  describe: Describe,
): Properties {
  const told = (text: string | null | undefined, at: YamlPath): string =>
    describe(text ?? '', file.yaml.placeOf([...at, 'description']), file.packageName);
  return {
    description: told(entry.description, path),
    columns: (entry.columns ?? []).map((column, index): ParsedColumn => {
      const at = [...path, 'columns', index];
      return {
        name: column.name,
        description: told(column.description, at),
        dataType: column.data_type ?? undefined,
        quote: column.quote ?? undefined,
        meta: { ...column.meta, ...mapOf(column.config, 'meta') },
        tags: [...new Set([...(column.tags ?? []), ...tagsIn(column.config)])],
        constraints: column.constraints ?? [],
        granularity: column.granularity ?? undefined,
        place: file.yaml.placeOf([...at, 'name']),
      };
    }),
    place: file.yaml.placeOf([...path, 'name']),
    constraints: entry.constraints ?? [],
    deprecationDate: entry.deprecation_date ?? undefined,
    timeSpine: entry.time_spine ?? undefined,
  };
}

/** Configs that may also stand beside `config`, where they mean the same; `config` wins. */
const besideKeys: readonly string[] = [
  ...['meta', 'tags', 'docs', 'access', 'group', 'quote_columns'],
  ...['freshness', 'loaded_at_field', 'loaded_at_query'],
];

/** Returns the config layers of an entry, the weaker first. */
export function entryLayers(
  file: PropertyFile,
  path: YamlPath,
  entry: Readonly<Record<string, unknown>>,
): readonly ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  const given = besideKeys.filter((key) => entry[key] !== undefined && entry[key] !== null);
  // `freshness: null` switches it off, where a missing key leaves what is above.
  if (entry['freshness'] === null) given.push('freshness');
  if (given.length > 0) {
    layers.push({
      values: Object.fromEntries(given.map((key) => [key, entry[key]])),
      placeOf: (key) => file.yaml.placeOfKey([...path, key]),
    });
  }
  if (isMapValue(entry['config']))
    layers.push(configLayer(file, [...path, 'config'], entry['config']));
  return layers;
}

/** Returns a map of configs as a layer, its keys in their first spelling. */
export function configLayer(
  file: Pick<PropertyFile, 'yaml'>,
  path: YamlPath,
  values: Readonly<Record<string, unknown>>,
): ConfigLayer {
  const spelled = new Map(
    Object.keys(values).map((key) => [
      Object.hasOwn(configAliases, key) ? (configAliases[key] ?? key) : key,
      key,
    ]),
  );
  return {
    values: Object.fromEntries([...spelled].map(([config, key]) => [config, values[key]])),
    placeOf: (config) => file.yaml.placeOfKey([...path, spelled.get(config) ?? config]),
  };
}

/** The map under a key of a value that may be none. */
export function mapOf(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = isMapValue(value) ? value[key] : undefined;
  return isMapValue(found) ? found : {};
}

/** The tags of a map of configs that may be none. */
export function tagsIn(config: unknown): string[] {
  const tags = isMapValue(config) ? config['tags'] : undefined;
  return Array.isArray(tags) ? tags.map(String) : [];
}
