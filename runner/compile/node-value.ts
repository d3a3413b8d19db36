import { fromJson } from '../../core/template/json.ts';
import type { Value } from '../../core/template/values.ts';
import { configDefaults } from './config-defaults.ts';

/** What `model` and the `node` argument of naming macros say of a node. */
export interface NodeDescription {
  readonly kind: string;
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly fqn: readonly string[];
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly rawSql?: string;
  /** Once it is made, for what builds the node. */
  readonly compiledSql?: string;
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
  readonly properties?: NodeProperties | undefined;
  /** Of a microbatch model, while one of its batches is rendered. */
  readonly batch?: Readonly<Record<string, string>> | undefined;
  /** Of a seed, whose columns and description stand beside its other fields. */
  readonly columns?: readonly NodeColumn[];
  readonly description?: string;
}

interface NodeColumn {
  readonly name: string;
  readonly description: string;
  readonly dataType: string | undefined;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly quote?: boolean | undefined;
}

interface NodeProperties {
  readonly description: string;
  readonly columns: readonly NodeColumn[];
}

/** Makes the dict with dbt's keys. */
export function nodeValue(node: NodeDescription): Value {
  const resourceType = node.kind.endsWith('-test') ? 'test' : node.kind;
  const version = node.version === undefined ? '' : `.v${node.version}`;
  const { properties } = node;
  return fromJson({
    name: node.name,
    resource_type: resourceType,
    package_name: node.packageName,
    path: node.path,
    original_file_path: node.path,
    unique_id: `${resourceType}.${node.packageName}.${node.name}${version}`,
    fqn: node.fqn,
    database: node.database,
    schema: node.schema,
    alias: node.alias,
    ...(node.kind === 'model'
      ? { version: node.version ?? null, latest_version: node.latestVersion ?? null }
      : {}),
    config: shownConfig(node),
    tags: node.config?.['tags'] ?? [],
    meta: node.config?.['meta'] ?? {},
    description: properties?.description ?? node.description ?? '',
    columns: Object.fromEntries(
      (properties?.columns ?? node.columns ?? []).map((column) => [
        column.name,
        {
          name: column.name,
          description: column.description,
          data_type: column.dataType ?? null,
          meta: column.meta ?? {},
          tags: column.tags ?? [],
          quote: column.quote ?? null,
        },
      ]),
    ),
    ...(node.kind === 'model' ? { batch: node.batch ?? null } : {}),
    raw_code: node.rawSql ?? '',
    ...(node.compiledSql === undefined
      ? {}
      : { compiled: true, compiled_code: node.compiledSql, sql: node.compiledSql }),
    language: 'sql',
  });
}

/** Makes a value when it is first asked for: most templates never ask for their `model`. */
export function madeOnce(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Configs as dbt shows them: tags and meta are always there. */
function shownConfig({ kind, config = {} }: NodeDescription): Readonly<Record<string, unknown>> {
  const defaults = configDefaults[kind.endsWith('-test') ? 'test' : kind] ?? {};
  const all = { tags: [], meta: {}, enabled: true, ...defaults, ...config };
  // dbt leaves out what is none.
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== null),
  );
}
