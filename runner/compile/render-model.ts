// One rendering of a model's template: of the whole model, or of one of its batches.

import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import { asText, type Value } from '../../core/template/values.ts';
import type { BatchInputs } from './batches.ts';
import { nodeContext } from './context.ts';
import { type Expected, expectRead } from './late.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import {
  type Referable,
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
  /** What the template sets as `sql_header`; undefined where it sets none. */
  readonly sqlHeader?: string | undefined;
}

/**
 * Renders a model's template.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function renderModel(
  resolver: Resolver,
  model: ResolvedModel | ResolvedSnapshot,
  parts: RenderParts,
): RenderedModel {
  const { config, relation } = model;
  const { inputs, batch, expected } = parts;
  const { database } = resolver.facts.inputs.target;
  const from = model.parsed.packageName;
  const described = madeOnce(() =>
    nodeValue({
      ...model.parsed,
      database,
      schema: relation.schema,
      alias: relation.identifier,
      config,
      batch,
    }),
  );
  const read = (
    found: Pick<Referable, 'uniqueId' | 'relation' | 'eventTime'>,
    call: string,
  ): Value => {
    expectRead(expected, found.uniqueId, call);
    parts.dependsOn.add(found.uniqueId);
    return inputs === undefined || found.eventTime === undefined
      ? relationOfNode(resolver, found.relation)
      : inputs.cut(found.uniqueId, found.relation, found.eventTime);
  };
  let isIncremental: boolean | undefined;
  let sqlHeader: string | undefined;
  const context = nodeContext(
    resolver.facts,
    {
      onIncremental: (answer) => {
        isIncremental = answer;
      },
      relation: relationOfNode(resolver, relation),
      get model() {
        return described();
      },
      execute: true,
      packageName: from,
    },
    {
      ref: (packageName, name, _site, version) =>
        read(resolver.findRef(packageName, name, { from, version }), `ref('${name}')`),
      source: (source, table) =>
        read(resolver.findSource(source, table, { from }), `source('${source}', '${table}')`),
      // A header made of refs is right only now that every relation is known.
      config: (given) => {
        sqlHeader = asText(given.get('sql_header') ?? null) ?? sqlHeader;
      },
      readConfig: (name) => {
        const value = Object.hasOwn(config, name) ? Reflect.get(config, name) : undefined;
        return value === undefined ? undefined : fromJson(value);
      },
    },
  );
  const rendered = trimSql(renderTemplate(model.captured.template, scopeOf(context)));
  const wrapped = inputs === undefined ? rendered : inputs.wrap(rendered);
  return { rendered: wrapped, isIncremental, sqlHeader };
}
