// Tests: the query over published relations, and one variant for each parent that may be staged.

import { UserError } from '../../core/errors.ts';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import { fromJson } from '../../core/template/json.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedGenericTest, ParsedSingularTest } from '../project/types.ts';
import type { Config } from './config.ts';
import { nodeContext } from './context.ts';
import { besideName } from './relation-names.ts';
import { type Resolver, relationOf, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { NodeId, RelationName, StoredFailures, Test, TestShape } from './types.ts';

/** What a test's query is made from. */
export interface TestQueryMaker {
  readonly model: () => Value;
  readonly config: Config<'test'>;
  /** Of the test; its macros, refs and sources are looked for there first. */
  readonly packageName: string;
  /** Renders the query in a scope; `relationOf` says where a node's relation is this time. */
  render(scope: RenderScope, relationOf: RelationOf): RenderedTest;
}

/** A test's query, and what it asks where that can be asked together with others. */
export interface RenderedTest {
  readonly sql: Rendered;
  readonly shape?: TestShape | undefined;
}

/** Gives the relation to read for a node. */
export type RelationOf = (id: NodeId, relation: RelationName) => RelationName;

/** Compiles a test's query in all its variants. */
export function compileTestQueries(
  resolver: Resolver,
  maker: TestQueryMaker,
): Pick<Test, 'compiledSql' | 'stagedSql' | 'sqlMap' | 'dependsOn' | 'shape' | 'stagedShape'> {
  const parents = new Map<NodeId, 'buildable' | 'source'>();
  const render = (stagedParent: NodeId | undefined): RenderedTest => {
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
    const made = maker.render(scopeOf(context), relationOf);
    return { ...made, sql: trimSql(made.sql) };
  };
  const published = render(undefined);
  const dependsOn = [...parents.keys()].sort();
  const staged = dependsOn
    .filter((id) => parents.get(id) === 'buildable')
    .map((id) => ({ id, ...render(id) }));
  const shapes = staged.flatMap(({ id, shape }) => (shape ? [[id, shape] as const] : []));
  return {
    compiledSql: published.sql.text,
    sqlMap: published.sql.map,
    stagedSql: Object.fromEntries(staged.map(({ id, sql }) => [id, sql.text])),
    dependsOn,
    ...(published.shape && { shape: published.shape, stagedShape: Object.fromEntries(shapes) }),
  };
}

/** The configs of a test as the manifest has them. */
export function testConfigFields(
  resolver: Resolver,
  test: ParsedSingularTest | ParsedGenericTest,
  config: Config<'test'>,
) {
  return {
    stored: storedFailures(resolver, test, config),
    tags: config.tags ?? [],
    meta: config.meta ?? {},
    severity: config.severity,
    warnIf: config.warn_if,
    errorIf: config.error_if,
    failCalc: config.fail_calc,
    limit: config.limit,
  };
}

/** dbt's schema for failing rows, where the config names none. */
const auditSchema = 'dbt_test__audit';

/** Where the rows of a test are kept: `store_failures_as` decides, then `store_failures`, then the flag. */
function storedFailures(
  { facts }: Resolver,
  test: ParsedSingularTest | ParsedGenericTest,
  config: Config<'test'>,
): StoredFailures | undefined {
  const isStored = config.store_failures ?? facts.inputs.flags?.['STORE_FAILURES'] === true;
  const as = config.store_failures_as ?? (isStored ? 'table' : 'ephemeral');
  if (as === 'ephemeral') return undefined;
  const relation = relationOf(facts, test, { ...config, schema: config.schema ?? auditSchema });
  if (Buffer.byteLength(relation.identifier) > maxIdentifierBytes) {
    throw new UserError(
      `failing rows would be kept in \`${relation.identifier}\`, which is longer than ${maxIdentifierBytes} bytes`,
      { where: { path: test.path }, hint: 'give the test a shorter `alias` in its config' },
    );
  }
  return {
    as,
    relation,
    staged: besideName(relation, 'staged'),
    retired: besideName(relation, 'retired'),
  };
}
