// A node's config from its layers: project folders, YAML, the file itself; typed and checked.

import { z } from 'zod';
import { nearestName, type Place, UserError } from '../../core/errors.ts';
import type { ConfigLayer } from '../project/types.ts';

const tags = z
  .union([z.string(), z.array(z.string())], 'expected a tag or a list of tags')
  .transform((value) => (typeof value === 'string' ? [value] : value));
const boolean = z.boolean('expected true or false');
const name = z.string('expected a name');
const map = z.record(z.string(), z.unknown(), 'expected a map');
const common = {
  enabled: boolean.optional(),
  tags: tags.optional(),
  meta: map.optional(),
  docs: map.optional(),
};
const index = z.strictObject({
  columns: z.array(name, 'expected a list of columns').min(1, 'an index has at least one column'),
  unique: boolean.default(false),
  type: name.optional(),
});
const persistDocs = z.strictObject({
  relation: boolean.default(false),
  columns: boolean.default(false),
});
const built = {
  ...common,
  schema: name.nullish(),
  alias: name.nullish(),
  database: name.nullish(),
  indexes: z.array(index, 'expected a list of indexes').optional(),
  persist_docs: persistDocs.optional(),
  full_refresh: boolean.optional(),
};

const shapes = {
  model: z.strictObject({
    ...built,
    materialized: z
      .enum(['view', 'table'], 'this version builds `view` and `table`')
      .default('view'),
  }),
  seed: z.strictObject({
    ...built,
    delimiter: z.string().length(1, 'expected one character').default(','),
    column_types: z.record(z.string(), z.string(), 'expected types by column name').default({}),
    quote_columns: boolean.optional(),
  }),
  test: z.strictObject({
    ...common,
    severity: z
      .string()
      .transform((value) => value.toLowerCase())
      .pipe(z.enum(['error', 'warn'], 'expected `error` or `warn`'))
      .default('error'),
    warn_if: name.default('!= 0'),
    error_if: name.default('!= 0'),
    fail_calc: name.default('count(*)'),
    limit: z.number('expected a number of rows').int().positive().optional(),
    where: name.optional(),
  }),
  source: z.strictObject({ ...common }),
};

/** The kinds of node that have a config. */
export type ConfigKind = keyof typeof shapes;

/** A node's config after all layers. */
export type Config<Kind extends ConfigKind> = z.infer<(typeof shapes)[Kind]>;

/** Configs that dbt acts on and this version does not: refused, never passed over. */
const unsupported = new Set([
  ...[
    'pre_hook',
    'post_hook',
    'pre-hook',
    'post-hook',
    'sql_header',
    'grants',
    'contract',
    'group',
  ],
  ...['access', 'unique_key', 'incremental_strategy', 'incremental_predicates', 'on_schema_change'],
  ...['event_time', 'begin', 'batch_size', 'lookback', 'concurrent_batches', 'unlogged', 'quoting'],
  ...['store_failures', 'store_failures_as', 'freshness', 'on_configuration_change', 'packages'],
]);

/**
 * Merges the layers of a node's config, later ones winning; tags add up and meta merges.
 * Faults go to `faults`; undefined is returned when there are any.
 */
export function resolveConfig<Kind extends ConfigKind>(
  kind: Kind,
  layers: readonly ConfigLayer[],
  faults: UserError[],
): Config<Kind> | undefined {
  const merged: Record<string, unknown> = {};
  const places = new Map<string, Place>();
  const allTags: unknown[] = [];
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer.values)) {
      places.set(key, layer.placeOf(key));
      if (key === 'tags' && (typeof value === 'string' || Array.isArray(value))) {
        allTags.push(...[value].flat());
        merged[key] = [...new Set(allTags)];
      } else if (key === 'meta' && isMap(merged[key]) && isMap(value)) {
        merged[key] = { ...merged[key], ...value };
      } else merged[key] = value;
    }
  }
  const shape = shapes[kind];
  const known = Object.keys(shape.shape);
  const unknown = Object.keys(merged).filter((key) => !known.includes(key));
  faults.push(...unknown.map((key) => unknownFault(key, known, places.get(key))));
  const parsed = shape.safeParse(
    Object.fromEntries(Object.entries(merged).filter(([key]) => known.includes(key))),
    { reportInput: true },
  );
  if (!parsed.success) {
    faults.push(...parsed.error.issues.map((issue) => configFault(issue, places)));
    return undefined;
  }
  // as: `shape` is the shape of `kind`, which the compiler does not follow through the index
  return unknown.length > 0 ? undefined : (parsed.data as Config<Kind>);
}

function unknownFault(key: string, known: readonly string[], where: Place | undefined): UserError {
  if (unsupported.has(key)) {
    return new UserError(`config \`${key}\` is not supported yet`, {
      where,
      hint: 'remove it: the runner refuses what it would otherwise pass over',
    });
  }
  const nearest = nearestName(key, known);
  return new UserError(`unknown config \`${key}\``, {
    where,
    hint: nearest ? `did you mean \`${nearest}\`?` : 'keys of your own belong under `meta`',
  });
}

function configFault(issue: z.core.$ZodIssue, places: ReadonlyMap<string, Place>): UserError {
  const path = issue.path.map(String);
  const found = issue.input === undefined ? 'is missing' : `is \`${JSON.stringify(issue.input)}\``;
  const what =
    issue.code === 'unrecognized_keys'
      ? `config \`${path.join('.')}\` has an unknown key \`${issue.keys.join('`, `')}\``
      : `config \`${path.join('.')}\` ${found}: ${issue.message}`;
  return new UserError(what, { where: places.get(path[0] ?? '') });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
