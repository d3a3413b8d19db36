// Property files: what dbt lets people say of models, seeds, sources and all else, in YAML.

import { z } from 'zod';
import { configAliases, configSchemas } from './configs.ts';
import { builtMeta } from './runner-config.ts';
import {
  boolean,
  columnConstraint,
  date,
  docs,
  freshness,
  granularity,
  list,
  map,
  modelConstraint,
  name,
  object,
  oneOf,
  optionalText,
  owner,
  quoting,
  tags,
  text,
  textOrList,
  version,
} from './values.ts';

/**
 * A `config:` map: each key may be left out, and hooks have their second spelling. Keys of the
 * user's own pass, for `config.get`; the JSON Schema closes it, so that they are found all the same.
 */
function config<Shape extends z.core.$ZodLooseShape>(schema: z.ZodObject<Shape>) {
  const entries = Object.entries(schema.shape).map(([key, value]) => [key, withoutDefault(value)]);
  const spelled = Object.entries(configAliases).flatMap(([alias, key]) => {
    const value = schema.shape[key];
    return value === undefined || !/hook/.test(key) ? [] : [[alias, withoutDefault(value)]];
  });
  return z
    .looseObject(Object.fromEntries([...entries, ...spelled]), 'expected a map')
    .meta({ additionalProperties: false })
    .nullish();
}

/** A default belongs to the config after all layers, not to each place that may set it. */
function withoutDefault(schema: z.core.SomeType): z.ZodType {
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return z.optional(inner);
}

const test = z.union([text, map], 'expected a test name or a map of one test');
const tests = { tests: list(test).nullish(), data_tests: list(test).nullish() };
const named = { name, description: optionalText };
const metaTags = { meta: map.nullish(), tags: tags.nullish() };

const column = object({
  ...named,
  data_type: text.nullish(),
  quote: boolean.nullish(),
  granularity: granularity.nullish(),
  constraints: list(columnConstraint).nullish(),
  docs: docs.nullish(),
  policy_tags: list(text).nullish(),
  ...metaTags,
  config: config(configSchemas.column),
  ...tests,
});
const node = {
  ...named,
  docs: docs.nullish(),
  ...metaTags,
  columns: list(column).nullish(),
  ...tests,
};
const versionColumn = object({
  ...column.partial().shape,
  include: z.union([z.enum(['all', '*']), z.array(text)], 'expected `all` or columns').optional(),
  exclude: list(text).nullish(),
});
const modelVersion = object({
  v: version,
  defined_in: text.nullish(),
  description: text.nullish(),
  access: oneOf(['private', 'protected', 'public']).nullish(),
  docs: docs.nullish(),
  config: config(configSchemas.model),
  constraints: list(modelConstraint).nullish(),
  columns: list(versionColumn).nullish(),
  deprecation_date: date.nullish(),
  ...tests,
});
const model = object({
  ...node,
  meta: builtMeta.nullish(),
  config: config(configSchemas.model),
  access: oneOf(['private', 'protected', 'public']).nullish(),
  group: name.nullish(),
  constraints: list(modelConstraint).nullish(),
  latest_version: version.nullish(),
  versions: list(modelVersion).nullish(),
  deprecation_date: date.nullish(),
  time_spine: object({
    standard_granularity_column: text,
    custom_granularities: list(object({ name, column_name: text.nullish() })).nullish(),
  }).nullish(),
});
const seed = object({
  ...node,
  meta: builtMeta.nullish(),
  config: config(configSchemas.seed),
  group: name.nullish(),
  quote_columns: boolean.nullish(),
});
const snapshot = object({
  ...node,
  meta: builtMeta.nullish(),
  config: config(configSchemas.snapshot),
  group: name.nullish(),
  relation: text.nullish(),
});
const external = z.looseObject(
  { location: text.nullish(), partitions: z.array(z.unknown()).nullish() },
  'expected a map',
);
const loading = {
  loader: text.nullish(),
  loaded_at_field: text.min(1, 'expected a column').nullish(),
  loaded_at_query: text.nullish(),
  freshness: freshness.nullish(),
  quoting: quoting.nullish(),
};
const sourceTable = object({
  ...node,
  ...loading,
  config: config(configSchemas.source),
  identifier: text.nullish(),
  external: external.nullish(),
});
const source = object({
  ...named,
  ...loading,
  ...metaTags,
  config: config(configSchemas.source),
  schema: text.nullish(),
  database: text.nullish(),
  overrides: name.nullish(),
  tables: list(sourceTable).nullish(),
});
const macro = object({
  ...named,
  docs: docs.nullish(),
  meta: map.nullish(),
  config: config(configSchemas.macro),
  arguments: list(object({ name, type: text.nullish(), description: optionalText })).nullish(),
});
const singularTest = object({
  ...named,
  docs: docs.nullish(),
  ...metaTags,
  config: config(configSchemas.test),
});
const analysis = object({
  ...named,
  docs: docs.nullish(),
  ...metaTags,
  config: config(configSchemas.analysis),
  columns: list(column).nullish(),
});
const exposure = object({
  ...named,
  type: oneOf(['dashboard', 'notebook', 'analysis', 'ml', 'application']),
  owner,
  label: text.nullish(),
  maturity: oneOf(['low', 'medium', 'high']).nullish(),
  url: text.nullish(),
  depends_on: list(text).nullish(),
  ...metaTags,
  config: config(configSchemas.exposure),
});
const group = object({ ...named, owner, config: config(configSchemas.group) });
const rows = z.union([text, z.array(map)], 'expected a list of rows, or text');
const fixture = {
  format: oneOf(['dict', 'csv', 'sql']).nullish(),
  rows: rows.nullish(),
  fixture: text.nullish(),
};
const unitTest = object({
  ...named,
  model: text,
  given: list(object({ input: text, ...fixture })).nullish(),
  expect: object(fixture),
  overrides: object({
    macros: map.nullish(),
    vars: map.nullish(),
    env_vars: map.nullish(),
  }).nullish(),
  versions: object({
    include: list(version).nullish(),
    exclude: list(version).nullish(),
  }).nullish(),
  ...metaTags,
  config: config(configSchemas.unitTest),
});
/** The semantic layer is kept as written: its own tools read it. */
const semantic = { ...named, label: text.nullish() };
const semanticModel = z.looseObject(
  { ...semantic, model: text, config: config(configSchemas.semanticModel) },
  'expected a map',
);
const metric = z.looseObject(
  {
    ...semantic,
    type: oneOf(['simple', 'ratio', 'cumulative', 'derived', 'conversion']),
    config: config(configSchemas.metric),
  },
  'expected a map',
);
const savedQuery = object({
  ...semantic,
  query_params: object({
    metrics: list(text).nullish(),
    group_by: list(text).nullish(),
    where: textOrList.nullish(),
    order_by: list(text).nullish(),
    limit: z.number('expected a number').nullish(),
  }),
  exports: list(object({ name, config: config(configSchemas.export) })).nullish(),
  tags: tags.nullish(),
  config: config(configSchemas.savedQuery),
});

/** The schema of a property file. */
export const propertyFileSchema = object({
  version: z.union([z.literal(2), z.literal(1)], 'must be 2').optional(),
  models: list(model).nullish(),
  seeds: list(seed).nullish(),
  snapshots: list(snapshot).nullish(),
  sources: list(source).nullish(),
  macros: list(macro).nullish(),
  data_tests: list(singularTest).nullish(),
  tests: list(singularTest).nullish(),
  unit_tests: list(unitTest).nullish(),
  exposures: list(exposure).nullish(),
  groups: list(group).nullish(),
  analyses: list(analysis).nullish(),
  semantic_models: list(semanticModel).nullish(),
  metrics: list(metric).nullish(),
  saved_queries: list(savedQuery).nullish(),
  // A place for YAML anchors that several entries share.
  anchors: z.unknown().optional(),
});

/** A property file's content. */
export type PropertyContent = z.infer<typeof propertyFileSchema>;
