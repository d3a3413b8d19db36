// A microbatch model: its template rendered once for each batch that the run builds.

import { UserError } from '../../core/errors.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import { BatchInputs, chooseModelBatches, readBatchConfig } from './batches.ts';
import type { IncrementalFacts } from './incremental.ts';
import { introspectionOf } from './introspection.ts';
import { batchId, formatMoment } from './moments.ts';
import { isRelation } from './relation-value.ts';
import { type RenderedModel, type RenderParts, renderModel } from './render-model.ts';
import type { ResolvedModel, Resolver } from './resolve.ts';
import type { Incremental } from './types.ts';

/** What a microbatch model is compiled from. */
export interface BatchedFacts extends IncrementalFacts {
  readonly incremental: Incremental;
  readonly parts: RenderParts;
}

/**
 * Renders each batch; the last of them stands for the model.
 * @throws {UserError} where a config is missing, or no input has a time by which to cut it.
 */
export function compileBatches(
  resolver: Resolver,
  model: ResolvedModel,
  facts: BatchedFacts,
): RenderedModel {
  const { relation, parsed } = model;
  const { inputs: given, target } = { ...resolver.facts, ...resolver.facts.inputs };
  const config = readBatchConfig(facts);
  const answers = resolver.facts.answers ?? new Map();
  const found = introspectionOf(target.database, answers, true).getRelation(
    relation.schema,
    relation.identifier,
  );
  const isTable = isRelation(found) && found.relation.type === 'table';
  const isIncremental = isTable && !facts.incremental.isFullRefresh;
  const chosen = chooseModelBatches({
    config,
    relation,
    name: parsed.name,
    placeOf: facts.placeOf,
    inputs: given,
    answers,
    isIncremental,
  });
  let rendered: Rendered = { text: '', map: [] };
  const list = chosen.batches.map(({ startMs, endMs }) => {
    const inputs = new BatchInputs(target.database, { startMs, endMs });
    const iso = (ms: number): string => formatMoment(ms).replace(' ', 'T');
    const batch = {
      id: batchId(startMs, config.size),
      event_time_start: iso(startMs),
      event_time_end: iso(endMs),
    };
    rendered = renderModel(resolver, model, { ...facts.parts, inputs, batch }).rendered;
    if (!inputs.isCut && !/\bbatch\b/.test(parsed.rawSql)) throw uncutFault(parsed.name, facts);
    return {
      start: formatMoment(startMs),
      end: formatMoment(endMs),
      knownTo: formatMoment(Math.max(startMs, Math.min(endMs, chosen.nowMs))),
      compiledSql: rendered.text,
    };
  });
  return { rendered, isIncremental, batches: { eventTime: config.eventTime, list } };
}

function uncutFault(name: string, { placeOf }: IncrementalFacts): UserError {
  return new UserError(`no input of microbatch model \`${name}\` has an \`event_time\``, {
    where: placeOf('incremental_strategy'),
    hint: 'set `event_time` on a model or source that it reads: else every batch would read all rows',
  });
}
