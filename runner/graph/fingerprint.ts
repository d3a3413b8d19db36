// A node of manifest.json -> the texts that `state:` compares, by dbt's rules for each kind.

import type { StateNode } from './types.ts';

type Entry = Readonly<Record<string, unknown>>;

/** Configs that say where a node belongs, not what it is; the first three are its relation. */
const uncompared: ReadonlySet<string> = new Set(['alias', 'schema', 'database', 'tags', 'group']);

/** The configs that change what a test says. */
const testConfigs = [
  'severity',
  'where',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
];

/** Makes the texts of one entry of a manifest. */
export function fingerprintNode(node: Entry): StateNode {
  const type = String(node['resource_type'] ?? '');
  switch (type) {
    case 'source':
      return ofSource(node);
    case 'unit_test':
      return { ...bare(node, type), identity: text(node['checksum'] ?? node['expect']) };
    case 'exposure':
      return {
        ...bare(node, type),
        configs: configsOf(node),
        identity: text([
          ...pick(node, ['fqn', 'type', 'owner', 'maturity', 'url', 'description', 'label']),
          [...listOf(mapOf(node['depends_on'])['nodes'])].sort(),
        ]),
      };
    case 'metric':
    case 'semantic_model':
    case 'saved_query':
      return { ...bare(node, type), configs: configsOf(node), identity: text(said(node)) };
    case 'seed':
      return { ...ofFile(node, type), body: text(node['checksum']) };
    case 'test':
      return ofTest(node);
    default:
      return ofFile(node, type);
  }
}

function bare(node: Entry, resourceType: string): StateNode {
  return {
    resourceType,
    body: undefined,
    configs: undefined,
    relation: undefined,
    descriptions: undefined,
    contract: undefined,
    identity: '',
    macros: listOf(mapOf(node['depends_on'])['macros']).map(String),
  };
}

function ofFile(node: Entry, resourceType: string): StateNode {
  const unrendered = mapOf(node['unrendered_config']);
  const persisted = mapOf(mapOf(node['config'])['persist_docs']);
  const columns = Object.entries(mapOf(node['columns'])).map(([name, column]) => [
    name,
    mapOf(column)['description'] ?? '',
  ]);
  const refs = resourceType === 'model' ? ['latest_version', 'access', 'deprecation_date'] : [];
  return {
    ...bare(node, resourceType),
    body: text(node['raw_code']),
    configs: configsOf(node),
    relation: text(pick(unrendered, ['database', 'schema', 'alias'])),
    descriptions: {
      relation: text(node['description'] ?? ''),
      columns: text(Object.fromEntries(columns)),
      isPersisted: {
        relation: persisted['relation'] === true,
        columns: persisted['columns'] === true,
      },
    },
    contract: contractOf(node),
    identity: text(pick(node, ['fqn', ...refs])),
  };
}

function ofTest(node: Entry): StateNode {
  const isGeneric = typeof node['test_metadata'] === 'object' && node['test_metadata'] !== null;
  return {
    ...ofFile(node, isGeneric ? 'generic_test' : 'test'),
    configs: text(pick(mapOf(node['unrendered_config']), testConfigs)),
  };
}

function ofSource(node: Entry): StateNode {
  return {
    ...bare(node, 'source'),
    configs: configsOf(node),
    relation: text(pick(node, ['database', 'schema', 'identifier'])),
    identity: text(pick(node, ['fqn', 'quoting', 'freshness', 'loaded_at_field', 'external'])),
  };
}

/** As written, so that a config that names the target is the same for every target. */
function configsOf(node: Entry): string {
  const given = mapOf(node['unrendered_config']);
  return text(Object.fromEntries(Object.entries(given).filter(([key]) => !uncompared.has(key))));
}

function contractOf(node: Entry): string {
  const contract = mapOf(node['contract']);
  return contract['enforced'] === true ? text(contract['checksum']) : '';
}

/** What an entry says, without what is found out about it anew each time. */
function said(node: Entry): Entry {
  const found = [
    'created_at',
    'config',
    'unrendered_config',
    'refs',
    'depends_on',
    'tags',
    'group',
  ];
  return Object.fromEntries(Object.entries(node).filter(([key]) => !found.includes(key)));
}

function pick(map: Entry, keys: readonly string[]): unknown[] {
  return keys.map((key) => map[key] ?? null);
}

/** JSON with the keys of every map in order: two programs may write them in two orders. */
function text(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, given: unknown) =>
    typeof given === 'object' && given !== null && !Array.isArray(given)
      ? Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)))
      : given,
  );
}

function mapOf(value: unknown): Entry {
  // as: every object that is no list can be read by key
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Entry)
    : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
