// Which configs of dbt_project.yml hold for a node: one layer per folder on the way to it.

import { isMapValue, type YamlFile, type YamlPath } from '../../core/yaml.ts';
import type { ConfigLayer, ConfigTree } from './types.ts';

/** Returns the layers of a config tree that hold for `fqn`, the most general first. */
export function folderLayers(
  yaml: YamlFile,
  tree: ConfigTree | undefined,
  fqn: readonly string[],
): readonly ConfigLayer[] {
  if (tree === undefined) return [];
  const layers: ConfigLayer[] = [];
  let level: Readonly<Record<string, unknown>> | undefined = tree.value;
  const path: (string | number)[] = [tree.key];
  for (const folder of [undefined, ...fqn]) {
    if (folder !== undefined) {
      const below: unknown = level[folder];
      level = isMapValue(below) ? below : undefined;
      path.push(folder);
    }
    if (level === undefined) break;
    layers.push(layerOf(yaml, level, [...path]));
  }
  return layers.filter((layer) => Object.keys(layer.values).length > 0);
}

/** A key with `+` is a config; without it, a map is a folder and anything else is a config. */
function layerOf(
  yaml: YamlFile,
  level: Readonly<Record<string, unknown>>,
  path: YamlPath,
): ConfigLayer {
  const keys = new Map<string, string>();
  for (const [key, value] of Object.entries(level)) {
    if (key.startsWith('+')) keys.set(key.slice(1), key);
    else if (!isMapValue(value)) keys.set(key, key);
  }
  return {
    values: Object.fromEntries([...keys].map(([config, key]) => [config, level[key]])),
    placeOf: (config) => yaml.placeOfKey([...path, keys.get(config) ?? config]),
  };
}
