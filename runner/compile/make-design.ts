// From configs to the physical design of a node.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import { quoteIdentifier } from '../../core/identifiers.ts';
import type { ConfigLayer } from '../project/types.ts';
import type { Config } from './config.ts';
import type { HookConfig, Partitioning, PhysicalDesign } from './design.ts';
import type { IndexConfig } from './types.ts';

type BuiltConfig = Config<'model'> | Config<'seed'> | Config<'snapshot'>;
type IndexEntry = NonNullable<BuiltConfig['indexes']>[number];
type RunnerConfig = NonNullable<NonNullable<BuiltConfig['meta']>['runner']>;

/** Returns the design that a config asks for; a contract is the compiler's to add. */
export function makeDesign(config: BuiltConfig): PhysicalDesign {
  const own: RunnerConfig = config.meta?.runner ?? {};
  return {
    isUnlogged: config.unlogged ?? false,
    storageParameters: textValues(own.storage_parameters),
    tablespace: own.tablespace ?? undefined,
    partitioning: partitioningOf(own.partition_by),
    statistics: (own.statistics ?? []).map(({ columns, kinds }) => ({
      columns,
      kinds: [...(kinds ?? [])].sort(),
    })),
    statisticsTargets: own.statistics_targets ?? {},
    columnStorage: own.column_storage ?? {},
    columnCompression: own.column_compression ?? {},
    analyze: own.analyze ?? true,
    fill: own.fill ?? (own.after_create === undefined ? 'create_as' : 'insert'),
    afterCreate: hooksOf(own.after_create),
    preHooks: hooksOf(config['pre-hook']),
    postHooks: hooksOf(config['post-hook']),
    sqlHeader: ('sql_header' in config && config.sql_header) || undefined,
    grants: config.grants,
    contract: undefined,
  };
}

/** Returns the indexes of a config, dbt's and those under `meta.runner`. */
export function makeIndexes(config: BuiltConfig): readonly IndexConfig[] {
  return [...(config.indexes ?? []), ...(config.meta?.runner?.indexes ?? [])].map(indexOf);
}

/** Privileges that a role can hold on a relation; `maintain` exists since PostgreSQL 17. */
export const privileges: readonly string[] = [
  ...['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'],
  ...['all', 'all privileges'],
];

/** Where a config was set last; the node's own file where no layer has it. */
export function placeOfConfig(layers: readonly ConfigLayer[], path: string, key: string): Place {
  const names = [key, key.replace('-', '_')];
  for (const layer of [...layers].reverse()) {
    const name = names.find((it) => Object.hasOwn(layer.values, it));
    if (name !== undefined) return layer.placeOf(name);
  }
  return { path };
}

/** Tells what of a design cannot be built, or cannot on a relation of this kind. */
export function designFaults(
  config: BuiltConfig,
  materialized: string,
  layers: readonly ConfigLayer[],
  path: string,
): readonly UserError[] {
  const fault = (key: string, message: string, hint?: string) =>
    new UserError(message, { where: placeOfConfig(layers, path, key), hint });
  const faults: UserError[] = [];
  const names = makeIndexes(config).flatMap(({ name }) => (name === undefined ? [] : [name]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    faults.push(fault('indexes', `two indexes are called \`${twice}\``, 'name one otherwise'));
  }
  for (const privilege of Object.keys(config.grants ?? {})) {
    if (privileges.includes(privilege.toLowerCase())) continue;
    const nearest = nearestName(privilege, privileges);
    const hint =
      nearest === undefined ? `there is ${privileges.join(', ')}` : `did you mean \`${nearest}\`?`;
    faults.push(fault('grants', `there is no privilege \`${privilege}\``, hint));
  }
  const { partitioning, isUnlogged } = makeDesign(config);
  if (partitioning === undefined) return faults;
  if (['view', 'materialized_view', 'snapshot', 'seed'].includes(materialized)) {
    faults.push(fault('meta', `a ${materialized} has no partitions`, 'remove `partition_by`'));
  }
  if (isUnlogged) faults.push(fault('unlogged', 'a partitioned table cannot be unlogged'));
  const fits = partitioning.partitions?.every(
    ({ values }) => (values !== undefined) === (partitioning.type === 'list'),
  );
  if (fits === false) {
    const hint = 'a list has `values`, a range `from` and `to`';
    faults.push(fault('meta', 'a partition does not fit the type of `partition_by`', hint));
  }
  return faults;
}

function indexOf(entry: IndexEntry): IndexConfig {
  const optional = {
    name: entry.name,
    where: entry.where,
    include: entry.include,
    nullsNotDistinct: entry.nulls_not_distinct,
    tablespace: entry.tablespace,
    storageParameters: textValues(entry.with),
  };
  return {
    columns: entry.columns.map(indexColumn),
    unique: entry.unique,
    type: entry.type,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** One element of an index as SQL; a bare name stays one, for it is also what the index is known by. */
function indexColumn(column: IndexEntry['columns'][number]): string {
  if (typeof column === 'string') return column;
  const { expression, collation, operator_class: operatorClass, order, nulls } = column;
  const isPlain = !(collation || operatorClass || order || nulls);
  if (column.column !== undefined && isPlain) return column.column;
  const what = column.column === undefined ? `(${expression})` : quoteIdentifier(column.column);
  const parts = [
    what,
    collation === undefined ? undefined : `collate ${quoteIdentifier(collation)}`,
    operatorClass,
    order,
    nulls === undefined ? undefined : `nulls ${nulls}`,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

function partitioningOf(given: RunnerConfig['partition_by']): Partitioning | undefined {
  if (given == null) return undefined;
  return {
    type: given.type,
    column: given.column,
    interval: given.interval,
    partitions: given.partitions?.map(({ values, from, to }) => ({ values, from, to })),
    hasDefault: given.default_partition,
  };
}

function hooksOf(
  given: readonly { readonly sql: string; readonly transaction: boolean }[] | undefined,
): readonly HookConfig[] {
  return (given ?? []).map(({ sql, transaction }) => ({ sql, transaction }));
}

function textValues(
  given: Readonly<Record<string, string | number | boolean>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (given === undefined) return undefined;
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
}
