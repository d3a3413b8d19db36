// Incremental models made by hand.

import type { Incremental, Model } from '../../runner/compile/types.ts';
import { type ModelParts, model } from './manifest.ts';

/** Makes an incremental model: `delete+insert` on column `id` where not told otherwise. */
export function incrementalModel(
  name: string,
  parts: ModelParts,
  incremental: Partial<Incremental> = {},
): Model {
  return model(name, {
    ...parts,
    materialized: 'incremental',
    incremental: {
      strategy: 'delete+insert',
      uniqueKey: ['id'],
      onSchemaChange: 'ignore',
      updateColumns: undefined,
      excludeColumns: [],
      predicates: [],
      deleteMarker: undefined,
      mayRepeatKeys: false,
      isFullRefresh: false,
      compiledAs: undefined,
      ...incremental,
    },
  });
}
