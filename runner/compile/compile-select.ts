// Models, snapshots and analyses: nodes of one query that are no tests.

import { compileModel, lateModel, refuseEmpty } from './compile-model.ts';
import { type Expected, parentsOf } from './late.ts';
import { type ResolvedSelect, renderModel } from './render-model.ts';
import {
  builtFields,
  columnDocs,
  type ResolvedAnalysis,
  type ResolvedModel,
  type ResolvedSnapshot,
  type Resolver,
} from './resolve.ts';
import type { Analysis, Model, NodeId, Snapshot } from './types.ts';

/** What is compiled of a node of one query that is no test. */
export type Select = Model | Snapshot | Analysis;

/**
 * Compiles one model, snapshot or analysis; `expected` are the nodes that it may read, any where it is
 * not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileSelect(
  resolver: Resolver,
  node: ResolvedSelect,
  expected?: Expected,
): Select {
  if (isModel(node)) return compileModel(resolver, node, expected);
  const dependsOn = new Set<NodeId>(expected);
  const { rendered } = renderModel(resolver, node, { dependsOn, expected });
  refuseEmpty(node.parsed, rendered.text);
  return {
    ...fieldsOf(node),
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A node whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateSelect(resolver: Resolver, node: ResolvedSelect): Select {
  if (isModel(node)) return lateModel(resolver, node);
  return {
    ...fieldsOf(node),
    dependsOn: parentsOf(resolver, node.parsed.packageName, node.captured.reads),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function fieldsOf(node: ResolvedSnapshot | ResolvedAnalysis) {
  return isSnapshot(node) ? snapshotFields(node) : analysisFields(node);
}

function isModel(node: ResolvedSelect): node is ResolvedModel {
  return node.parsed.kind === 'model';
}

function isSnapshot(node: ResolvedSelect): node is ResolvedSnapshot {
  return node.parsed.kind === 'snapshot';
}

function snapshotFields(snapshot: ResolvedSnapshot) {
  const { config, parsed } = snapshot;
  const names = config.snapshot_meta_column_names ?? {};
  const own = Object.entries(names).flatMap(([key, name]): [string, string][] =>
    typeof name === 'string' ? [[key, name]] : [],
  );
  const invalidates = config.invalidate_hard_deletes === true ? 'invalidate' : 'ignore';
  return {
    kind: 'snapshot' as const,
    uniqueId: snapshot.uniqueId,
    ...builtFields(parsed, config, snapshot),
    refusals: [{ message: 'snapshots are not built by this version', where: parsed.place }],
    rawSql: parsed.rawSql,
    strategy: config.strategy,
    uniqueKey: [config.unique_key ?? []].flat(),
    updatedAt: config.updated_at,
    checkCols: config.check_cols === 'all' ? ('all' as const) : [config.check_cols ?? []].flat(),
    hardDeletes: config.hard_deletes ?? invalidates,
    validToCurrent: config.dbt_valid_to_current ?? undefined,
    metaColumns: { ...metaColumns, ...Object.fromEntries(own) },
  };
}

const metaColumns = Object.fromEntries(
  ['dbt_valid_from', 'dbt_valid_to', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'].map(
    (name) => [name, name],
  ),
);

function analysisFields({ parsed, uniqueId, config }: ResolvedAnalysis) {
  const { name, packageName, path, fqn, properties, rawSql } = parsed;
  return {
    kind: 'analysis' as const,
    ...{ uniqueId, name, packageName, path, fqn, rawSql },
    tags: config.tags ?? [],
    meta: config.meta ?? {},
    description: properties?.description ?? '',
    columns: columnDocs(properties),
  };
}
