// Models and analyses: nodes of one query that are no tests and no snapshots.

import { compileModel, lateModel, refuseEmpty } from './compile-model.ts';
import { type Expected, parentsOf } from './late.ts';
import { renderModel } from './render-model.ts';
import { columnDocs, type ResolvedAnalysis, type ResolvedModel, type Resolver } from './resolve.ts';
import type { Analysis, Model, NodeId } from './types.ts';

/** What is compiled of them. */
export type Select = Model | Analysis;

/**
 * Compiles one model or analysis; `expected` are the nodes that it may read, any where it is
 * not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileSelect(
  resolver: Resolver,
  node: ResolvedModel | ResolvedAnalysis,
  expected?: Expected,
): Select {
  if (isModel(node)) return compileModel(resolver, node, expected);
  const dependsOn = new Set<NodeId>(expected);
  const { rendered } = renderModel(resolver, node, { dependsOn, expected });
  refuseEmpty(node.parsed, rendered.text);
  return {
    ...analysisFields(node),
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A node whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateSelect(resolver: Resolver, node: ResolvedModel | ResolvedAnalysis): Select {
  if (isModel(node)) return lateModel(resolver, node);
  return {
    ...analysisFields(node),
    dependsOn: parentsOf(resolver, node.parsed.packageName, node.captured.reads),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function isModel(node: ResolvedModel | ResolvedAnalysis): node is ResolvedModel {
  return node.parsed.kind === 'model';
}

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
