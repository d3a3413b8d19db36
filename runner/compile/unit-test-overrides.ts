// What a unit test puts in the place of macros, vars and environment variables.

import { fromJson } from '../../core/template/json.ts';
import type { RenderScope } from '../../core/template/state.ts';
import { type HostObject, makeFunction, type Value } from '../../core/template/values.ts';
import type { ParsedUnitTest } from '../project/types.ts';
import type { ProjectFacts } from './context.ts';

type Overrides = ParsedUnitTest['overrides'];

/** Returns the facts of a project with the vars and environment variables of a unit test. */
export function overriddenFacts(facts: ProjectFacts, { vars, env_vars }: Overrides): ProjectFacts {
  const over = (own: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> =>
    new Map([...own, ...Object.entries(vars)]);
  const env = Object.entries(env_vars).map(([name, value]) => [name, String(value)]);
  const { varsOf } = facts;
  return {
    ...facts,
    inputs: { ...facts.inputs, env: { ...facts.inputs.env, ...Object.fromEntries(env) } },
    vars: over(facts.vars),
    ...(varsOf && { varsOf: (packageName: string) => over(varsOf(packageName)) }),
  };
}

/** Returns the names that hide the macros of a project; a model is not incremental unless a test says so. */
export function overriddenNames(
  scope: RenderScope,
  { macros }: Overrides,
): ReadonlyMap<string, Value> {
  const names = new Map<string, Value>();
  const packages = new Map<string, Map<string, Value>>();
  const given = Object.entries({ is_incremental: false, ...macros });
  for (const [written, value] of given) {
    const at = written.lastIndexOf('.');
    const name = written.slice(at + 1);
    const macro = makeFunction(name, () => fromJson(value));
    if (at === -1) names.set(name, macro);
    // dbt's own macros are seen without their package too.
    const packageName = at === -1 ? 'dbt' : written.slice(0, at);
    if (packageName === 'dbt') names.set(name, macro);
    const inPackage = packages.get(packageName) ?? new Map<string, Value>();
    packages.set(packageName, inPackage.set(name, macro));
  }
  for (const [packageName, inPackage] of packages) {
    const own = scope.lookup(packageName);
    if (isHost(own)) names.set(packageName, hiding(own, inPackage));
  }
  return names;
}

function isHost(value: Value | undefined): value is HostObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'host';
}

function hiding(own: HostObject, names: ReadonlyMap<string, Value>): HostObject {
  return { ...own, getAttribute: (name) => names.get(name) ?? own.getAttribute(name) };
}
