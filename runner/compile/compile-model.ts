// The second pass over a model: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import { nodeContext } from './context.ts';
import { incrementalOf } from './incremental.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { builtFields, type ResolvedModel, type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Model, NodeId } from './types.ts';

/**
 * Compiles one model.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileModel(resolver: Resolver, model: ResolvedModel): Model {
  const dependsOn = new Set<NodeId>();
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
        dependsOn.add(found.uniqueId);
        return relationOfNode(resolver, found.relation);
      },
      source: (source, table) => {
        const found = resolver.findSource(source, table, { from });
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
    kind: 'model',
    uniqueId: model.uniqueId,
    ...builtFields(model.parsed, config, relation),
    dependsOn: [...dependsOn].sort(),
    materialized: config.materialized,
    ...(config.materialized === 'materialized_view'
      ? {
          isFullRefresh:
            config.full_refresh ?? resolver.facts.inputs.flags?.['FULL_REFRESH'] === true,
          onConfigurationChange: config.on_configuration_change,
        }
      : {}),
    ...(config.materialized === 'incremental'
      ? { incremental: incrementalOf({ ...incrementalFacts(resolver, model), compiledAs }) }
      : {}),
    refusals: refusalsOf(config, [...model.parsed.layers, model.captured.layer], model.parsed.path),
    rawSql: model.parsed.rawSql,
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

function incrementalFacts(resolver: Resolver, { config, parsed, captured }: ResolvedModel) {
  const layers = [...parsed.layers, captured.layer].reverse();
  return {
    config,
    path: parsed.path,
    placeOf: (key: string) =>
      layers.find((layer) => Object.hasOwn(layer.values, key))?.placeOf(key) ?? {
        path: parsed.path,
      },
    fullRefresh: resolver.facts.inputs.flags?.['FULL_REFRESH'] === true,
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
