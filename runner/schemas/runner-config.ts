// Configs of the runner that dbt has no word for. They stand under `meta.runner`, where dbt passes them over.

import { z } from 'zod';
import { index, storageParameters } from './indexes.ts';
import { boolean, name, object, oneOf, text } from './values.ts';

const hook = z.union(
  [text, object({ sql: text, transaction: boolean.default(true), index: z.number().nullish() })],
  'expected SQL, or a map with `sql` and `transaction`',
);

/** SQL to run before or after a node: text, a list of it, or maps with `sql` and `transaction`. */
export const hooks = z
  .union([hook, z.array(hook)], 'expected SQL, or a list of it')
  .transform((given) =>
    [given].flat().map((it) => (typeof it === 'string' ? { sql: it, transaction: true } : it)),
  );

const bound = z.union([z.string(), z.number(), z.boolean(), z.null()], 'expected a value');

const partition = object({
  values: z.array(bound, 'expected a list of values').min(1, 'expected a value').optional(),
  from: bound.optional(),
  to: bound.optional(),
}).refine(
  ({ values, from, to }) =>
    (values !== undefined) !== (from !== undefined && to !== undefined) &&
    (from === undefined) === (to === undefined),
  { message: 'a partition has `values`, or `from` and `to`' },
);

const partitionBy = object({
  type: oneOf(['list', 'range']),
  column: name,
  interval: z
    .union(
      [
        z.enum(['hour', 'day', 'week', 'month', 'quarter', 'year']),
        z.number().int().positive('expected a width above 0'),
      ],
      'expected `hour`, `day`, `week`, `month`, `quarter` or `year`, or the width of a range of numbers',
    )
    .optional(),
  partitions: z.array(partition, 'expected a list of partitions').optional(),
  default_partition: boolean.default(false),
}).refine(
  ({ type, interval, partitions }) =>
    type === 'list'
      ? interval === undefined
      : (interval === undefined) !== (partitions === undefined),
  { message: 'a range has an `interval` or `partitions`, and a list has no `interval`' },
);

const statistics = object({
  columns: z
    .array(name, 'expected a list of columns or expressions')
    .min(1, 'expected at least one column'),
  kinds: z
    .array(oneOf(['ndistinct', 'dependencies', 'mcv']), 'expected a list of kinds')
    .optional(),
});

/** What may stand under `meta.runner` of a model, seed or snapshot. */
export const runnerConfig = object({
  indexes: z.array(index, 'expected a list of indexes').optional(),
  partition_by: partitionBy.nullish(),
  storage_parameters: storageParameters.optional(),
  tablespace: name.nullish(),
  statistics: z.array(statistics, 'expected a list of statistics').optional(),
  statistics_targets: z
    .record(
      z.string(),
      z.number().int().min(-1, 'expected -1 to 10000').max(10_000, 'expected -1 to 10000'),
      'expected targets by column',
    )
    .optional(),
  column_storage: z
    .record(
      z.string(),
      oneOf(['plain', 'main', 'external', 'extended']),
      'expected storage by column',
    )
    .optional(),
  column_compression: z
    .record(z.string(), oneOf(['pglz', 'lz4']), 'expected compression by column')
    .optional(),
  analyze: boolean.optional(),
  fill: oneOf(['create_as', 'insert']).optional(),
  after_create: hooks.optional(),
  publish: oneOf(['swap', 'in_place']).optional(),
  /** A boolean column of an incremental model: a row in which it is true removes the row of its key. */
  delete_marker: name.nullish(),
  /** With `delete+insert`: all rows of a key are replaced by all rows of the query with that key. */
  allow_duplicate_keys: boolean.nullish(),
});

/** `meta` of a node that is built: keys of the user's own, and the runner's under `runner`. */
export const builtMeta = z.looseObject({ runner: runnerConfig.nullish() }, 'expected a map');
