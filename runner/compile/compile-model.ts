// The second pass over a model: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { compileBatches } from './compile-batches.ts';
import { contractOf, noteHookReads } from './complete-design.ts';
import { type IncrementalFacts, incrementalOf } from './incremental.ts';
import { type Expected, parentsOf } from './late.ts';
import { makeDesign } from './make-design.ts';
import { refusalsOf } from './refusals.ts';
import { renderModel } from './render-model.ts';
import { builtFields, type ResolvedModel, type Resolver } from './resolve.ts';
import type { Model, NodeId } from './types.ts';

/**
 * Compiles one model; `expected` are the nodes that it may read, any where it is not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileModel(resolver: Resolver, model: ResolvedModel, expected?: Expected): Model {
  const dependsOn = new Set<NodeId>(expected);
  const parts = { dependsOn, expected, asked: {} };
  const { incremental, ...fields } = modelFields(resolver, model);
  const compiled =
    incremental?.strategy === 'microbatch'
      ? compileBatches(resolver, model, {
          ...incrementalFacts(resolver, model),
          incremental,
          parts,
        })
      : renderModel(resolver, model, parts);
  const { rendered, isIncremental, batches } = compiled;
  refuseEmpty(model.parsed, rendered.text);
  const design = makeDesign(model.config);
  noteHookReads(resolver, model, design, parts);
  const contract = contractOf(resolver, model, dependsOn);
  const sqlHeader = compiled.sqlHeader ?? design.sqlHeader;
  return {
    ...fields,
    design: { ...design, contract, sqlHeader },
    ...(incremental === undefined
      ? {}
      : { incremental: { ...incremental, compiledAs: isIncremental } }),
    ...(batches === undefined ? {} : { batches }),
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A model whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateModel(resolver: Resolver, model: ResolvedModel): Model {
  const { packageName } = model.parsed;
  const design = makeDesign(model.config);
  const dependsOn = new Set(parentsOf(resolver, packageName, model.captured.reads));
  noteHookReads(resolver, model, design, { dependsOn, expected: undefined });
  const contract = contractOf(resolver, model, dependsOn);
  return {
    ...modelFields(resolver, model),
    design: { ...design, contract },
    dependsOn: [...dependsOn].sort(),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function modelFields(
  resolver: Resolver,
  model: ResolvedModel,
): Omit<Model, 'dependsOn' | 'compiledSql' | 'sqlMap'> {
  const { config, parsed, captured } = model;
  const { materialized } = config;
  const facts = incrementalFacts(resolver, model);
  const { macros } = resolver.facts;
  const isOwnKind = macros.findMaterialization(parsed.packageName, materialized) !== undefined;
  return {
    kind: 'model' as const,
    uniqueId: model.uniqueId,
    ...builtFields(parsed, config, model),
    materialized,
    ...(materialized === 'incremental' && !isOwnKind ? { incremental: incrementalOf(facts) } : {}),
    ...(materialized === 'materialized_view'
      ? {
          isFullRefresh: config.full_refresh ?? facts.fullRefresh,
          onConfigurationChange: config.on_configuration_change,
        }
      : {}),
    ...(isOwnKind ? { isOwnKind } : {}),
    refusals: refusalsOf(config, [...parsed.layers, captured.layer], parsed.path, isOwnKind),
    rawSql: parsed.rawSql,
  };
}

function incrementalFacts(
  resolver: Resolver,
  { config, parsed, captured }: ResolvedModel,
): IncrementalFacts {
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

/** Refuses SQL that says nothing. @throws {UserError} that names the file */
export function refuseEmpty(
  { kind, path }: { readonly kind: string; readonly path: string },
  sql: string,
): void {
  const said = sql.replace(/--.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
  if (said.trim() !== '') return;
  throw new UserError(`the ${kind} holds no SQL`, {
    where: { path },
    hint: 'write one select statement, or remove the file',
  });
}
