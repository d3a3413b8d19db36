// The second pass over a model: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import { asText, type Value } from '../../core/template/values.ts';
import { hearNodeHooks } from './compile-hook.ts';
import { nodeContext } from './context.ts';
import type { Contract, PhysicalDesign } from './design.ts';
import { incrementalOf } from './incremental.ts';
import { type Expected, expectRead, parentsOf } from './late.ts';
import { makeContract } from './make-contract.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { builtFields, type ResolvedModel, type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Model, NodeId, RelationName } from './types.ts';

/**
 * Compiles one model; `expected` are the nodes that it may read, any where it is not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileModel(resolver: Resolver, model: ResolvedModel, expected?: Expected): Model {
  const dependsOn = new Set<NodeId>(expected);
  const { config, relation } = model;
  const { database } = resolver.facts.inputs.target;
  const from = model.parsed.packageName;
  const described = madeOnce(() =>
    nodeValue({
      ...model.parsed,
      database,
      schema: relation.schema,
      alias: relation.identifier,
      config,
    }),
  );
  const reads = readsOf(resolver, from, dependsOn, expected);
  let { sql_header: sqlHeader } = config;
  let compiledAs: boolean | undefined;
  const context = nodeContext(
    resolver.facts,
    {
      onIncremental: (answer) => {
        compiledAs = answer;
      },
      relation: relationOfNode(resolver, relation),
      get model() {
        return described();
      },
      execute: true,
      packageName: from,
    },
    {
      ...reads,
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
  if (isEmptySql(rendered.text)) {
    throw new UserError('the model holds no SQL', {
      where: { path: model.parsed.path },
      hint: 'write one select statement, or remove the file',
    });
  }
  const fields = modelFields(resolver, model, compiledAs);
  hearHooks(resolver, model, described, fields.design, reads);
  const contract = contractOf(resolver, model, dependsOn);
  return {
    ...fields,
    design: { ...fields.design, contract, sqlHeader: sqlHeader || undefined },
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A model whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateModel(resolver: Resolver, model: ResolvedModel): Model {
  const { packageName } = model.parsed;
  const fields = modelFields(resolver, model, undefined);
  const dependsOn = new Set(parentsOf(resolver, packageName, model.captured.reads));
  const contract = contractOf(resolver, model, dependsOn);
  return {
    ...fields,
    design: { ...fields.design, contract },
    dependsOn: [...dependsOn].sort(),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function modelFields(resolver: Resolver, model: ResolvedModel, compiledAs: boolean | undefined) {
  const { config, relation, parsed, captured } = model;
  const { materialized } = config;
  const layers = [...parsed.layers, captured.layer].reverse();
  const fullRefresh = resolver.facts.inputs.flags?.['FULL_REFRESH'] === true;
  const { macros } = resolver.facts;
  const isOwnKind = macros.findMaterialization(parsed.packageName, materialized) !== undefined;
  const facts = {
    config,
    path: parsed.path,
    placeOf: (key: string) =>
      layers.find((layer) => Object.hasOwn(layer.values, key))?.placeOf(key) ?? {
        path: parsed.path,
      },
    fullRefresh,
    compiledAs,
  };
  return {
    kind: 'model' as const,
    uniqueId: model.uniqueId,
    ...builtFields(parsed, config, relation),
    materialized,
    ...(materialized === 'incremental' && !isOwnKind ? { incremental: incrementalOf(facts) } : {}),
    ...(materialized === 'materialized_view'
      ? {
          isFullRefresh: config.full_refresh ?? fullRefresh,
          onConfigurationChange: config.on_configuration_change,
        }
      : {}),
    ...(isOwnKind ? { isOwnKind } : {}),
    refusals: refusalsOf(config, [...parsed.layers, captured.layer], parsed.path, isOwnKind),
    rawSql: parsed.rawSql,
  };
}

/** `ref` and `source`, which note what they find. */
function readsOf(
  resolver: Resolver,
  from: string,
  dependsOn: Set<NodeId>,
  expected: Expected | undefined,
) {
  const noted = (
    found: { readonly uniqueId: NodeId; readonly relation: RelationName },
    call: string,
  ) => {
    expectRead(expected, found.uniqueId, call);
    dependsOn.add(found.uniqueId);
    return relationOfNode(resolver, found.relation);
  };
  return {
    ref: (packageName: string | undefined, name: string, _site: unknown, version?: string) =>
      noted(resolver.findRef(packageName, name, { from, version }), `ref('${name}')`),
    source: (source: string, table: string) =>
      noted(resolver.findSource(source, table, { from }), `source('${source}', '${table}')`),
  };
}

/** What hooks read must be built before them. */
function hearHooks(
  resolver: Resolver,
  { parsed, relation }: ResolvedModel,
  described: () => Value,
  { preHooks, postHooks, afterCreate }: PhysicalDesign,
  reads: ReturnType<typeof readsOf>,
): void {
  const node = {
    path: parsed.path,
    packageName: parsed.packageName,
    get model() {
      return described();
    },
  };
  hearNodeHooks(resolver, node, relation, [...preHooks, ...postHooks, ...afterCreate], reads);
}

/** A table that a foreign key points to must be built first; one may point to the model itself. */
function contractOf(
  resolver: Resolver,
  { parsed, config, uniqueId }: ResolvedModel,
  dependsOn: Set<NodeId>,
): Contract | undefined {
  const from = parsed.packageName;
  const noted = (found: { readonly uniqueId: NodeId; readonly relation: RelationName }) => {
    if (found.uniqueId !== uniqueId) dependsOn.add(found.uniqueId);
    return found.relation;
  };
  return makeContract(parsed, config, {
    ref: (packageName, name, version) =>
      noted(resolver.findRef(packageName, name, { from, version })),
    source: (source, table) => noted(resolver.findSource(source, table, { from })),
  });
}

function isEmptySql(sql: string): boolean {
  return (
    sql
      .replace(/--.*$/gm, '')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .trim() === ''
  );
}
