// `graph`: the nodes of the project as dicts, for templates that look around.

import { DictValue } from '../../core/template/dict.ts';
import { fromJson } from '../../core/template/json.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedProject } from '../project/types.ts';
import { nodeValue } from './node-value.ts';
import type { Resolver } from './resolve.ts';

/** Makes `graph` with dbt's keys. */
export function graphValue(resolver: Resolver, parsed: ParsedProject): Value {
  const { database, schema } = resolver.facts.inputs.target;
  const nodes: [string, Value][] = [];
  for (const model of [...resolver.models, ...resolver.snapshots]) {
    const { relation, config } = model;
    const place = { database, schema: relation.schema, alias: relation.identifier };
    nodes.push([model.uniqueId, nodeValue({ ...model.parsed, ...place, config })]);
  }
  for (const seed of resolver.seeds) {
    const place = { database, schema: seed.relation.schema, alias: seed.relation.identifier };
    nodes.push([
      seed.uniqueId,
      nodeValue({
        ...seed,
        ...place,
        config: { tags: seed.tags, meta: seed.meta, materialized: 'seed' },
      }),
    ]);
  }
  for (const test of [...parsed.singularTests, ...parsed.genericTests]) {
    const id = `test.${test.packageName}.${test.name}`;
    nodes.push([id, nodeValue({ ...test, database, schema, alias: test.name })]);
  }
  const sources = resolver.sources.map((source): [string, Value] => [
    source.uniqueId,
    fromJson({
      name: source.name,
      source_name: source.sourceName,
      identifier: source.relation.identifier,
      resource_type: 'source',
      package_name: source.packageName,
      path: source.path,
      original_file_path: source.path,
      unique_id: source.uniqueId,
      fqn: source.fqn,
      database,
      schema: source.relation.schema,
      description: source.description,
      tags: source.tags,
      meta: source.meta,
      config: { enabled: true, tags: source.tags, meta: source.meta },
      columns: Object.fromEntries(
        source.columns.map((column) => [
          column.name,
          {
            name: column.name,
            description: column.description,
            data_type: column.dataType ?? null,
          },
        ]),
      ),
    }),
  ]);
  const byId = (entries: readonly [string, Value][]): Value =>
    DictValue.of([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  return DictValue.of([
    ['nodes', byId(nodes)],
    ['sources', byId(sources)],
    ['exposures', byId(plainEntries('exposure', parsed.exposures))],
    ['groups', byId(plainEntries('group', parsed.groups))],
    ...(['metric', 'semantic-model', 'saved-query'] as const).map((kind): [Value, Value] => [
      GRAPH_KEYS[kind],
      byId(
        plainEntries(
          kind.replace('-', '_'),
          parsed.semantic.filter((entry) => entry.kind === kind),
        ),
      ),
    ]),
  ]);
}

const GRAPH_KEYS = {
  metric: 'metrics',
  'semantic-model': 'semantic_models',
  'saved-query': 'saved_queries',
} as const;

interface PlainEntry {
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
}

/** What is not built: its name, its place, and what it says of itself. */
function plainEntries(resourceType: string, entries: readonly PlainEntry[]): [string, Value][] {
  return entries.map((entry) => {
    const id = `${resourceType}.${entry.packageName}.${entry.name}`;
    const { name, packageName, path } = entry;
    return [
      id,
      fromJson({
        name,
        package_name: packageName,
        original_file_path: path,
        unique_id: id,
        resource_type: resourceType,
      }),
    ];
  });
}
