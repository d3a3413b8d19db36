// `run-operation`: a macro that is called from outside any node, or a statement, and what it does to the
// database is carried out once.

import { nearestName, UserError } from '../../core/errors.ts';
import type { MacroDefinition } from '../../core/template/call.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { callMacro, renderTemplate } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import { type Answers, type Attempt, attempt } from './answers.ts';
import { nodeContext, type ProjectFacts } from './context.ts';
import { internalPackage } from './macro-library.ts';
import { readsOf } from './node-reads.ts';
import { nodeValue } from './node-value.ts';
import type { Resolver } from './resolve.ts';
import { scopeOf } from './scope.ts';
import type { NodeId } from './types.ts';

/** A macro as the command line names it, or SQL in its place. */
export type OperationCall =
  | {
      readonly kind: 'macro';
      /** `name` or `package.name`. */
      readonly name: string;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'sql'; readonly sql: string };

/** Hears what a template says. */
export type Listeners = Pick<ProjectFacts, 'onLog'> & Required<Pick<ProjectFacts, 'onPrint'>>;

/** An operation that is ready to be run. */
export interface ReadyOperation {
  /** As dbt names it: `macro.shop.grant_all`. */
  readonly id: NodeId;
  /** How errors name it. */
  readonly label: string;
  /** Runs it as far as the answers go; gives the SQL that is left to run, which a macro has none of. */
  readonly render: (answers: Answers) => Attempt<string>;
}

/**
 * Finds what is to be run. What a render from the start says again is told once.
 * @throws {UserError} with the nearest name where there is no such macro
 */
export function readyOperation(
  resolver: Resolver,
  call: OperationCall,
  listeners: Listeners,
): ReadyOperation {
  const { packageName: project } = resolver;
  if (call.kind === 'sql') {
    const template = parseTemplate({ path: '--sql', text: call.sql });
    return {
      id: `operation.${project}.sql`,
      label: '--sql',
      render: saidOnce(resolver, project, listeners, (scope) =>
        /\{[{%#]/.test(call.sql) ? renderTemplate(template, scope).text : call.sql,
      ),
    };
  }
  const { packageName, name, definition } = findMacro(resolver, call.name);
  const kwargs = new Map(Object.entries(call.args).map(([key, value]) => [key, fromJson(value)]));
  return {
    id: `macro.${packageName}.${name}`,
    label: `macro ${name}`,
    render: saidOnce(resolver, packageName, listeners, (scope) => {
      callMacro(definition, [], kwargs, scope);
      return '';
    }),
  };
}

function saidOnce(
  resolver: Resolver,
  packageName: string,
  listeners: Listeners,
  render: (scope: RenderScope) => string,
): ReadyOperation['render'] {
  let told = 0;
  return (answers) => {
    let said = 0;
    const once = (tell: (message: string) => void) => (message: string) => {
      said += 1;
      if (said <= told) return;
      told = said;
      tell(message);
    };
    const { facts } = resolver;
    // No nodes are chosen, and what is asked may write.
    const inputs = { ...facts.inputs, selectedResources: [] };
    const heard = { onLog: once(listeners.onLog), onPrint: once(listeners.onPrint) };
    const answered = { ...facts, ...heard, inputs, answers, mayWrite: true };
    return attempt(() => render(scopeFor({ ...resolver, facts: answered }, packageName)));
  };
}

function scopeFor(resolver: Resolver, packageName: string): RenderScope {
  const { database, schema } = resolver.facts.inputs.target;
  const name = 'run_operation';
  const described = { name, packageName, path: name, fqn: [packageName, name], database, schema };
  const reads = readsOf(resolver, { from: packageName });
  const context = nodeContext(
    resolver.facts,
    {
      relation: undefined,
      model: nodeValue({ kind: 'operation', ...described, alias: name }),
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
  return scopeOf(context);
}

interface FoundMacro {
  readonly packageName: string;
  readonly name: string;
  readonly definition: MacroDefinition;
}

/** The project's own macro before those of packages, and these before the runner's own. */
function findMacro({ facts, packageName: project }: Resolver, given: string): FoundMacro {
  const { packages } = facts.macros;
  const point = given.indexOf('.');
  const name = given.slice(point + 1);
  const others = [...packages.keys()].filter((one) => one !== project && one !== internalPackage);
  const places = point < 0 ? [project, ...others.sort(), internalPackage] : [given.slice(0, point)];
  for (const packageName of places) {
    const definition = packages.get(packageName)?.get(name);
    if (definition !== undefined) return { packageName, name, definition };
  }
  const known = places.flatMap((one) => [...(packages.get(one)?.keys() ?? [])]);
  const nearest = nearestName(name, known);
  throw new UserError(`there is no macro \`${given}\``, {
    where: 'run-operation',
    hint: nearest ? `did you mean \`${nearest}\`?` : 'write it in a file of the macro folder',
  });
}
