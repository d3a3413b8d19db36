// target/run_results.json in dbt's shape, and where compiled SQL lies.

import type { Manifest, Node, NodeId } from '../compile/types.ts';
import type { Outcome, RunResult } from '../execute/types.ts';
import { artifactMetadata, artifactSchema, type InvocationFacts } from './artifact-metadata.ts';
import { relationText } from './manifest-shapes.ts';
import type { RunResultEntry, RunResultsArtifact } from './run-types.ts';

/** Returns the text of run_results.json. */
export function runResultsJson(
  manifest: Manifest,
  result: RunResult,
  facts: InvocationFacts,
): string {
  const artifact: RunResultsArtifact = {
    metadata: artifactMetadata(artifactSchema('run-results'), facts),
    results: result.outcomes.map((outcome) => resultEntry(manifest, outcome, facts)),
    elapsed_time: result.elapsedMs / 1000,
    args: { which: facts.command, ...facts.args },
  };
  return toJson(artifact);
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

function resultEntry(manifest: Manifest, outcome: Outcome, facts: InvocationFacts): RunResultEntry {
  const node = manifest.nodes.get(outcome.node);
  const isSql = node !== undefined && 'compiledSql' in node && !node.isLate;
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
    compiled: isSql,
    compiled_code: isSql ? node.compiledSql : null,
    relation_name: relationName(node, facts.databaseName),
  };
}

function relationName(node: Node | undefined, database: string): string | null {
  if (node === undefined || !('relation' in node)) return null;
  return relationText(database, node.relation.schema, node.relation.identifier);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
