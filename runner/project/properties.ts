// One property file: read, its templates rendered, its keys and values checked.

import { UserError } from '../../core/errors.ts';
import type { ParseCache } from '../../core/parse-cache.ts';
import type { RenderScope } from '../../core/template/state.ts';
import {
  isMapValue,
  parseYaml,
  validateYaml,
  type YamlFile,
  type YamlPath,
} from '../../core/yaml.ts';
import { type PropertyContent, propertyFileSchema } from '../schemas/properties.ts';
import { toJsonSchema } from '../schemas/to-json-schema.ts';
import { checkKeys, type KeyReport, unquotedTemplates } from './check-keys.ts';
import { collect } from './collect-faults.ts';
import { renderYaml } from './render-yaml.ts';
import type { SourceFile } from './types.ts';

/** One property file's content, validated, with the YAML to find places in. */
export interface PropertyFile {
  readonly source: SourceFile;
  readonly path: string;
  readonly packageName: string;
  readonly yaml: YamlFile;
  readonly content: PropertyContent;
}

type Entries<Key extends keyof PropertyContent> = NonNullable<PropertyContent[Key]>;

/** A list of a property file by its key. */
export type ListKey = Exclude<keyof PropertyContent, 'version' | 'anchors'>;

/** An entry of such a list. */
export type Entry<Key extends ListKey> = Entries<Key>[number];

/** A column's entry. */
export type ColumnEntry = NonNullable<Entry<'models'>['columns']>[number];

const knownKeys = toJsonSchema(propertyFileSchema, '');

/** Parses one property file; faults and warnings go to `report`. */
export function parsePropertyFile(
  source: SourceFile,
  scope: RenderScope,
  report: KeyReport,
  parseCache?: ParseCache,
): PropertyFile[] {
  return collect(report.faults, () => {
    const written = parseYaml(source, parseCache);
    const common = { source, path: source.path, packageName: source.packageName };
    if (written.value === null) return { ...common, yaml: written, content: {} };
    report.faults.push(...unquotedTemplates(written), ...unsupportedFaults(written));
    const known = checkKeys(written, knownKeys, report);
    const yaml = renderYaml(known, scope, isRendered, report.faults);
    return { ...common, yaml, content: validateYaml(yaml, propertyFileSchema) };
  });
}

/** What dbt renders when it is used: descriptions, tests, hooks, filters, all of unit tests. */
const lateKeys = new Set(['description', 'tests', 'data_tests', 'loaded_at_query', 'filter']);

function isRendered(path: YamlPath): boolean {
  if (path[0] === 'unit_tests' || path[0] === 'data_tests' || path[0] === 'tests') return false;
  if (path[0] === 'saved_queries' && path.includes('where')) return false;
  if (path.some((key) => /^(?:(?:pre|post)[-_]hook|after_create)$/.test(String(key)))) return false;
  return !path.slice(2).some((key) => lateKeys.has(String(key)));
}

function unsupportedFaults(yaml: YamlFile): UserError[] {
  if (!isMapValue(yaml.value) || !Object.hasOwn(yaml.value, 'functions')) return [];
  return [
    new UserError('`functions` are not supported: the runner builds tables and views', {
      where: yaml.placeOfKey(['functions']),
      hint: 'create the function in an `on-run-start` hook, and remove the key',
    }),
  ];
}
