// One rendering of a model's template: of the whole model, or of one of its batches.

import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { BatchInputs } from './batches.ts';
import { configOf } from './config-defaults.ts';
import { nodeContext } from './context.ts';
import { type BodySql, withCtes } from './ephemeral.ts';
import type { Expected } from './late.ts';
import { type ReadOptions, type RelationOf, readsOf } from './node-reads.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import {
  type ResolvedAnalysis,
  type ResolvedModel,
  type ResolvedSnapshot,
  type Resolver,
  relationOfNode,
} from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Batches, NodeId } from './types.ts';

/** What a rendering fills and knows. */
export interface RenderParts {
  /** Gets the nodes that the template reads. */
  readonly dependsOn: Set<NodeId>;
  readonly expected: Expected;
  /** Of a microbatch model: the inputs of one batch, and what the template knows of it. */
  readonly inputs?: BatchInputs;
  readonly batch?: Readonly<Record<string, string>>;
}

/** The SQL of a model. */
export interface RenderedModel {
  readonly rendered: Rendered;
  /** What `is_incremental()` said; undefined where it was not asked. */
  readonly isIncremental: boolean | undefined;
  readonly batches?: Batches | undefined;
}

/** A node of one query that is no test. */
export type ResolvedSelect = ResolvedModel | ResolvedSnapshot | ResolvedAnalysis;

/**
 * Renders a model's, a snapshot's or an analysis's template, the ephemeral models that it reads with it.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function renderModel(
  resolver: Resolver,
  node: ResolvedSelect,
  parts: RenderParts,
): RenderedModel {
  const { inputs } = parts;
  const { body, isIncremental } = renderBody(resolver, node, parts);
  const rendered = withCtes(body, ephemeralBody(resolver));
  return { rendered: inputs === undefined ? rendered : inputs.wrap(rendered), isIncremental };
}

/** Returns what compiles an ephemeral model for a query that reads it. */
export function ephemeralBody(
  resolver: Resolver,
  relationOf?: RelationOf,
): (model: ResolvedModel) => BodySql {
  const parts = { dependsOn: new Set<NodeId>(), expected: undefined };
  return (model) => renderBody(resolver, model, { ...parts, relationOf }).body;
}

function renderBody(
  resolver: Resolver,
  node: ResolvedSelect,
  parts: RenderParts & Pick<ReadOptions, 'relationOf'>,
): { readonly body: BodySql; readonly isIncremental: boolean | undefined } {
  const { config, parsed } = node;
  const { inputs, batch, expected, relationOf } = parts;
  const { database, schema } = resolver.facts.inputs.target;
  const relation = 'relation' in node ? node.relation : { schema, identifier: parsed.name };
  const from = parsed.packageName;
  const cut = inputs && ((...given: Parameters<BatchInputs['cut']>) => inputs.cut(...given));
  const reads = readsOf(resolver, { from, expected, relationOf, cut });
  const described = madeOnce(() =>
    nodeValue({
      ...parsed,
      database,
      schema: relation.schema,
      alias: relation.identifier,
      config,
      batch,
    }),
  );
  let isIncremental: boolean | undefined;
  const context = nodeContext(
    resolver.facts,
    {
      onIncremental: (answer) => {
        isIncremental = answer;
      },
      relation: 'relation' in node ? relationOfNode(resolver, node) : undefined,
      get model() {
        return described();
      },
      execute: true,
      packageName: from,
    },
    {
      ref: reads.ref,
      source: reads.source,
      config: () => undefined,
      readConfig: (name) => configOf(parsed.kind, config, name),
    },
  );
  const rendered = trimSql(renderTemplate(node.captured.template, scopeOf(context)));
  for (const id of reads.nodes.keys()) parts.dependsOn.add(id);
  return { body: reads.body(rendered), isIncremental };
}
