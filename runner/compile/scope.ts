import type { RenderScope } from '../../core/template/state.ts';
import type { Value } from '../../core/template/values.ts';

/** Offers a map of names to the evaluator. */
export function scopeOf(context: ReadonlyMap<string, Value>): RenderScope {
  return { lookup: (name) => context.get(name), names: () => context.keys() };
}
