// Tests: the query over published relations, and one variant for each parent that may be staged.

import { fromJson } from '../../core/template/json.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import type { Config } from './config.ts';
import { nodeContext } from './context.ts';
import { besideName } from './relation-names.ts';
import { type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { NodeId, RelationName, Test } from './types.ts';

/** What a test's query is made from. */
export interface TestQueryMaker {
  readonly model: () => Value;
  readonly config: Config<'test'>;
  /** Of the test; its macros, refs and sources are looked for there first. */
  readonly packageName: string;
  /** Renders the query in a scope; `relationOf` says where a node's relation is this time. */
  render(scope: RenderScope, relationOf: RelationOf): Rendered;
}

/** Gives the relation to read for a node. */
export type RelationOf = (id: NodeId, relation: RelationName) => RelationName;

/** Compiles a test's query in all its variants. */
export function compileTestQueries(
  resolver: Resolver,
  maker: TestQueryMaker,
): Pick<Test, 'compiledSql' | 'stagedSql' | 'sqlMap' | 'dependsOn'> {
  const parents = new Map<NodeId, 'buildable' | 'source'>();
  const render = (stagedParent: NodeId | undefined): Rendered => {
    const relationOf: RelationOf = (id, relation) =>
      id === stagedParent ? besideName(relation, 'staged') : relation;
    const context = nodeContext(
      resolver.facts,
      {
        relation: undefined,
        get model() {
          return maker.model();
        },
        execute: true,
        packageName: maker.packageName,
      },
      {
        ref: (packageName, name, _site, version) => {
          const found = resolver.findRef(packageName, name, { from: maker.packageName, version });
          parents.set(found.uniqueId, 'buildable');
          return relationOfNode(resolver, relationOf(found.uniqueId, found.relation));
        },
        source: (source, table) => {
          const found = resolver.findSource(source, table, { from: maker.packageName });
          parents.set(found.uniqueId, 'source');
          return relationOfNode(resolver, found.relation);
        },
        config: () => undefined,
        readConfig: (name) => {
          const value = Object.hasOwn(maker.config, name)
            ? Reflect.get(maker.config, name)
            : undefined;
          return value === undefined ? undefined : fromJson(value);
        },
      },
    );
    return trimSql(maker.render(scopeOf(context), relationOf));
  };
  const published = render(undefined);
  const dependsOn = [...parents.keys()].sort();
  const staged = dependsOn
    .filter((id) => parents.get(id) === 'buildable')
    .map((id) => [id, render(id).text] as const);
  return {
    compiledSql: published.text,
    sqlMap: published.map,
    stagedSql: Object.fromEntries(staged),
    dependsOn,
  };
}

/** The configs of a test as the manifest has them. */
export function testConfigFields(config: Config<'test'>) {
  return {
    tags: config.tags ?? [],
    meta: config.meta ?? {},
    severity: config.severity,
    warnIf: config.warn_if,
    errorIf: config.error_if,
    failCalc: config.fail_calc,
    limit: config.limit,
  };
}
