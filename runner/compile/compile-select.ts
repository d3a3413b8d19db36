// The second pass over a model, a snapshot or an analysis: its SQL, with every relation named.

import { UserError } from '../../core/errors.ts';
import { renderTemplate } from '../../core/template/render.ts';
import { configOf } from './config-defaults.ts';
import { nodeContext } from './context.ts';
import { type BodySql, withCtes } from './ephemeral.ts';
import { type Expected, parentsOf } from './late.ts';
import { type ReadOptions, type RelationOf, readsOf } from './node-reads.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import {
  builtFields,
  columnDocs,
  type ResolvedAnalysis,
  type ResolvedModel,
  type ResolvedSnapshot,
  type Resolver,
  relationOfNode,
} from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Analysis, Model, NodeId, Snapshot } from './types.ts';

/** A node of one query that is no test. */
export type ResolvedSelect = ResolvedModel | ResolvedSnapshot | ResolvedAnalysis;

/** What is compiled of one. */
export type Select = Model | Snapshot | Analysis;

/**
 * Compiles one model, snapshot or analysis; `expected` are the nodes that it may read, any where it is
 * not late.
 * @throws {TemplateError} for a fault of the template, such as a ref that nothing answers to.
 */
export function compileSelect(
  resolver: Resolver,
  node: ResolvedSelect,
  expected?: Expected,
): Select {
  const { body, dependsOn } = renderSelect(resolver, node, { expected });
  const { text, map } = withCtes(body, ephemeralBody(resolver));
  return {
    ...fieldsOf(node),
    dependsOn: [...new Set([...dependsOn, ...(expected ?? [])])].sort(),
    compiledSql: text,
    sqlMap: map,
  };
}

/** A node whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateSelect(resolver: Resolver, node: ResolvedSelect): Select {
  return {
    ...fieldsOf(node),
    dependsOn: parentsOf(resolver, node.parsed.packageName, node.captured.reads),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

/** Returns what compiles an ephemeral model for a query that reads it. */
export function ephemeralBody(
  resolver: Resolver,
  relationOf?: RelationOf,
): (model: ResolvedModel) => BodySql {
  return (model) => renderSelect(resolver, model, { relationOf }).body;
}

function renderSelect(
  resolver: Resolver,
  node: ResolvedSelect,
  options: Pick<ReadOptions, 'expected' | 'relationOf'>,
): { readonly body: BodySql; readonly dependsOn: readonly NodeId[] } {
  const { config, parsed } = node;
  const { database, schema } = resolver.facts.inputs.target;
  const relation = 'relation' in node ? node.relation : { schema, identifier: parsed.name };
  const from = parsed.packageName;
  const reads = readsOf(resolver, { ...options, from });
  const described = madeOnce(() =>
    nodeValue({
      ...parsed,
      database,
      schema: relation.schema,
      alias: relation.identifier,
      config,
    }),
  );
  const context = nodeContext(
    resolver.facts,
    {
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
  if (isEmptySql(rendered.text)) {
    throw new UserError(`the ${parsed.kind} holds no SQL`, {
      where: { path: parsed.path },
      hint: 'write one select statement, or remove the file',
    });
  }
  return { body: reads.body(rendered), dependsOn: [...reads.nodes.keys()] };
}

function fieldsOf(node: ResolvedSelect) {
  if (isModel(node)) return modelFields(node);
  return isSnapshot(node) ? snapshotFields(node) : analysisFields(node);
}

function isModel(node: ResolvedSelect): node is ResolvedModel {
  return node.parsed.kind === 'model';
}

function isSnapshot(node: ResolvedSelect): node is ResolvedSnapshot {
  return node.parsed.kind === 'snapshot';
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

function snapshotFields(snapshot: ResolvedSnapshot) {
  const { config, parsed } = snapshot;
  const names = config.snapshot_meta_column_names ?? {};
  const own = Object.entries(names).flatMap(([key, name]): [string, string][] =>
    typeof name === 'string' ? [[key, name]] : [],
  );
  const invalidates = config.invalidate_hard_deletes === true ? 'invalidate' : 'ignore';
  return {
    kind: 'snapshot' as const,
    uniqueId: snapshot.uniqueId,
    ...builtFields(parsed, config, snapshot),
    refusals: [{ message: 'snapshots are not built by this version', where: parsed.place }],
    rawSql: parsed.rawSql,
    strategy: config.strategy,
    uniqueKey: [config.unique_key ?? []].flat(),
    updatedAt: config.updated_at,
    checkCols: config.check_cols === 'all' ? ('all' as const) : [config.check_cols ?? []].flat(),
    hardDeletes: config.hard_deletes ?? invalidates,
    validToCurrent: config.dbt_valid_to_current ?? undefined,
    metaColumns: { ...metaColumns, ...Object.fromEntries(own) },
  };
}

const metaColumns = Object.fromEntries(
  ['dbt_valid_from', 'dbt_valid_to', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'].map(
    (name) => [name, name],
  ),
);

function analysisFields({ parsed, uniqueId, config }: ResolvedAnalysis) {
  const { name, packageName, path, fqn, properties, rawSql } = parsed;
  return {
    kind: 'analysis' as const,
    ...{ uniqueId, name, packageName, path, fqn, rawSql },
    tags: config.tags ?? [],
    meta: config.meta ?? {},
    description: properties?.description ?? '',
    columns: columnDocs(properties),
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
