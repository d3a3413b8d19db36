// target/manifest.json and target/run_results.json, in dbt's shapes as far as this runner knows them.

import type {
  Manifest,
  Node,
  NodeId,
  Operation,
  Snapshot,
  SqlNode,
  Test,
  UnitTest,
} from '../compile/types.ts';
import type { Outcome, RunResult } from '../execute/types.ts';
import type { Graph } from '../graph/types.ts';

/** Facts of the invocation that stand in every artifact. */
export interface InvocationFacts {
  readonly invocationId: string;
  readonly programVersion: string;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
  readonly projectName: string;
  readonly databaseName: string;
  /** The command line's words, without values that may be secret. */
  readonly command: string;
}

/** Returns the text of manifest.json: the same project gives the same nodes in the same order. */
export function manifestJson(manifest: Manifest, graph: Graph, facts: InvocationFacts): string {
  const nodes = [...manifest.nodes.values()];
  const entry = (node: Node) => [node.uniqueId, manifestNode(node, facts.databaseName)] as const;
  return toJson({
    metadata: metadata('https://schemas.getdbt.com/dbt/manifest/v12.json', facts),
    nodes: Object.fromEntries([
      ...nodes.filter((node) => !apart.has(node.kind)).map(entry),
      ...(manifest.operations ?? []).map((hook) => [hook.uniqueId, operationNode(hook)]),
    ]),
    sources: Object.fromEntries(nodes.filter((node) => node.kind === 'source').map(entry)),
    unit_tests: Object.fromEntries(nodes.filter((node) => node.kind === 'unit-test').map(entry)),
    parent_map: Object.fromEntries(graph.parents),
    child_map: Object.fromEntries(graph.children),
  });
}

/** Kinds that stand outside `nodes` in dbt's manifest. */
const apart: ReadonlySet<Node['kind']> = new Set(['source', 'unit-test']);

/** Returns the text of run_results.json. */
export function runResultsJson(
  manifest: Manifest,
  result: RunResult,
  facts: InvocationFacts,
): string {
  return toJson({
    metadata: metadata('https://schemas.getdbt.com/dbt/run-results/v6.json', facts),
    results: result.outcomes.map((outcome) => resultEntry(manifest, outcome)),
    elapsed_time: result.elapsedMs / 1000,
    args: { command: facts.command },
  });
}

/** Path of a node's compiled SQL below the target folder. */
export function compiledPath(manifest: Manifest, id: NodeId): string {
  const node = manifest.nodes.get(id);
  if (node === undefined) return `compiled/${id}.sql`;
  const base = `compiled/${node.packageName}`;
  if (node.kind === 'test' && node.testKind === 'generic')
    return `${base}/${node.path}/${node.alias ?? node.name}.sql`;
  // One file may hold several snapshots, and several unit tests.
  if (node.kind === 'unit-test' || node.kind === 'snapshot') {
    return `${base}/${node.path}/${node.name}.sql`;
  }
  return `${base}/${node.path}`;
}

/** The head of an artifact. */
export function metadata(schema: string, facts: InvocationFacts) {
  return {
    dbt_schema_version: schema,
    dbt_version: `fundlens-runner ${facts.programVersion}`,
    generated_at: facts.generatedAt,
    invocation_id: facts.invocationId,
    project_name: facts.projectName,
    adapter_type: 'postgres',
  };
}

function manifestNode(node: Node, database: string) {
  const common = {
    unique_id: node.uniqueId,
    name: node.name,
    resource_type: node.kind,
    package_name: node.packageName,
    path: node.path,
    original_file_path: node.path,
    fqn: node.fqn,
    tags: node.tags,
    description: node.description,
    meta: node.meta,
    columns: Object.fromEntries(
      node.columns.map((column) => [
        column.name,
        { name: column.name, description: column.description, data_type: column.dataType ?? null },
      ]),
    ),
    depends_on: { macros: [], nodes: node.dependsOn },
  };
  switch (node.kind) {
    case 'model':
      return {
        ...common,
        ...relationFields(node.relation, database),
        ...(node.materialized === 'ephemeral' && { relation_name: null }),
        config: {
          materialized: node.materialized,
          enabled: true,
          tags: node.tags,
          meta: node.meta,
        },
        ...codeFields(node),
      };
    case 'analysis':
      return {
        ...common,
        config: { enabled: true, tags: node.tags, meta: node.meta },
        ...codeFields(node),
      };
    case 'seed':
      return {
        ...common,
        ...relationFields(node.relation, database),
        config: { materialized: 'seed', enabled: true, column_types: node.columnTypes },
      };
    case 'snapshot':
      return {
        ...common,
        ...relationFields(node.relation, database),
        config: snapshotConfig(node),
        ...codeFields(node),
      };
    case 'test':
      return { ...common, ...testFields(node) };
    case 'unit-test':
      return { ...common, resource_type: 'unit_test', tested_node_unique_id: node.model };
    case 'source':
      return {
        ...common,
        ...relationFields(node.relation, database),
        source_name: node.sourceName,
        identifier: node.relation.identifier,
      };
  }
}

function testFields(node: Test) {
  return {
    config: {
      enabled: true,
      severity: node.severity,
      warn_if: node.warnIf,
      error_if: node.errorIf,
      fail_calc: node.failCalc,
      limit: node.limit ?? null,
    },
    attached_node: node.attachedTo ?? null,
    column_name: node.columnName ?? null,
    test_metadata: node.testName === undefined ? null : { name: node.testName },
    ...codeFields(node),
  };
}

function snapshotConfig(node: Snapshot) {
  const { uniqueKey } = node;
  return {
    materialized: 'snapshot',
    enabled: true,
    tags: node.tags,
    meta: node.meta,
    strategy: node.strategy,
    unique_key: uniqueKey.length === 1 ? uniqueKey[0] : uniqueKey,
    updated_at: node.updatedAt ?? null,
    check_cols: node.strategy === 'check' ? (node.checkColumns ?? 'all') : null,
    hard_deletes: node.hardDeletes,
    dbt_valid_to_current: node.validToCurrent ?? null,
  };
}

function operationNode(hook: Operation) {
  const { path } = hook.place;
  return {
    unique_id: hook.uniqueId,
    name: hook.name,
    resource_type: 'operation',
    package_name: hook.packageName,
    path: `hooks/${hook.name}.sql`,
    original_file_path: path,
    fqn: [hook.packageName, 'hooks', hook.name],
    tags: [hook.hook],
    index: hook.index,
    depends_on: { macros: [], nodes: [] },
    raw_code: hook.rawSql,
    compiled: hook.compiledSql !== undefined,
    compiled_code: hook.compiledSql ?? null,
    language: 'sql',
  };
}

function codeFields(node: Exclude<SqlNode, UnitTest>) {
  return {
    raw_code: node.rawSql,
    compiled: node.isLate !== true,
    compiled_code: node.isLate ? null : node.compiledSql,
    language: 'sql',
  };
}

function relationFields(relation: { schema: string; identifier: string }, database: string) {
  const quoted = [database, relation.schema, relation.identifier].map((name) => `"${name}"`);
  return {
    database,
    schema: relation.schema,
    alias: relation.identifier,
    relation_name: quoted.join('.'),
  };
}

function resultEntry(manifest: Manifest, outcome: Outcome) {
  const node = manifest.nodes.get(outcome.node);
  const compiledSql = node && 'compiledSql' in node && !node.isLate ? node.compiledSql : null;
  const timestamp = (atMs: number) => new Date(atMs).toISOString();
  return {
    unique_id: outcome.node,
    status: outcome.status,
    timing: [
      {
        name: 'execute',
        started_at: timestamp(outcome.startedAtMs),
        completed_at: timestamp(outcome.finishedAtMs),
      },
    ],
    thread_id: `Thread-${outcome.thread}`,
    execution_time: (outcome.finishedAtMs - outcome.startedAtMs) / 1000,
    adapter_response: outcome.rows === undefined ? {} : { rows_affected: outcome.rows },
    message: outcome.error?.message ?? null,
    failures: outcome.failures ?? null,
    compiled: compiledSql !== null,
    compiled_code: compiledSql,
    relation_name: null,
  };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
