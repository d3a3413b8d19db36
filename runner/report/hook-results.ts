// What came of a run, as the templates of on-run-end hooks see it: dbt's `results`.

import type { HookResult } from '../compile/operations.ts';
import type { Manifest, Node } from '../compile/types.ts';
import type { Outcome } from '../execute/types.ts';

/** Returns the results in the order in which nodes ended, in dbt's shape. */
export function hookResults(
  manifest: Manifest,
  database: string,
  outcomes: readonly Outcome[],
): readonly HookResult[] {
  return outcomes.flatMap((outcome) => {
    const node = manifest.nodes.get(outcome.node);
    return node === undefined ? [] : [resultOf(node, database, outcome)];
  });
}

function resultOf(node: Node, database: string, outcome: Outcome): HookResult {
  const relation = 'relation' in node ? node.relation : undefined;
  return {
    node: {
      unique_id: node.uniqueId,
      name: node.name,
      resource_type: node.kind,
      package_name: node.packageName,
      original_file_path: node.path,
      fqn: node.fqn,
      tags: node.tags,
      meta: node.meta,
      database,
      schema: relation?.schema ?? null,
      alias: relation?.identifier ?? node.name,
      relation_name:
        relation === undefined
          ? null
          : `"${database}"."${relation.schema}"."${relation.identifier}"`,
      config: { materialized: node.kind === 'model' ? node.materialized : node.kind },
      depends_on: { nodes: node.dependsOn },
    },
    status: outcome.status,
    message: outcome.error?.message ?? null,
    failures: outcome.failures ?? null,
    execution_time: (outcome.finishedAtMs - outcome.startedAtMs) / 1000,
    thread_id: `Thread-${outcome.thread}`,
    adapter_response: outcome.rows === undefined ? {} : { rows_affected: outcome.rows },
  };
}
