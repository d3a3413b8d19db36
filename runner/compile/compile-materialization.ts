// User-defined materializations: macros that build a node by the statements they run, each carried out once.

import { ValueFault } from '../../core/template/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { callMacro, renderTemplate } from '../../core/template/render.ts';
import { asText, makeFunction, type Value } from '../../core/template/values.ts';
import { type Answers, type Attempt, attempt } from './answers.ts';
import { nodeContext } from './context.ts';
import { nodeValue } from './node-value.ts';
import { type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf, withNames } from './scope.ts';
import type { Model } from './types.ts';

/**
 * Runs the materialization of a model as far as the answers go; what it returns is of no further use.
 * @throws {TemplateError} for a fault in it
 */
export function attemptMaterialization(
  resolver: Resolver,
  model: Model,
  answers: Answers,
): Attempt<undefined> {
  const { relation, compiledSql, path, packageName, materialized } = model;
  const definition = resolver.facts.macros.findMaterialization(packageName, materialized);
  const found = resolver.models.find(({ uniqueId }) => uniqueId === model.uniqueId);
  if (definition === undefined || found === undefined) {
    throw new Error(`${model.uniqueId} has no materialization of its own`);
  }
  const { config, parsed } = found;
  const { database } = resolver.facts.inputs.target;
  const described = nodeValue({
    ...parsed,
    database,
    schema: relation.schema,
    alias: relation.identifier,
    config,
    compiledSql,
  });
  const context = nodeContext(
    { ...resolver.facts, answers, mayWrite: true },
    { relation: relationOfNode(resolver, found), model: described, execute: true, packageName },
    {
      ref: (from, name, _site, version) =>
        relationOfNode(resolver, resolver.findRef(from, name, { from: packageName, version })),
      source: (source, table) =>
        relationOfNode(resolver, resolver.findSource(source, table, { from: packageName })),
      config: () => undefined,
      readConfig: (name) =>
        Object.hasOwn(config, name) ? fromJson(Reflect.get(config, name) ?? null) : undefined,
    },
  );
  const hooks = (key: 'pre-hook' | 'post-hook'): Value => fromJson(config[key] ?? []);
  const names = new Map<string, Value>([
    ['sql', compiledSql],
    ['compiled_code', compiledSql],
    ['pre_hooks', hooks('pre-hook')],
    ['post_hooks', hooks('post-hook')],
  ]);
  const scope = withNames(scopeOf(context), names);
  names.set(
    'render',
    makeFunction('render', ([given]) => {
      const text = asText(given ?? null);
      if (text === undefined) throw new ValueFault('`render` takes a template, as text');
      return renderTemplate(parseTemplate({ path, text }), scope).text;
    }),
  );
  return attempt(() => {
    callMacro(definition, [], new Map(), scope);
    return undefined;
  });
}
