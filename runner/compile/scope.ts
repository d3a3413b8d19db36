import type { RenderScope } from '../../core/template/state.ts';
import { orElse, type Value } from '../../core/template/values.ts';

/** The names that templates of one node can use, and what they mean. */
export interface NodeScope extends RenderScope {
  get(name: string): Value | undefined;
}

/** Names with their values; one that is costly to make is made when it is first asked for. */
export class LazyNames {
  readonly #makers = new Map<string, () => Value>();
  readonly #made = new Map<string, Value>();

  /** Adds a name whose value is there. */
  set(name: string, value: Value): void {
    this.#makers.delete(name);
    this.#made.set(name, value);
  }

  /** Adds a name whose value is to be made. */
  setLazily(name: string, make: () => Value): void {
    this.#made.delete(name);
    this.#makers.set(name, make);
  }

  get(name: string): Value | undefined {
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    const value = this.#makers.get(name)?.();
    if (value !== undefined) this.#made.set(name, value);
    return value;
  }

  keys(): ReadonlySet<string> {
    return new Set([...this.#made.keys(), ...this.#makers.keys()]);
  }
}

/**
 * Offers names to the evaluator. As in dbt, a macro comes before a name of the context: a project
 * may define its own `ref` and call the real one as `builtins.ref`.
 */
export function makeScope(macros: ReadonlyMap<string, Value>, context: LazyNames): NodeScope {
  const lookup = (name: string): Value | undefined => orElse(macros.get(name), context.get(name));
  return { lookup, get: lookup, names: () => new Set([...macros.keys(), ...context.keys()]) };
}

/** The scope of a node's context. */
export function scopeOf(context: NodeScope): RenderScope {
  return context;
}

/** A scope with more names, which come first. */
export function withNames(scope: RenderScope, names: ReadonlyMap<string, Value>): RenderScope {
  return {
    lookup: (name) => orElse(names.get(name), scope.lookup(name)),
    names: () => new Set([...scope.names(), ...names.keys()]),
  };
}
