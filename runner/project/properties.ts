// Property files: descriptions, columns, configs and generic tests of models, seeds, sources.

import { z } from 'zod';
import { throwFaults, UserError } from '../../core/errors.ts';
import { parseYaml, validateYaml, type YamlFile, type YamlPath } from '../../core/yaml.ts';
import { isMap } from './config-layers.ts';

const text = z.string('expected text');
const optionalText = text.nullish().transform((value) => value ?? '');
const map = z.record(z.string(), z.unknown(), 'expected a map');
const tags = z.union([text, z.array(text)], 'expected a tag or a list of tags');
const test = z.union([text, map], 'expected a test name or a map of one test');
const tests = { tests: z.array(test).nullish(), data_tests: z.array(test).nullish() };

const column = z.strictObject({
  name: text,
  description: optionalText,
  data_type: text.optional(),
  quote: z.boolean().optional(),
  meta: map.optional(),
  tags: tags.optional(),
  config: map.optional(),
  ...tests,
});
const node = {
  name: text,
  description: optionalText,
  docs: map.optional(),
  config: map.nullish(),
  meta: map.optional(),
  tags: tags.optional(),
  columns: z.array(column).nullish(),
  ...tests,
};
const model = z.strictObject(node);
const sourceTable = z.strictObject({
  ...node,
  identifier: text.optional(),
  loader: text.optional(),
});
const source = z.strictObject({
  name: text,
  description: optionalText,
  schema: text.optional(),
  database: text.optional(),
  loader: text.optional(),
  config: map.nullish(),
  meta: map.optional(),
  tags: tags.optional(),
  tables: z.array(sourceTable).nullish(),
});
const macro = z.strictObject({
  name: text,
  description: optionalText,
  docs: map.optional(),
  meta: map.optional(),
  config: map.optional(),
  arguments: z.array(map).nullish(),
});
const singularTest = z.strictObject({
  name: text,
  description: optionalText,
  docs: map.optional(),
  config: map.nullish(),
  meta: map.optional(),
});
const file = z.strictObject({
  version: z.union([z.literal(2), z.literal(1)], 'must be 2').optional(),
  models: z.array(model).nullish(),
  seeds: z.array(model).nullish(),
  sources: z.array(source).nullish(),
  macros: z.array(macro).nullish(),
  data_tests: z.array(singularTest).nullish(),
  tests: z.array(singularTest).nullish(),
});

/** Keys that mean something to dbt and nothing here yet. */
const unsupportedKeys = new Set([
  ...['snapshots', 'exposures', 'groups', 'unit_tests', 'semantic_models', 'metrics'],
  ...['saved_queries', 'analyses', 'functions', 'anchors'],
  ...['access', 'group', 'versions', 'latest_version', 'deprecation_date', 'constraints'],
  ...['time_spine', 'freshness', 'loaded_at_field', 'loaded_at_query', 'quoting', 'external'],
  ...['overrides', 'policy_tags'],
]);
const knownKeys = [
  ...Object.keys(file.shape),
  ...Object.keys(sourceTable.shape),
  ...Object.keys(source.shape),
  ...Object.keys(column.shape),
  ...Object.keys(macro.shape),
];

/** One property file's content, validated, with the YAML to find places in. */
export interface PropertyFile {
  readonly path: string;
  readonly yaml: YamlFile;
  readonly content: z.infer<typeof file>;
}

/** A node's or source table's entry. */
export type NodeEntry = z.infer<typeof model> | z.infer<typeof sourceTable>;

/** A column's entry. */
export type ColumnEntry = z.infer<typeof column>;

/**
 * Parses one property file.
 * @throws {UserErrors} with every fault of the file.
 */
export function parsePropertyFile(given: {
  readonly path: string;
  readonly text: string;
}): PropertyFile {
  const yaml = parseYaml(given);
  if (yaml.value === null) return { path: given.path, yaml, content: {} };
  throwFaults(findUnsupported(yaml, yaml.value, []));
  return { path: given.path, yaml, content: validateYaml(yaml, file, [], knownKeys) };
}

/** Free-form maps are not looked into: there the user names the keys. */
const freeForm = new Set(['meta', 'config', 'docs', 'tests', 'data_tests', 'arguments']);

function findUnsupported(yaml: YamlFile, value: unknown, path: YamlPath): UserError[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => findUnsupported(yaml, item, [...path, index]));
  }
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    if (unsupportedKeys.has(key)) {
      return [
        new UserError(`\`${key}\` is not supported yet`, {
          where: yaml.placeOfKey([...path, key]),
          hint: 'remove it: the runner refuses what it would otherwise pass over',
        }),
      ];
    }
    return freeForm.has(key) ? [] : findUnsupported(yaml, below, [...path, key]);
  });
}
