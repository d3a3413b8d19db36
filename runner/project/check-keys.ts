// Keys that no schema knows: a slip is an error, anything else a warning, or an error where the project is strict.

import { nearestName, UserError } from '../../core/errors.ts';
import { isMapValue, type YamlFile, type YamlPath } from '../../core/yaml.ts';
import { configAliases, foreignConfigs } from '../schemas/configs.ts';
import { findUnknownKeys, type JsonSchema } from '../schemas/to-json-schema.ts';

/** Where faults and warnings go, and which of the two an unknown key is. */
export interface KeyReport {
  readonly isStrict: boolean;
  readonly faults: UserError[];
  readonly warnings: UserError[];
}

/** Reports every unknown key of a file and returns the file without those that are only warned of. */
export function checkKeys(yaml: YamlFile, schema: JsonSchema, report: KeyReport): YamlFile {
  const unknown = findUnknownKeys(schema, yaml.value);
  if (unknown.length === 0) return yaml;
  for (const { path, key, known } of unknown) {
    const isConfig = path.at(-1) === 'config';
    if (isConfig && (foreignConfigs.has(key) || Object.hasOwn(configAliases, key))) continue;
    const { fault, isCertain } = unknownKeyFault(yaml, path, key, known);
    // Below `meta` all keys are the user's but those of the runner, which nothing else would read.
    const isOurs = path.includes('runner');
    (isCertain || isOurs || report.isStrict ? report.faults : report.warnings).push(fault);
  }
  // A config of the user's own stays: `config.get` may ask for it.
  const dropped = unknown.filter(({ path }) => path.at(-1) !== 'config');
  const drop = new Set(dropped.map(({ path, key }) => JSON.stringify([...path, key])));
  return { ...yaml, value: without(yaml.value, [], drop) };
}

/** Faults for templates without quotes, which YAML reads as maps within maps. */
export function unquotedTemplates(yaml: YamlFile): UserError[] {
  const find = (value: unknown, path: YamlPath): UserError[] => {
    if (Array.isArray(value)) return value.flatMap((item, index) => find(item, [...path, index]));
    if (!isMapValue(value)) return [];
    const [[key, below] = ['', undefined], ...more] = Object.entries(value);
    if (more.length > 0 || below !== null || !/^\{.*\}$/s.test(key)) {
      return Object.entries(value).flatMap(([name, inner]) => find(inner, [...path, name]));
    }
    const fault = new UserError('a template stands here without quotes', {
      where: yaml.placeOf(path),
      hint: "put it in quotes: '{{ … }}'",
      cause: 'YAML reads the braces as maps',
    });
    return [fault];
  };
  return find(yaml.value, []);
}

function unknownKeyFault(yaml: YamlFile, path: YamlPath, key: string, known: readonly string[]) {
  const where = yaml.placeOfKey([...path, key]);
  const inside = path.length === 0 ? '' : ` in \`${path.join('.')}\``;
  const nearest = nearestName(key, known);
  const hint =
    nearest === undefined ? 'keys of your own belong under `meta`' : `did you mean \`${nearest}\`?`;
  return {
    fault: new UserError(`unknown key \`${key}\`${inside}`, { where, hint }),
    isCertain: nearest !== undefined,
  };
}

function without(value: unknown, path: YamlPath, drop: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => without(item, [...path, index], drop));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !drop.has(JSON.stringify([...path, key])))
      .map(([key, below]) => [key, without(below, [...path, key], drop)]),
  );
}
