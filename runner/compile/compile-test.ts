// Tests: the query over published relations, and one variant for each parent that may be staged.

import { UserError } from '../../core/errors.ts';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import type { Rendered, SourceMark } from '../../core/template/source-map.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedGenericTest, ParsedSingularTest } from '../project/types.ts';
import type { Config } from './config.ts';
import { configOf } from './config-defaults.ts';
import { type NodeHandlers, nodeContext } from './context.ts';
import { withCtes } from './ephemeral.ts';
import type { Expected } from './late.ts';
import { type NodeReads, type RelationOf, readsOf } from './node-reads.ts';
import { besideName } from './relation-names.ts';
import { ephemeralBody } from './render-model.ts';
import { type Resolver, relationOf } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { NodeId, StoredFailures, Test, TestShape } from './types.ts';

/** What a test's query is made from. */
export interface TestQueryMaker {
  readonly model: () => Value;
  readonly config: Config<'test'>;
  /** Of the test; its macros, refs and sources are looked for there first. */
  readonly packageName: string;
  /** Hears each `config(…)` call of the test's macro. */
  readonly hear?: NodeHandlers['config'] | undefined;
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

interface RenderedQuery {
  readonly rendered: Rendered;
  readonly shape: TestShape | undefined;
  readonly parents: NodeReads['nodes'];
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
  const from = maker.packageName;
  const placeOf: RelationOf = (id, relation) =>
    id === turn.staged ? besideName(relation, 'staged') : relation;
  const reads = readsOf(resolver, { from, expected: turn.expected, relationOf: placeOf });
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
      ref: reads.ref,
      source: reads.source,
      config: (values, site) => maker.hear?.(values, site),
      readConfig: (name) => configOf('test', maker.config, name),
    },
  );
  const { sql, shape } = maker.render(scopeOf(context), placeOf);
  const body = reads.body(trimSql(sql));
  if (!turn.execute) return { rendered: body.rendered, shape, parents: reads.nodes };
  const rendered = withCtes(body, ephemeralBody(resolver, placeOf));
  // What stands in CTEs is no relation to share a scan of.
  const isWhole = body.ephemeral.length === 0;
  return { rendered, shape: isWhole ? shape : undefined, parents: reads.nodes };
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
