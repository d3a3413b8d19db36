import { fromJson } from '../../core/template/json.ts';
import type { Value } from '../../core/template/values.ts';

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
}

/** Makes the dict with dbt's keys. */
export function nodeValue(node: NodeDescription): Value {
  const resourceType = node.kind.endsWith('-test') ? 'test' : node.kind;
  return fromJson({
    name: node.name,
    resource_type: resourceType,
    package_name: node.packageName,
    path: node.path,
    original_file_path: node.path,
    unique_id: `${resourceType}.${node.packageName}.${node.name}`,
    fqn: node.fqn,
    database: node.database,
    schema: node.schema,
    alias: node.alias,
    config: node.config ?? {},
    tags: node.config?.['tags'] ?? [],
    meta: node.config?.['meta'] ?? {},
  });
}
