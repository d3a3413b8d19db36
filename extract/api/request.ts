// The address of each call: everything that is asked for, but the key.

import type { ApiDataset } from '../datasets/api-types.ts';
import type { Cursor, Part } from './types.ts';

/** What of a dataset is asked for. */
export interface ScopeRequest {
  readonly baseUrl: string;
  readonly dataset: ApiDataset;
  readonly cycle: number;
  /** Parameter and value of a state or committee. */
  readonly filter: { readonly param: string; readonly value: string } | undefined;
}

/** The most rows that an answer can have. */
export const rowsPerPage = 100;

/**
 * Returns the address of a page. A parameter that the API does not know would be passed over without a
 * word and return everything: the names come from the dataset, and a test holds them against the API's
 * specification.
 */
export function pageUrl(request: ScopeRequest, part: Part, cursor: Cursor | null): string {
  const { baseUrl, dataset, cycle, filter } = request;
  const { clock, paging } = dataset;
  const window =
    clock !== undefined && part.from !== undefined && part.to !== undefined
      ? { [clock.min]: part.from, [clock.max]: part.to }
      : {};
  const parameters = {
    [dataset.cycleParam]: String(cycle),
    ...dataset.params,
    ...(filter === undefined ? {} : { [filter.param]: filter.value }),
    ...window,
    // Ascending: in descending order the API loses rows without a value to sort by.
    sort: paging.sort,
    per_page: String(rowsPerPage),
    ...(paging.kind === 'page' ? { page: '1' } : {}),
    ...cursor,
  };
  return `${baseUrl}${part.path}?${new URLSearchParams(parameters)}`;
}
