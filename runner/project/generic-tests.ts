// Generic tests under a node or column: name, arguments and configs told apart, and dbt's node names.

import { UserError } from '../../core/errors.ts';
import { isMapValue, type YamlFile, type YamlPath } from '../../core/yaml.ts';
import { genericTestHash, genericTestNames } from './generic-test-names.ts';
import type { ConfigLayer, ParsedGenericTest } from './types.ts';

/** Keys of a test that configure it; every other key is an argument of the test. */
const configKeys = [
  ...['severity', 'warn_if', 'error_if', 'fail_calc', 'limit', 'where', 'enabled', 'tags', 'meta'],
  ...['store_failures', 'store_failures_as', 'group', 'schema', 'database', 'alias'],
];
const ownKeys = new Set(['name', 'test_name', 'description', 'config', 'arguments', ...configKeys]);

/** What a test stands under. */
export interface TestSite {
  readonly yaml: YamlFile;
  /** YAML path of the test's entry. */
  readonly path: YamlPath;
  readonly entry: unknown;
  readonly columnName: string | undefined;
  readonly on: ParsedGenericTest['on'];
  readonly packageName: string;
  /** Folders of the property file, for configs by folder. */
  readonly folders: readonly string[];
}

/**
 * Parses one generic test.
 * @throws {UserError} where the entry is not a name or a map of one test.
 */
export function parseGenericTest(site: TestSite): ParsedGenericTest {
  const { testName, body, bodyPath } = namedBody(site);
  const nested = isMapValue(body['arguments']) ? body['arguments'] : {};
  const flat = Object.entries(body).filter(([key]) => !ownKeys.has(key));
  const args = { ...Object.fromEntries(flat), ...nested };
  const given = site.columnName === undefined ? args : { column_name: site.columnName, ...args };
  const own = typeof body['name'] === 'string' ? body['name'] : undefined;
  const { name, alias } =
    own === undefined ? genericTestNames(testName, site.on, given) : { name: own, alias: own };
  return {
    kind: 'generic-test',
    name,
    alias,
    hash: genericTestHash(name, testName, site.on, given),
    packageName: site.packageName,
    path: site.yaml.path,
    fqn: [site.packageName, ...site.folders, name],
    properties: {
      description: typeof body['description'] === 'string' ? body['description'] : '',
      columns: [],
      place: site.yaml.placeOf(bodyPath),
    },
    layers: configLayers(site.yaml, body, bodyPath),
    folderLayers: 0,
    testName,
    args,
    columnName: site.columnName,
    on: site.on,
    place: site.yaml.placeOf(site.path),
  };
}

interface NamedBody {
  readonly testName: string;
  readonly body: Record<string, unknown>;
  readonly bodyPath: YamlPath;
}

function namedBody(site: TestSite): NamedBody {
  const { entry, path } = site;
  if (typeof entry === 'string') return { testName: entry, body: {}, bodyPath: path };
  if (!isMapValue(entry)) throw siteFault(site, 'a test is a name, or a map of one test');
  if (typeof entry['test_name'] === 'string') {
    return { testName: entry['test_name'], body: entry, bodyPath: path };
  }
  const names = Object.keys(entry).filter((key) => !ownKeys.has(key));
  const [testName] = names;
  if (testName === undefined || names.length > 1) {
    throw siteFault(site, `a test has one name, found \`${Object.keys(entry).join('`, `')}\``);
  }
  const inner = entry[testName];
  if (inner !== null && inner !== undefined && !isMapValue(inner)) {
    throw siteFault(site, `arguments of \`${testName}\` must be a map`);
  }
  const beside = Object.fromEntries(Object.entries(entry).filter(([key]) => key !== testName));
  return { testName, body: { ...beside, ...inner }, bodyPath: [...path, testName] };
}

function configLayers(
  yaml: YamlFile,
  body: Record<string, unknown>,
  path: YamlPath,
): readonly ConfigLayer[] {
  const direct = Object.fromEntries(
    Object.entries(body).filter(([key]) => configKeys.includes(key)),
  );
  const layers: ConfigLayer[] = [
    { values: direct, placeOf: (key) => yaml.placeOfKey([...path, key]) },
  ];
  if (isMapValue(body['config'])) {
    const values = body['config'];
    layers.push({ values, placeOf: (key) => yaml.placeOfKey([...path, 'config', key]) });
  }
  return layers;
}

function siteFault(site: TestSite, message: string): UserError {
  return new UserError(message, {
    where: site.yaml.placeOf(site.path),
    hint: 'write `- unique`, or `- accepted_values:` with its arguments indented below',
  });
}
