// The configs of each kind of node: one schema gives types, checks, known keys and completion in editors.

import { z } from 'zod';
import { nearestName } from '../../core/errors.ts';
import { index } from './indexes.ts';
import { builtMeta, hooks } from './runner-config.ts';
import {
  boolean,
  count,
  docs,
  freshness,
  map,
  modelFreshness,
  name,
  object,
  oneOf,
  quoting,
  tags,
  text,
  textOrList,
} from './values.ts';

const enabledTagsMeta = {
  enabled: boolean.optional(),
  tags: tags.optional(),
  meta: map.optional(),
};
const common = { ...enabledTagsMeta, group: name.nullish() };
const persistDocs = object({ relation: boolean.default(false), columns: boolean.default(false) });
const built = {
  ...common,
  meta: builtMeta.optional(),
  docs: docs.optional(),
  schema: name.nullish(),
  alias: name.nullish(),
  database: name.nullish(),
  indexes: z.array(index, 'expected a list of indexes').optional(),
  persist_docs: persistDocs.optional(),
  full_refresh: boolean.nullish(),
  'pre-hook': hooks.optional(),
  'post-hook': hooks.optional(),
  grants: z
    .record(
      z.string(),
      textOrList.transform((given) => [given].flat()),
      'expected grantees by privilege',
    )
    .optional(),
  quoting: quoting.optional(),
  column_types: z
    .record(z.string(), z.string('expected a type'), 'expected types by column name')
    .optional(),
  unlogged: boolean.optional(),
  event_time: text.nullish(),
  contract: object({
    enforced: boolean.optional(),
    alias_types: boolean.optional(),
  }).optional(),
  packages: textOrList.optional(),
};
const uniqueKey = z.union([text, z.array(text)], 'expected a column or a list of columns');
const batchSize = oneOf(['hour', 'day', 'month', 'year']);

const materializations = [
  'view',
  'table',
  'incremental',
  'ephemeral',
  'materialized_view',
] as const;
/** A project may define materializations of its own, so only what looks like a slip is refused here. */
const materialized = name.refine(
  (given) =>
    materializations.some((known) => known === given) ||
    nearestName(given, materializations) === undefined,
  'expected `view`, `table`, `incremental`, `ephemeral` or `materialized_view`',
);

const model = object({
  ...built,
  materialized: materialized.default('view'),
  sql_header: text.nullish(),
  access: oneOf(['private', 'protected', 'public']).optional(),
  unique_key: uniqueKey.nullish(),
  incremental_strategy: name.nullish(),
  incremental_predicates: textOrList.nullish(),
  predicates: textOrList.nullish(),
  merge_update_columns: textOrList.nullish(),
  merge_exclude_columns: textOrList.nullish(),
  on_schema_change: oneOf(['ignore', 'append_new_columns', 'sync_all_columns', 'fail']).optional(),
  on_configuration_change: oneOf(['apply', 'continue', 'fail']).optional(),
  batch_size: batchSize.nullish(),
  begin: text.nullish(),
  lookback: count.nullish(),
  concurrent_batches: boolean.nullish(),
  freshness: modelFreshness.nullish(),
});

const seed = object({
  ...built,
  delimiter: z.string().length(1, 'expected one character').default(','),
  column_types: z
    .record(z.string(), z.string('expected a type'), 'expected types by column name')
    .default({}),
  quote_columns: boolean.nullish(),
});

const snapshot = object({
  ...built,
  strategy: name.optional(),
  unique_key: uniqueKey.optional(),
  check_cols: z
    .union([z.literal('all'), text, z.array(text)], 'expected `all` or columns')
    .optional(),
  updated_at: text.optional(),
  target_schema: name.nullish(),
  target_database: name.nullish(),
  hard_deletes: oneOf(['ignore', 'invalidate', 'new_record']).optional(),
  invalidate_hard_deletes: boolean.optional(),
  dbt_valid_to_current: text.nullish(),
  snapshot_meta_column_names: object({
    dbt_valid_from: text.nullish(),
    dbt_valid_to: text.nullish(),
    dbt_scd_id: text.nullish(),
    dbt_updated_at: text.nullish(),
    dbt_is_deleted: text.nullish(),
  }).optional(),
});

const test = object({
  ...common,
  severity: z
    .string('expected `error` or `warn`')
    .transform((value) => value.toLowerCase())
    .pipe(oneOf(['error', 'warn']))
    .default('error'),
  warn_if: text.default('!= 0'),
  error_if: text.default('!= 0'),
  fail_calc: text.default('count(*)'),
  limit: z
    .number('expected a number of rows')
    .int('expected a number of rows')
    .positive('expected a number of rows')
    .nullish()
    .transform((value) => value ?? undefined),
  where: text.nullish().transform((value) => value ?? undefined),
  store_failures: boolean.nullish(),
  store_failures_as: oneOf(['ephemeral', 'table', 'view']).nullish(),
  schema: name.nullish(),
  database: name.nullish(),
  alias: name.nullish(),
  sql_header: text.nullish(),
});

const source = object({
  ...enabledTagsMeta,
  event_time: text.nullish(),
  freshness: freshness.nullish(),
  loaded_at_field: text.nullish(),
  loaded_at_query: text.nullish(),
});

/** Schemas of the configs, by kind of node; defaults are dbt's. */
export const configSchemas = {
  model,
  seed,
  snapshot,
  test,
  source,
  analysis: object({ ...common, docs: docs.optional() }),
  exposure: object(enabledTagsMeta),
  unitTest: object(enabledTagsMeta),
  group: object({ meta: map.optional() }),
  macro: object({ meta: map.optional(), docs: docs.optional() }),
  column: object({ meta: map.optional(), tags: tags.optional() }),
  semanticModel: object(common),
  metric: object(common),
  savedQuery: object({
    ...common,
    schema: name.nullish(),
    export_as: oneOf(['table', 'view', 'cache']).nullish(),
    cache: object({ enabled: boolean.nullish() }).nullish(),
  }),
  export: object({
    export_as: oneOf(['table', 'view', 'cache']).nullish(),
    schema: name.nullish(),
    alias: name.nullish(),
    database: name.nullish(),
  }),
};

/** A second spelling of a config: hooks stand with a hyphen in dbt_project.yml and an underscore elsewhere. */
export const configAliases: Readonly<Record<string, string>> = {
  pre_hook: 'pre-hook',
  post_hook: 'post-hook',
};

/** Configs of other databases that dbt reads and PostgreSQL has no use for: never a fault. */
export const foreignConfigs: ReadonlySet<string> = new Set([
  ...['as_columnstore', 'auto_liquid_cluster', 'auto_refresh', 'automatic_clustering', 'backup'],
  ...['base_location_root', 'base_location_subpath', 'bind', 'buckets', 'catalog', 'catalog_name'],
  ...['cluster_by', 'clustered_by', 'compression', 'copy_grants', 'databricks_compute'],
  ...['databricks_tags', 'dist', 'enable_refresh', 'external_volume', 'file_format'],
  ...['grant_access_to', 'hours_to_expiration', 'include_full_name_in_path', 'initialize'],
  ...['kms_key_name', 'labels', 'labels_from_meta', 'liquid_clustered_by', 'location'],
  ...['location_root', 'matched_condition', 'max_staleness', 'merge_with_schema_evolution'],
  ...['not_matched_by_source_action', 'not_matched_by_source_condition', 'not_matched_condition'],
  ...['partition_by', 'partition_expiration_days', 'partitions', 'query_tag'],
  ...['refresh_interval_minutes', 'refresh_mode', 'require_partition_filter', 'row_access_policy'],
  ...['secure', 'skip_matched_step', 'skip_not_matched_step', 'snowflake_warehouse', 'sort'],
  ...['sort_type', 'source_alias', 'static_analysis', 'table_format', 'table_tag', 'table_type'],
  ...['target_alias', 'target_lag', 'tblproperties', 'tmp_relation_type', 'transient'],
]);
