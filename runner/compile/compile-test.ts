// Tests: the query over published relations, and one variant for each parent that may be staged.

import type { Rendered, SourceMark } from '../../core/template/source-map.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import { ephemeralBody } from './compile-select.ts';
import type { Config } from './config.ts';
import { configOf } from './config-defaults.ts';
import { type NodeHandlers, nodeContext } from './context.ts';
import { withCtes } from './ephemeral.ts';
import type { Expected } from './late.ts';
import { type NodeReads, type RelationOf, readsOf } from './node-reads.ts';
import { besideName } from './relation-names.ts';
import type { Resolver } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { NodeId, Test } from './types.ts';

/** What a test's query is made from. */
export interface TestQueryMaker {
  readonly model: () => Value;
  readonly config: Config<'test'>;
  /** Of the test; its macros, refs and sources are looked for there first. */
  readonly packageName: string;
  /** Hears each `config(…)` call of the test's macro. */
  readonly hear?: NodeHandlers['config'] | undefined;
  /** Renders the query in a scope. */
  render(scope: RenderScope): Rendered;
}

/** How the query of a late test is made when its turn comes. */
export interface LateQuery {
  readonly expected: Expected;
  /** The parent whose stage is read, while that is audited. */
  readonly staged: NodeId | undefined;
}

/** The parts of a test that come from rendering it. */
export type TestQueries = Pick<Test, 'compiledSql' | 'stagedSql' | 'sqlMap' | 'dependsOn'>;

/** Makes the queries of a test, or what is known of them before its turn. */
export type MakeQueries = (resolver: Resolver, maker: TestQueryMaker) => TestQueries;

/** Compiles a test's query over published relations; its variants over stages when they are read. */
export function compileTestQueries(resolver: Resolver, maker: TestQueryMaker): TestQueries {
  const published = renderQuery(resolver, maker, { execute: true });
  const dependsOn = [...published.parents.keys()].sort();
  const stagedSql: Record<NodeId, string> = {};
  for (const id of dependsOn) {
    if (published.parents.get(id)?.kind !== 'buildable') continue;
    let made: string | undefined;
    Object.defineProperty(stagedSql, id, {
      enumerable: true,
      get: () => {
        made ??= renderQuery(resolver, maker, { execute: true, staged: id }).rendered.text;
        return made;
      },
    });
  }
  const { text, map } = published.rendered;
  return { compiledSql: text, sqlMap: map, stagedSql, dependsOn };
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

function renderQuery(
  resolver: Resolver,
  maker: TestQueryMaker,
  turn: {
    readonly execute: boolean;
    readonly staged?: NodeId | undefined;
    readonly expected?: Expected;
  },
): { readonly rendered: Rendered; readonly parents: NodeReads['nodes'] } {
  const from = maker.packageName;
  const relationOf: RelationOf = (id, relation) =>
    id === turn.staged ? besideName(relation, 'staged') : relation;
  const reads = readsOf(resolver, { from, expected: turn.expected, relationOf });
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
  const body = reads.body(trimSql(maker.render(scopeOf(context))));
  const rendered = turn.execute
    ? withCtes(body, ephemeralBody(resolver, relationOf))
    : body.rendered;
  return { rendered, parents: reads.nodes };
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
