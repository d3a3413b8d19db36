// The `nodes` of manifest.json: models, seeds, snapshots, analyses and data tests.

import { createHash } from 'node:crypto';
import type { DescribedNode } from '../compile/described.ts';
import type { ParsedGenericTest, ParsedModel } from '../project/types.ts';
import {
  type ManifestScope,
  manifestColumns,
  mapOf,
  modelConstraint,
  originalPath,
  pathInFolder,
  refsOf,
  relationText,
  sourcesOf,
  textOrNull,
} from './manifest-shapes.ts';
import type { ManifestNode } from './manifest-types.ts';

/** Makes the entry of a node; `tests` are those attached to a model, for its primary key. */
export function manifestNode(
  scope: ManifestScope,
  described: DescribedNode,
  tests: readonly DescribedNode[],
): ManifestNode {
  const base = commonFields(scope, described);
  const { parsed } = described;
  switch (parsed.kind) {
    case 'seed': {
      const { nodes: _none, ...dependsOn } = { macros: described.macros, nodes: [] };
      return {
        ...base,
        checksum: scope.seedChecksums.get(described.uniqueId) ?? { name: 'none', checksum: '' },
        root_path: null,
        depends_on: dependsOn,
      };
    }
    case 'model':
      return { ...base, ...sqlFields(scope, described), ...modelFields(described, parsed, tests) };
    case 'generic-test':
      return {
        ...base,
        ...sqlFields(scope, described),
        checksum: { name: 'none', checksum: '' },
        ...genericFields(described, parsed),
      };
    default:
      return { ...base, ...sqlFields(scope, described) };
  }
}

function commonFields(scope: ManifestScope, described: DescribedNode): ManifestNode {
  const { parsed, config, relation, resourceType } = described;
  const { packageName, name, properties } = parsed;
  const rawCode = 'rawSql' in parsed ? parsed.rawSql.trim() : '';
  const path = pathInFolder(scope, packageName, parsed.path);
  const schema = relation?.schema ?? textOrNull(config['schema']) ?? '';
  const short = described.node?.kind === 'test' ? described.node.alias : undefined;
  const alias = relation?.identifier ?? textOrNull(config['alias']) ?? short ?? name;
  const hasRelation = relation !== undefined && config['materialized'] !== 'ephemeral';
  return {
    database: scope.database,
    schema,
    name,
    resource_type: resourceType,
    package_name: packageName,
    path: parsed.kind === 'generic-test' ? `${alias}.sql` : inAnalysis(resourceType, path),
    original_file_path: originalPath(scope, packageName, parsed.path),
    unique_id: described.uniqueId,
    fqn: described.fqn,
    alias,
    checksum: { name: 'sha256', checksum: sha256(rawCode) },
    config,
    tags: described.tags,
    description: properties?.description ?? '',
    columns: manifestColumns(properties?.columns ?? []),
    meta: mapOf(config['meta']),
    group: textOrNull(config['group']),
    docs: config['docs'] ?? { show: true, node_color: null },
    patch_path: patchPath(scope, described),
    build_path: null,
    unrendered_config: described.unrenderedConfig,
    created_at: scope.createdAt,
    relation_name: hasRelation ? relationText(scope.database, schema, alias) : null,
    raw_code: rawCode,
    doc_blocks: [],
    depends_on: { macros: described.macros, nodes: described.dependsOn },
  };
}

/** dbt names analyses below a folder of this name. */
function inAnalysis(type: DescribedNode['resourceType'], path: string): string {
  return type === 'analysis' ? `analysis/${path}` : path;
}

function patchPath(scope: ManifestScope, { parsed, patchPath }: DescribedNode): string | null {
  if (patchPath === undefined) return null;
  return `${parsed.packageName}://${originalPath(scope, parsed.packageName, patchPath)}`;
}

function sqlFields(scope: ManifestScope, described: DescribedNode): Partial<ManifestNode> {
  const { node, config } = described;
  // What is compiled when its turn comes has no SQL before.
  const isThere = node !== undefined && 'compiledSql' in node && !node.isLate;
  const compiledCode = isThere ? node.compiledSql : undefined;
  const contract = mapOf(config['contract']);
  const compiled =
    compiledCode === undefined
      ? { compiled_path: null }
      : {
          compiled_path: scope.compiledPath(described.uniqueId) ?? null,
          compiled: true,
          compiled_code: compiledCode,
          extra_ctes_injected: true,
          extra_ctes: [],
        };
  return {
    language: 'sql',
    refs: refsOf(described),
    sources: sourcesOf(described),
    metrics: [],
    ...compiled,
    contract: {
      enforced: contract['enforced'] === true,
      alias_types: contract['alias_types'] !== false,
      checksum: contract['enforced'] === true ? contractChecksum(described) : null,
    },
  };
}

/** Names and types of the columns and the constraints of the model: what others rely on. */
function contractChecksum({ parsed }: DescribedNode): string {
  const { columns = [], constraints = [] } = parsed.properties ?? {};
  const typed = columns.map(({ name, dataType, constraints: own = [] }) => [name, dataType, own]);
  return sha256(
    JSON.stringify([typed.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)), constraints]),
  );
}

function modelFields(
  { config, version, latestVersion }: DescribedNode,
  { properties }: ParsedModel,
  tests: readonly DescribedNode[],
): Partial<ManifestNode> {
  return {
    access: textOrNull(config['access']) ?? 'protected',
    constraints: (properties?.constraints ?? []).map(modelConstraint),
    version: version ?? null,
    latest_version: latestVersion ?? null,
    deprecation_date: properties?.deprecationDate ?? null,
    primary_key: primaryKey(properties, tests),
    time_spine: properties?.timeSpine ?? null,
  };
}

/** From the constraints; otherwise from the tests: what is unique and not null, or else what is unique. */
function primaryKey(
  properties: ParsedModel['properties'],
  tests: readonly DescribedNode[],
): readonly string[] {
  const key = properties?.constraints?.find(({ type }) => type === 'primary_key');
  if (key?.columns?.length) return key.columns;
  const column = properties?.columns.find(({ constraints = [] }) =>
    constraints.some(({ type }) => type === 'primary_key'),
  );
  if (column !== undefined) return [column.name];
  const columnsOf = (wanted: RegExp): string[] =>
    tests.flatMap(({ parsed }) => {
      if (parsed.kind !== 'generic-test' || !wanted.test(parsed.testName)) return [];
      const combined = parsed.args['combination_of_columns'];
      if (Array.isArray(combined)) return combined.map(String);
      return parsed.columnName === undefined ? [] : [parsed.columnName];
    });
  const unique = columnsOf(/(^|\.)unique(_combination_of_columns)?$/);
  const filled = new Set(columnsOf(/(^|\.)not_null$/));
  const both = unique.filter((name) => filled.has(name));
  return [...new Set(both.length > 0 ? both : unique)];
}

function genericFields({ node }: DescribedNode, test: ParsedGenericTest): Partial<ManifestNode> {
  const [first, ...rest] = test.testName.split('.').reverse();
  const { on } = test;
  const call =
    on.kind === 'ref'
      ? `ref('${on.name}'${on.version === undefined ? '' : `, version='${on.version}'`})`
      : `source('${on.source}', '${on.table}')`;
  const column = test.columnName === undefined ? {} : { column_name: test.columnName };
  return {
    raw_code: `{{ test_${first}(**_dbt_generic_test_kwargs) }}`,
    column_name: test.columnName ?? null,
    file_key_name: on.kind === 'ref' ? `models.${on.name}` : `sources.${on.source}`,
    attached_node: node?.kind === 'test' ? (node.attachedTo ?? null) : null,
    test_metadata: {
      name: first ?? '',
      kwargs: { ...test.args, ...column, model: `{{ get_where_subquery(${call}) }}` },
      namespace: rest.reverse().join('.') || null,
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
