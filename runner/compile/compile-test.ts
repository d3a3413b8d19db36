// Tests: the query over published relations, and one variant for each parent that may be staged.

import { UserError } from '../../core/errors.ts';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import { fromJson } from '../../core/template/json.ts';
import type { Rendered, SourceMark } from '../../core/template/source-map.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedGenericTest, ParsedSingularTest } from '../project/types.ts';
import type { Config } from './config.ts';
import { nodeContext } from './context.ts';
import { type Expected, expectRead } from './late.ts';
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

/** How the query of a late test is made when its turn comes. */
export interface LateQuery {
  readonly expected: Expected;
  /** The parent whose stage is read, while that is audited. */
  readonly staged: NodeId | undefined;
}

/** Gives the relation to read for a node. */
export type RelationOf = (id: NodeId, relation: RelationName) => RelationName;

/** The parts of a test that come from rendering it. */
export type TestQueries = Pick<
  Test,
  'compiledSql' | 'stagedSql' | 'sqlMap' | 'dependsOn' | 'shape' | 'stagedShape'
>;

/** Makes the queries of a test, or what is known of them before its turn. */
export type MakeQueries = (resolver: Resolver, maker: TestQueryMaker) => TestQueries;

/** Compiles a test's query over published relations; its variants over stages when they are read. */
export function compileTestQueries(resolver: Resolver, maker: TestQueryMaker): TestQueries {
  const published = renderQuery(resolver, maker, { execute: true });
  const dependsOn = [...published.parents.keys()].sort();
  const staged = dependsOn.filter((id) => published.parents.get(id)?.kind === 'buildable');
  const over = new Map<NodeId, RenderedQuery>();
  const overStage = (id: NodeId): RenderedQuery => {
    const made = over.get(id) ?? renderQuery(resolver, maker, { execute: true, staged: id });
    over.set(id, made);
    return made;
  };
  const { text, map } = published.rendered;
  return {
    compiledSql: text,
    sqlMap: map,
    stagedSql: madeWhenRead(staged, (id) => overStage(id).rendered.text),
    dependsOn,
    ...(published.shape && {
      shape: published.shape,
      stagedShape: madeWhenRead(staged, (id) => overStage(id).shape),
    }),
  };
}

function madeWhenRead<T>(ids: readonly NodeId[], make: (id: NodeId) => T): Record<NodeId, T> {
  const record: Record<NodeId, T> = {};
  for (const id of ids) {
    Object.defineProperty(record, id, { enumerable: true, get: () => make(id) });
  }
  return record;
}

/** Hears what a late test names before anything is asked. */
export function captureTestQueries(resolver: Resolver, maker: TestQueryMaker): TestQueries {
  const { parents } = renderQuery(resolver, maker, { execute: false });
  return { compiledSql: '', sqlMap: [], stagedSql: {}, dependsOn: [...parents.keys()].sort() };
}

/**
 * Compiles a late test's one query of this turn. Over a stage, the compiled SQL names the published
 * relation, which is what is there for whoever reads it afterwards.
 */
export function compileLateQuery(
  resolver: Resolver,
  maker: TestQueryMaker,
  { expected, staged }: LateQuery,
): TestQueries {
  const { rendered, parents } = renderQuery(resolver, maker, { execute: true, staged, expected });
  const dependsOn = [...new Set([...parents.keys(), ...(expected ?? [])])].sort();
  const parent = staged === undefined ? undefined : parents.get(staged);
  if (staged === undefined || parent === undefined) {
    return { compiledSql: rendered.text, sqlMap: rendered.map, stagedSql: {}, dependsOn };
  }
  const { identifier } = besideName(parent.relation, 'staged');
  const published = replaceName(rendered, identifier, parent.relation.identifier);
  return {
    compiledSql: published.text,
    sqlMap: published.map,
    stagedSql: { [staged]: rendered.text },
    dependsOn,
  };
}

/** The name of a stage ends in a hash, so that it stands for nothing else wherever it is found. */
function replaceName(rendered: Rendered, name: string, by: string): Rendered {
  const shift = by.length - name.length;
  const starts: number[] = [];
  for (let at = rendered.text.indexOf(name); at !== -1; at = rendered.text.indexOf(name, at + 1)) {
    starts.push(at);
  }
  const moved = ({ offset, ...mark }: SourceMark): SourceMark => ({
    ...mark,
    offset: offset + shift * starts.filter((start) => start < offset).length,
  });
  return { text: rendered.text.replaceAll(name, () => by), map: rendered.map.map(moved) };
}

interface Parent {
  readonly kind: 'buildable' | 'source';
  readonly relation: RelationName;
}

interface RenderedQuery {
  readonly rendered: Rendered;
  readonly shape: TestShape | undefined;
  readonly parents: ReadonlyMap<NodeId, Parent>;
}

function renderQuery(
  resolver: Resolver,
  maker: TestQueryMaker,
  turn: {
    readonly execute: boolean;
    readonly staged?: NodeId | undefined;
    readonly expected?: Expected;
  },
): RenderedQuery {
  const parents = new Map<NodeId, Parent>();
  const { expected } = turn;
  const from = maker.packageName;
  const relationOf: RelationOf = (id, relation) =>
    id === turn.staged ? besideName(relation, 'staged') : relation;
  const context = nodeContext(
    resolver.facts,
    {
      relation: undefined,
      get model() {
        return maker.model();
      },
      execute: turn.execute,
      packageName: from,
    },
    {
      ref: (packageName, name, _site, version) => {
        const found = resolver.findRef(packageName, name, { from, version });
        expectRead(expected, found.uniqueId, `ref('${name}')`);
        parents.set(found.uniqueId, { kind: 'buildable', relation: found.relation });
        return relationOfNode(resolver, relationOf(found.uniqueId, found.relation));
      },
      source: (source, table) => {
        const found = resolver.findSource(source, table, { from });
        expectRead(expected, found.uniqueId, `source('${source}', '${table}')`);
        parents.set(found.uniqueId, { kind: 'source', relation: found.relation });
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
  const { sql, shape } = maker.render(scopeOf(context), relationOf);
  return { rendered: trimSql(sql), shape, parents };
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
  const alias = config.alias ?? (test.kind === 'generic-test' ? test.alias : undefined);
  const schema = config.schema ?? auditSchema;
  const relation = relationOf(facts, test, { ...config, schema, alias });
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
