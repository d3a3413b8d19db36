// The hooks of projects, `on-run-start` and `on-run-end`: found here, and rendered when the run is there.

import { DictValue } from '../../core/template/dict.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate, type TemplateSource } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import { ListValue, TupleValue, type Value } from '../../core/template/values.ts';
import type { ParsedProject, ProjectFile } from '../project/types.ts';
import { type Answers, type Attempt, attempt } from './answers.ts';
import { nodeContext } from './context.ts';
import { withCtes } from './ephemeral.ts';
import { readsOf } from './node-reads.ts';
import { nodeValue } from './node-value.ts';
import { ephemeralBody } from './render-model.ts';
import type { Resolver } from './resolve.ts';
import { withNames } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { NodeId, Operation } from './types.ts';

/** What hooks at the end of a run can name beside what every template can. */
export interface HookRun {
  /** Schemas in which the run built something, each once. */
  readonly schemas: readonly string[];
  readonly results: readonly HookResult[];
}

/** What came of one node, with dbt's keys. */
export interface HookResult {
  readonly node: { readonly unique_id: NodeId; readonly [key: string]: unknown };
  readonly status: string;
  readonly message: string | null;
  readonly failures: number | null;
  /** Seconds. */
  readonly execution_time: number;
  readonly thread_id: string;
  readonly adapter_response?: Readonly<Record<string, unknown>>;
}

/** Returns all hooks in dbt's order: those of packages by name, then the project's own. */
export function operationsOf({ file, packages }: ParsedProject): readonly Operation[] {
  const ordered = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...ordered, file].flatMap((project) => [
    ...hooksOf(project, 'on-run-start', project.onRunStart),
    ...hooksOf(project, 'on-run-end', project.onRunEnd),
  ]);
}

/**
 * Compiles what can be before there is a run, so that a slip is found before anything is built.
 * @throws {TemplateError} for a fault in a hook.
 */
export function checkOperation(resolver: Resolver, operation: Operation): Operation {
  if (operation.hook === 'on-run-end') {
    parseTemplate(sourceOf(operation));
    return operation;
  }
  const tried = attemptOperation(resolver, operation, undefined, new Map());
  return tried.kind === 'done' ? { ...operation, compiledSql: tried.value.text } : operation;
}

function sourceOf({ place, rawSql }: Operation): TemplateSource {
  return { path: place.path, text: rawSql, firstLine: place.line ?? 1 };
}

function hooksOf(
  { name: packageName }: ProjectFile,
  hook: Operation['hook'],
  hooks: ProjectFile['onRunStart'],
): readonly Operation[] {
  return hooks.map(({ sql, place }, index) => {
    const name = `${packageName}-${hook}-${index}`;
    const uniqueId = `operation.${packageName}.${name}`;
    return { uniqueId, name, packageName, hook, index, rawSql: sql, place };
  });
}

/**
 * Compiles a hook as far as the answers go; empty text is a hook that runs nothing. `run` is there at
 * the end of a run.
 * @throws {TemplateError} for a fault in it.
 */
export function attemptOperation(
  resolver: Resolver,
  operation: Operation,
  run: HookRun | undefined,
  answers: Answers,
): Attempt<Rendered> {
  // What a hook asks is carried out when its turn comes, and may write.
  const answered = { ...resolver, facts: { ...resolver.facts, answers, mayWrite: true } };
  return attempt(() => compileOperation(answered, operation, run));
}

function compileOperation(
  resolver: Resolver,
  operation: Operation,
  run: HookRun | undefined,
): Rendered {
  const { packageName, place, name, rawSql } = operation;
  const { database, schema } = resolver.facts.inputs.target;
  const fqn = [packageName, 'hooks', name];
  const described = { name, packageName, path: place.path, fqn, database, schema, alias: name };
  const reads = readsOf(resolver, { from: packageName });
  const context = nodeContext(
    resolver.facts,
    {
      relation: undefined,
      model: nodeValue({ kind: 'operation', ...described, rawSql }),
      execute: true,
      packageName,
    },
    {
      ref: reads.ref,
      source: reads.source,
      config: () => undefined,
      readConfig: () => undefined,
    },
  );
  const scope = run === undefined ? context : withNames(context, namesOf(run, database));
  const rendered = trimSql(renderTemplate(parseTemplate(sourceOf(operation)), scope));
  return withCtes(reads.body(rendered), ephemeralBody(resolver));
}

function namesOf({ schemas, results }: HookRun, database: string): ReadonlyMap<string, Value> {
  const pairs = schemas.map((schema) => new TupleValue([database, schema]));
  return new Map<string, Value>([
    ['schemas', new ListValue([...schemas])],
    ['database_schemas', new ListValue(pairs)],
    ['results', new ListValue(results.map(resultValue))],
  ]);
}

function resultValue({ node, ...rest }: HookResult): Value {
  const result = Object.entries(rest).map(([key, value]): [string, Value] => [
    key,
    fromJson(value),
  ]);
  return DictValue.of([['node', fromJson(node)], ...result]);
}
