// A query from the command line, compiled as if it were a model that nothing reads.

import { parseTemplate } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import { type Answers, type Attempt, attempt } from './answers.ts';
import { nodeContext } from './context.ts';
import { withCtes } from './ephemeral.ts';
import { readsOf } from './node-reads.ts';
import { nodeValue } from './node-value.ts';
import { ephemeralBody } from './render-model.ts';
import type { Resolver } from './resolve.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';

/** A query as it was given, and what to call its place. */
export interface InlineSource {
  readonly path: string;
  readonly text: string;
}

/** Compiles a query as far as the answers go. @throws {TemplateError} for a fault in it */
export function attemptInline(
  resolver: Resolver,
  source: InlineSource,
  answers: Answers,
): Attempt<Rendered> {
  const answered = { ...resolver, facts: { ...resolver.facts, answers } };
  return attempt(() => compileInline(answered, source));
}

/** Compiles a query with the project's context. @throws {TemplateError} for a fault in it */
export function compileInline(resolver: Resolver, source: InlineSource): Rendered {
  const { database, schema } = resolver.facts.inputs.target;
  const name = 'inline_query';
  const model = nodeValue({
    kind: 'sql_operation',
    name,
    packageName: resolver.packageName,
    path: source.path,
    fqn: [resolver.packageName, name],
    database,
    schema,
    alias: name,
  });
  const reads = readsOf(resolver, { from: resolver.packageName });
  const context = nodeContext(
    resolver.facts,
    { relation: undefined, model, execute: true },
    {
      ref: reads.ref,
      source: reads.source,
      config: () => undefined,
      readConfig: () => undefined,
    },
  );
  const rendered = trimSql(renderTemplate(parseTemplate(source), scopeOf(context)));
  return withCtes(reads.body(rendered), ephemeralBody(resolver));
}
