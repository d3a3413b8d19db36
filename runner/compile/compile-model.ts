// The second pass over a model: its SQL, with every relation named.

import { type Place, UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { Value } from '../../core/template/values.ts';
import { BatchInputs, chooseModelBatches } from './batches.ts';
import { nodeContext } from './context.ts';
import { incrementalOf } from './incremental.ts';
import { introspectionOf } from './introspection.ts';
import { batchId, formatMoment } from './moments.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { isRelation } from './relation-value.ts';
import {
  builtFields,
  type Referable,
  type ResolvedModel,
  type Resolver,
  relationOfNode,
} from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Incremental, Model, NodeId } from './types.ts';

/**
 * Compiles one model.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileModel(resolver: Resolver, model: ResolvedModel): Model {
  const { config, relation } = model;
  const dependsOn = new Set<NodeId>();
  const asked: { isIncremental?: boolean } = {};
  const incremental =
    config.materialized === 'incremental'
      ? incrementalOf(incrementalFacts(resolver, model))
      : undefined;
  const batches =
    incremental?.strategy === 'microbatch'
      ? compileBatches(resolver, model, { incremental, dependsOn })
      : undefined;
  const rendered = batches?.rendered ?? renderModel(resolver, model, { dependsOn, asked });
  if (isEmptySql(rendered.text)) {
    throw new UserError('the model holds no SQL', {
      where: { path: model.parsed.path },
      hint: 'write one select statement, or remove the file',
    });
  }
  const compiledAs = batches?.isIncremental ?? asked.isIncremental;
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
    ...(incremental === undefined ? {} : { incremental: { ...incremental, compiledAs } }),
    ...(batches === undefined ? {} : { batches: batches.batches }),
    refusals: refusalsOf(config, [...model.parsed.layers, model.captured.layer], model.parsed.path),
    rawSql: model.parsed.rawSql,
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** What a render of a model fills and knows. */
interface RenderParts {
  readonly dependsOn: Set<NodeId>;
  /** What `is_incremental()` said. */
  readonly asked: { isIncremental?: boolean };
  /** Of a microbatch model: the inputs of one batch, and what the template knows of it. */
  readonly inputs?: BatchInputs;
  readonly batch?: Readonly<Record<string, string>>;
}

function renderModel(resolver: Resolver, model: ResolvedModel, parts: RenderParts): Rendered {
  const { config, relation } = model;
  const { dependsOn, inputs, batch } = parts;
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
  const readable = (found: Pick<Referable, 'uniqueId' | 'relation' | 'eventTime'>): Value => {
    dependsOn.add(found.uniqueId);
    return inputs === undefined || found.eventTime === undefined
      ? relationOfNode(resolver, found.relation)
      : inputs.cut(found.uniqueId, found.relation, found.eventTime);
  };
  const context = nodeContext(
    resolver.facts,
    {
      onIncremental: (answer) => {
        parts.asked.isIncremental = answer;
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
        readable(resolver.findRef(packageName, name, { from, version })),
      source: (source, table) => readable(resolver.findSource(source, table, { from })),
      config: () => undefined,
      readConfig: (name) => {
        const value = Object.hasOwn(config, name) ? Reflect.get(config, name) : undefined;
        return value === undefined ? undefined : fromJson(value);
      },
    },
  );
  const rendered = trimSql(renderTemplate(model.captured.template, scopeOf(context)));
  return inputs === undefined ? rendered : inputs.wrap(rendered);
}

interface CompiledBatches {
  readonly batches: NonNullable<Model['batches']>;
  /** The last of them, which stands for all. */
  readonly rendered: Rendered;
  readonly isIncremental: boolean;
}

/** Renders a microbatch model once for each batch that the run builds. */
function compileBatches(
  resolver: Resolver,
  model: ResolvedModel,
  { incremental, dependsOn }: { incremental: Incremental; dependsOn: Set<NodeId> },
): CompiledBatches {
  const { facts } = resolver;
  const { relation, config, parsed } = model;
  const { database } = facts.inputs.target;
  const { placeOf } = incrementalFacts(resolver, model);
  const answers = facts.answers ?? new Map();
  const found = introspectionOf(database, answers, true).getRelation(
    relation.schema,
    relation.identifier,
  );
  const isTable = isRelation(found) && found.relation.type === 'table';
  const isIncremental = isTable && !incremental.isFullRefresh;
  const chosen = chooseModelBatches({
    config,
    relation,
    name: parsed.name,
    placeOf,
    inputs: facts.inputs,
    answers,
    isIncremental,
  });
  let rendered: Rendered = { text: '', map: [] };
  const batches = chosen.batches.map((batch) => {
    const inputs = new BatchInputs(database, batch);
    const iso = (ms: number): string => formatMoment(ms).replace(' ', 'T');
    rendered = renderModel(resolver, model, {
      dependsOn,
      asked: {},
      inputs,
      batch: {
        id: batchId(batch.startMs, chosen.size),
        event_time_start: iso(batch.startMs),
        event_time_end: iso(batch.endMs),
      },
    });
    if (!inputs.isCut && !/\bbatch\b/.test(parsed.rawSql)) throw uncutFault(parsed.name, placeOf);
    return {
      start: formatMoment(batch.startMs),
      end: formatMoment(batch.endMs),
      knownTo: formatMoment(Math.max(batch.startMs, Math.min(batch.endMs, chosen.nowMs))),
      compiledSql: rendered.text,
    };
  });
  return { batches: { eventTime: chosen.eventTime, list: batches }, rendered, isIncremental };
}

function uncutFault(name: string, placeOf: (config: string) => Place): UserError {
  return new UserError(`no input of microbatch model \`${name}\` has an \`event_time\``, {
    where: placeOf('incremental_strategy'),
    hint: 'set `event_time` on a model or source that it reads: else every batch would read all rows',
  });
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
