// The lists of manifest.json beside `nodes`: sources, exposures, unit tests, groups, macros, docs.

import { createHash } from 'node:crypto';
import type { DescribedMacro, DescribedNode } from '../compile/described.ts';
import type {
  DocsBlock,
  MacroProperties,
  ParsedExposure,
  ParsedGroup,
  ParsedSemantic,
  ParsedSource,
  ParsedUnitTest,
  UnitTestRows,
} from '../project/types.ts';
import {
  type ManifestScope,
  manifestColumns,
  mapOf,
  originalPath,
  pathInFolder,
  refsOf,
  relationText,
  sourcesOf,
  textOrNull,
} from './manifest-shapes.ts';
import type {
  ManifestDoc,
  ManifestExposure,
  ManifestGroup,
  ManifestMacro,
  ManifestRows,
  ManifestSemantic,
  ManifestSource,
  ManifestUnitTest,
} from './manifest-types.ts';

/** Makes the entry of a source table. */
export function manifestSource(
  scope: ManifestScope,
  described: DescribedNode,
  source: ParsedSource,
): ManifestSource {
  const { config } = described;
  const path = originalPath(scope, source.packageName, source.path);
  const { quoting = {} } = source;
  return {
    ...names(scope, described),
    path,
    database: scope.database,
    schema: source.schema,
    source_name: source.sourceName,
    source_description: source.sourceDescription ?? '',
    loader: source.loader ?? '',
    identifier: source.identifier,
    quoting: {
      database: quoting.database ?? null,
      schema: quoting.schema ?? null,
      identifier: quoting.identifier ?? null,
      column: null,
    },
    loaded_at_field: textOrNull(config['loaded_at_field']),
    loaded_at_query: textOrNull(config['loaded_at_query']),
    freshness: freshness(config['freshness']),
    external: source.external ?? null,
    description: source.properties?.description ?? '',
    columns: manifestColumns(source.properties?.columns ?? []),
    meta: mapOf(config['meta']),
    source_meta: {},
    tags: described.tags,
    config: { ...config, freshness: freshness(config['freshness']) },
    patch_path: null,
    unrendered_config: described.unrenderedConfig,
    relation_name: relationText(scope.database, source.schema, source.identifier),
    created_at: scope.createdAt,
    unrendered_database: source.database ?? null,
    unrendered_schema: source.schema,
    doc_blocks: [],
  };
}

/** dbt writes a threshold that is not given as one without number and period. */
function freshness(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  const { warn_after, error_after, filter } = mapOf(value);
  const threshold = (given: unknown) => {
    const { count = null, period = null } = mapOf(given);
    return { count, period };
  };
  return {
    warn_after: threshold(warn_after),
    error_after: threshold(error_after),
    filter: filter ?? null,
  };
}

/** Makes the entry of an exposure. */
export function manifestExposure(
  scope: ManifestScope,
  described: DescribedNode,
  exposure: ParsedExposure,
): ManifestExposure {
  const { config } = described;
  const { email = null, name = null, ...owner } = exposure.owner;
  return {
    ...names(scope, described),
    type: exposure.type,
    owner: { email, name, ...owner },
    description: exposure.properties?.description ?? '',
    label: exposure.label ?? null,
    maturity: exposure.maturity ?? null,
    meta: mapOf(config['meta']),
    tags: described.tags,
    config,
    unrendered_config: described.unrenderedConfig,
    url: exposure.url ?? null,
    depends_on: { macros: [], nodes: described.dependsOn },
    refs: refsOf(described),
    sources: sourcesOf(described),
    metrics: described.dependsOn
      .filter((id) => id.startsWith('metric.'))
      .map((id) => [id.split('.').at(-1) ?? '']),
    created_at: scope.createdAt,
  };
}

/** Makes the entry of a unit test; `schema` is that of its model. */
export function manifestUnitTest(
  scope: ManifestScope,
  described: DescribedNode,
  test: ParsedUnitTest,
  schema: string | undefined,
): ManifestUnitTest {
  const { include, exclude } = test.versions;
  const hasVersions = include !== undefined || exclude !== undefined;
  const hasOverrides = Object.values(test.overrides).some((map) => Object.keys(map).length > 0);
  const given = test.given.map((rows) => ({ input: rows.input ?? '', ...rowsOf(rows) }));
  const expect = rowsOf(test.expect);
  const text = JSON.stringify([test.model, test.versions, given, expect, test.overrides]);
  const version = /_v([^_]+)$/.exec(described.uniqueId.slice(test.name.length))?.[1];
  return {
    ...names(scope, described),
    model: test.model,
    given,
    expect,
    description: test.properties?.description ?? '',
    overrides: hasOverrides ? { ...test.overrides } : null,
    depends_on: { macros: [], nodes: described.dependsOn },
    config: described.config,
    checksum: createHash('sha256').update(text).digest('hex'),
    schema: schema ?? null,
    created_at: scope.createdAt,
    versions: hasVersions ? { include: include ?? null, exclude: exclude ?? null } : null,
    version: described.uniqueId.endsWith(test.name) ? null : (version ?? null),
  };
}

function rowsOf({ rows, format, fixture }: UnitTestRows): Omit<ManifestRows, 'input'> {
  return { rows: rows ?? null, format, fixture: fixture ?? null };
}

/** Makes the entry of a semantic model, metric or saved query: what is written, and where. */
export function manifestSemantic(
  scope: ManifestScope,
  described: DescribedNode,
  semantic: ParsedSemantic,
): ManifestSemantic {
  const { config } = described;
  return {
    ...semantic.entry,
    ...names(scope, described),
    description: semantic.properties?.description ?? null,
    config,
    unrendered_config: described.unrenderedConfig,
    depends_on: { macros: [], nodes: described.dependsOn },
    refs: refsOf(described),
    created_at: scope.createdAt,
    group: textOrNull(config['group']),
  };
}

/** Makes the entry of a group. */
export function manifestGroup(scope: ManifestScope, group: ParsedGroup): ManifestGroup {
  const { email = null, name = null, ...owner } = group.owner;
  return {
    name: group.name,
    resource_type: 'group',
    package_name: group.packageName,
    path: pathInFolder(scope, group.packageName, group.path),
    original_file_path: originalPath(scope, group.packageName, group.path),
    unique_id: `group.${group.packageName}.${group.name}`,
    owner: { email, name, ...owner },
    description: group.description || null,
    config: { meta: group.meta },
  };
}

/** Makes the entry of a macro. */
export function manifestMacro(
  scope: ManifestScope,
  macro: DescribedMacro,
  said: MacroProperties | undefined,
): ManifestMacro {
  const path = originalPath(scope, macro.packageName, macro.path);
  const patch = said && originalPath(scope, said.packageName, said.path);
  return {
    name: macro.name,
    resource_type: 'macro',
    package_name: macro.packageName,
    path,
    original_file_path: path,
    unique_id: macro.uniqueId,
    macro_sql: macro.text,
    depends_on: { macros: macro.macros },
    description: said?.description ?? '',
    meta: said?.meta ?? {},
    docs: { show: true, node_color: null, ...said?.docs },
    patch_path: patch === undefined ? null : `${said?.packageName}://${patch}`,
    arguments: (said?.arguments ?? []).map(({ name, type, description }) => ({
      name,
      type: type ?? null,
      description,
    })),
    created_at: scope.createdAt,
    supported_languages: null,
  };
}

/** Makes the entry of a docs block. */
export function manifestDoc(scope: ManifestScope, block: DocsBlock): ManifestDoc {
  return {
    name: block.name,
    resource_type: 'doc',
    package_name: block.packageName,
    path: pathInFolder(scope, block.packageName, block.path),
    original_file_path: originalPath(scope, block.packageName, block.path),
    unique_id: `doc.${block.packageName}.${block.name}`,
    block_contents: block.text,
  };
}

function names(scope: ManifestScope, { uniqueId, resourceType, fqn, parsed }: DescribedNode) {
  return {
    name: parsed.name,
    resource_type: resourceType,
    package_name: parsed.packageName,
    path: pathInFolder(scope, parsed.packageName, parsed.path),
    original_file_path: originalPath(scope, parsed.packageName, parsed.path),
    unique_id: uniqueId,
    fqn,
  };
}
