// A node's config as dbt shows it: all of dbt's keys, with dbt's defaults where nothing is given.

import { builtDefaults } from './config-defaults.ts';
import type { DescribedType } from './described.ts';

type Config = Readonly<Record<string, unknown>>;

const common = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
};

const built = { ...builtDefaults, ...common, materialized: 'view' };

const defaults: Readonly<Record<DescribedType, Config>> = {
  model: { ...built, access: 'protected', freshness: null },
  seed: { ...built, materialized: 'seed', delimiter: ',', quote_columns: null },
  analysis: built,
  snapshot: {
    ...built,
    materialized: 'snapshot',
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: {
      dbt_valid_to: null,
      dbt_valid_from: null,
      dbt_scd_id: null,
      dbt_updated_at: null,
      dbt_is_deleted: null,
    },
    dbt_valid_to_current: null,
  },
  test: {
    ...common,
    schema: 'dbt_test__audit',
    materialized: 'test',
    severity: 'ERROR',
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: 'count(*)',
    warn_if: '!= 0',
    error_if: '!= 0',
  },
  source: {
    enabled: true,
    event_time: null,
    freshness: null,
    loaded_at_field: null,
    loaded_at_query: null,
    meta: {},
    tags: [],
  },
  exposure: { enabled: true, tags: [], meta: {} },
  unit_test: { tags: [], meta: {}, enabled: true },
  metric: { enabled: true, group: null, meta: {} },
  semantic_model: { enabled: true, group: null, meta: {} },
  saved_query: {
    enabled: true,
    group: null,
    meta: {},
    export_as: null,
    schema: null,
    cache: { enabled: false },
  },
};

/** Maps in which keys that are not given have a default of their own. */
const nested = ['docs', 'contract', 'snapshot_meta_column_names'];

/** Lays a config over dbt's defaults. */
export function dbtConfig(type: DescribedType, config: Config): Config {
  const base = defaults[type];
  const given = Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined && value !== null),
  );
  const whole: Record<string, unknown> = { ...base, ...given };
  for (const key of nested) {
    if (isMap(base[key]) && isMap(whole[key])) whole[key] = { ...base[key], ...whole[key] };
  }
  if (type === 'test' && whole['severity'] === 'error') whole['severity'] = 'ERROR';
  return whole;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
