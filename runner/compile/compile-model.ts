// The second pass over a model: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import { nodeContext } from './context.ts';
import { type BodySql, withCtes } from './ephemeral.ts';
import { type Expected, parentsOf } from './late.ts';
import { type ReadOptions, type RelationOf, readsOf } from './node-reads.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { builtFields, type ResolvedModel, type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Model, NodeId } from './types.ts';

/**
 * Compiles one model; `expected` are the nodes that it may read, any where it is not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileModel(resolver: Resolver, model: ResolvedModel, expected?: Expected): Model {
  const { body, dependsOn } = renderModel(resolver, model, { expected });
  const { text, map } = withCtes(body, ephemeralBody(resolver));
  return {
    ...modelFields(model),
    dependsOn: [...new Set([...dependsOn, ...(expected ?? [])])].sort(),
    compiledSql: text,
    sqlMap: map,
  };
}

/** Returns what compiles an ephemeral model for a query that reads it. */
export function ephemeralBody(
  resolver: Resolver,
  relationOf?: RelationOf,
): (model: ResolvedModel) => BodySql {
  return (model) => renderModel(resolver, model, { relationOf }).body;
}

function renderModel(
  resolver: Resolver,
  model: ResolvedModel,
  options: Pick<ReadOptions, 'expected' | 'relationOf'>,
): { readonly body: BodySql; readonly dependsOn: readonly NodeId[] } {
  const { config, relation } = model;
  const { database } = resolver.facts.inputs.target;
  const from = model.parsed.packageName;
  const reads = readsOf(resolver, { ...options, from });
  const described = madeOnce(() =>
    nodeValue({
      ...model.parsed,
      database,
      schema: relation.schema,
      alias: relation.identifier,
      config,
    }),
  );
  const context = nodeContext(
    resolver.facts,
    {
      relation: relationOfNode(resolver, model),
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
      readConfig: (name) => {
        const value = Object.hasOwn(config, name) ? Reflect.get(config, name) : undefined;
        return value === undefined ? undefined : fromJson(value);
      },
    },
  );
  const rendered = trimSql(renderTemplate(model.captured.template, scopeOf(context)));
  if (isEmptySql(rendered.text)) {
    throw new UserError('the model holds no SQL', {
      where: { path: model.parsed.path },
      hint: 'write one select statement, or remove the file',
    });
  }
  return { body: reads.body(rendered), dependsOn: [...reads.nodes.keys()] };
}

/** A model whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateModel(resolver: Resolver, model: ResolvedModel): Model {
  const { packageName } = model.parsed;
  return {
    ...modelFields(model),
    dependsOn: parentsOf(resolver, packageName, model.captured.reads),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function modelFields(model: ResolvedModel) {
  const { config, parsed, captured } = model;
  return {
    kind: 'model' as const,
    uniqueId: model.uniqueId,
    ...builtFields(parsed, config, model),
    materialized: config.materialized,
    refusals: refusalsOf(config, [...parsed.layers, captured.layer], parsed.path),
    rawSql: parsed.rawSql,
  };
}

function isEmptySql(sql: string): boolean {
  return (
    sql
      .replace(/--.*$/gm, '')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .trim() === ''
  );
}
