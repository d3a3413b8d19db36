// Hooks: templates that are rendered right before they run, when what they ask of the database is as it
// then is. What they ask may write, and each call is carried out once.

import { UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';
import { type Answer, type Answers, type Attempt, attempt } from './answers.ts';
import { type NodeHandlers, nodeContext } from './context.ts';
import type { HookConfig } from './design.ts';
import { nodeValue } from './node-value.ts';
import { besideName } from './relation-names.ts';
import { type Resolver, relationOfNode } from './resolve.ts';
import { scopeOf } from './scope.ts';
import type { NodeId, RelationName, Seed } from './types.ts';

/** A hook of a node, as it is to be rendered. */
export interface NodeHook {
  readonly node: NodeId;
  readonly sql: string;
  /** Which relation `this` is. */
  readonly on: 'published' | 'staged';
}

/**
 * Answers in the order in which a template asks: a text that is asked twice is carried out twice, and
 * rendering again asks the same.
 */
export class AnswerJournal {
  readonly #answers = new Map<string, Answer[]>();

  /** Keeps the answer to the last question. */
  add(sql: string, answer: Answer): void {
    this.#answers.set(sql, [...(this.#answers.get(sql) ?? []), answer]);
  }

  /** The answers for one more render from the start. */
  replay(): Answers {
    const asked = new Map<string, number>();
    const all = new Map([...this.#answers].map(([sql, [first]]) => [sql, first]));
    const take = (sql: string): Answer | undefined => {
      const count = asked.get(sql) ?? 0;
      asked.set(sql, count + 1);
      return this.#answers.get(sql)?.[count];
    };
    // as: a map of which only `get` counts which call it answers
    return Object.assign(all, { get: take }) as Answers;
  }
}

/** Renders a node's hook as far as the answers go. @throws {TemplateError} for a fault in it */
export function attemptNodeHook(
  resolver: Resolver,
  hook: NodeHook,
  answers: Answers,
): Attempt<string> {
  if (!/\{[{%#]/.test(hook.sql)) return { kind: 'done', value: hook.sql };
  const described = describeNode(resolver, hook.node);
  const { relation, path, config } = described;
  const target = hook.on === 'published' ? relation.published : relation.staged;
  const context = nodeContext(
    { ...resolver.facts, answers, mayWrite: true },
    {
      relation: relationOfNode(resolver, { relation: target }),
      model: described.model,
      execute: true,
      packageName: described.packageName,
    },
    {
      ...readers(resolver, described.packageName),
      readConfig: (name) =>
        Object.hasOwn(config, name) ? fromJson(Reflect.get(config, name) ?? null) : undefined,
    },
  );
  return attempt(() => render(path, hook.sql, scopeOf(context)));
}

/**
 * Renders the hooks of a node while nothing is executed, for `handlers` to hear what they read.
 * @throws {TemplateError} for a fault in one of them
 */
export function hearNodeHooks(
  resolver: Resolver,
  node: { readonly path: string; readonly packageName: string; readonly model: Value },
  relation: RelationName,
  hooks: readonly HookConfig[],
  handlers: Pick<NodeHandlers, 'ref' | 'source'>,
): void {
  const templates = hooks.filter(({ sql }) => /\{[{%#]/.test(sql));
  if (templates.length === 0) return;
  const context = nodeContext(
    resolver.facts,
    {
      relation: relationOfNode(resolver, { relation }),
      model: node.model,
      execute: false,
      packageName: node.packageName,
    },
    { ...handlers, config: () => undefined, readConfig: () => undefined },
  );
  for (const { sql } of templates) render(node.path, sql, scopeOf(context));
}

function render(path: string, text: string, scope: RenderScope): string {
  return renderTemplate(parseTemplate({ path, text }), scope).text;
}

function readers(resolver: Resolver, from: string) {
  return {
    ref: (packageName: string | undefined, name: string, _site: unknown, version?: string) =>
      relationOfNode(resolver, resolver.findRef(packageName, name, { from, version })),
    source: (source: string, table: string) =>
      relationOfNode(resolver, resolver.findSource(source, table, { from })),
    config: () => undefined,
  };
}

interface Described {
  readonly packageName: string;
  readonly path: string;
  readonly relation: { readonly published: RelationName; readonly staged: RelationName };
  readonly config: Readonly<Record<string, unknown>>;
  readonly model: Value;
}

function describeNode(resolver: Resolver, id: NodeId): Described {
  const { database } = resolver.facts.inputs.target;
  const found = [...resolver.models, ...resolver.snapshots].find(({ uniqueId }) => uniqueId === id);
  const place = { database, schema: '', alias: '' };
  if (found !== undefined) {
    const { parsed, relation, config } = found;
    return {
      packageName: parsed.packageName,
      path: parsed.path,
      relation: { published: relation, staged: besideName(relation, 'staged') },
      config,
      model: nodeValue({
        ...parsed,
        ...place,
        schema: relation.schema,
        alias: relation.identifier,
        config,
      }),
    };
  }
  const seed = resolver.seeds.find(({ uniqueId }) => uniqueId === id);
  if (seed === undefined) throw new UserError(`there is no node \`${id}\``);
  return describeSeed(seed, database);
}

function describeSeed(seed: Seed, database: string): Described {
  const { relation } = seed;
  const config = { materialized: 'seed', tags: seed.tags, meta: seed.meta };
  const { schema, identifier } = relation;
  return {
    packageName: seed.packageName,
    path: seed.path,
    relation: { published: relation, staged: seed.staged },
    config,
    model: nodeValue({ ...seed, database, schema, alias: identifier, config }),
  };
}
