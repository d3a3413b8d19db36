// The second pass over a model: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import { nodeContext } from './context.ts';
import { incrementalOf } from './incremental.ts';
import { type Expected, expectRead, parentsOf } from './late.ts';
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
      ref: (packageName, name, _site, version) => {
        const found = resolver.findRef(packageName, name, { from, version });
        expectRead(expected, found.uniqueId, `ref('${name}')`);
        dependsOn.add(found.uniqueId);
        return relationOfNode(resolver, found.relation);
      },
      source: (source, table) => {
        const found = resolver.findSource(source, table, { from });
        expectRead(expected, found.uniqueId, `source('${source}', '${table}')`);
        dependsOn.add(found.uniqueId);
        return relationOfNode(resolver, found.relation);
      },
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
  return {
    ...modelFields(resolver, model, compiledAs),
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A model whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateModel(resolver: Resolver, model: ResolvedModel): Model {
  const { packageName } = model.parsed;
  return {
    ...modelFields(resolver, model, undefined),
    dependsOn: parentsOf(resolver, packageName, model.captured.reads),
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
    ...(materialized === 'incremental' ? { incremental: incrementalOf(facts) } : {}),
    ...(materialized === 'materialized_view'
      ? {
          isFullRefresh: config.full_refresh ?? fullRefresh,
          onConfigurationChange: config.on_configuration_change,
        }
      : {}),
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
