// What dbt's configs hold where nobody has set them: `config.get('alias', 'x')` is none, not `x`.

import { fromJson } from '../../core/template/json.ts';
import type { Value } from '../../core/template/values.ts';

const ofEvery = { enabled: true, alias: null, schema: null, database: null, group: null };

/** dbt's configs of every node that is built. */
export const builtDefaults = {
  ...ofEvery,
  batch_size: null,
  lookback: 1,
  begin: null,
  incremental_strategy: null,
  persist_docs: {},
  'post-hook': [],
  'pre-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};

/** The configs of a kind that are there without being set, with dbt's values. */
export const configDefaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  model: { ...builtDefaults, tags: [], meta: {}, access: 'protected', freshness: null },
  seed: {
    ...builtDefaults,
    ...{ tags: [], meta: {}, materialized: 'seed', delimiter: ',', quote_columns: null },
  },
  snapshot: {
    ...builtDefaults,
    ...{ tags: [], meta: {}, materialized: 'snapshot', strategy: null, check_cols: null },
    ...{ target_schema: null, target_database: null, updated_at: null },
    ...{ dbt_valid_to_current: null, snapshot_meta_column_names: {} },
  },
  test: {
    ...ofEvery,
    ...{ tags: [], meta: {}, schema: 'dbt_test__audit', materialized: 'test', where: null },
    ...{ limit: null, store_failures: null, store_failures_as: null },
  },
};

/** Returns a config of a node as `config.get` finds it; undefined where dbt knows of none. */
export function configOf(
  kind: string,
  config: Readonly<Record<string, unknown>>,
  name: string,
): Value | undefined {
  const own = Object.hasOwn(config, name) ? config[name] : undefined;
  if (own !== undefined) return fromJson(own);
  // dbt finds its own under the name with an underscore alone.
  if (name === 'post-hook' || name === 'pre-hook') return undefined;
  const defaults = configDefaults[kind] ?? {};
  return Object.hasOwn(defaults, name) ? fromJson(defaults[name]) : undefined;
}
