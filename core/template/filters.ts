// The table of filters.

import { nearestName } from '../errors.ts';
import { ValueFault } from './errors.ts';
import { FILTER_NAMES, type FilterName, isFilterName } from './filter-names.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { SEQUENCE_FILTERS } from './sequence-filters.ts';
import type { RenderState } from './state.ts';
import { TEXT_FILTERS } from './text-filters.ts';
import type { Value } from './values.ts';

/** What a filter is given. */
export interface FilterCall {
  readonly target: Value;
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
  readonly state: RenderState;
  /** Applies another filter, for `map('name')`. */
  readonly apply: (
    name: string,
    target: Value,
    args: readonly Value[],
    kwargs: ReadonlyMap<string, Value>,
  ) => Value;
}

/** A filter. */
export type FilterFunction = (call: FilterCall) => Value;

const FILTERS: Readonly<Record<FilterName, FilterFunction>> = {
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
};

/** Applies a filter by its name; fails for one that there is not. */
export function applyFilter(
  name: string,
  target: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  state: RenderState,
): Value {
  if (!isFilterName(name)) {
    const nearest = nearestName(name, FILTER_NAMES);
    throw new ValueFault(
      `unknown filter \`${name}\``,
      nearest === undefined ? undefined : `did you mean \`| ${nearest}\`?`,
    );
  }
  const apply: FilterCall['apply'] = (other, value, more, keywords) =>
    applyFilter(other, value, more, keywords, state);
  return FILTERS[name]({ target, args, kwargs, state, apply });
}
