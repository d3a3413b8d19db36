// A snapshot: its query, and the configs that say how versions are told apart.

import { type Place, UserError } from '../../core/errors.ts';
import { noteHookReads } from './complete-design.ts';
import type { Config } from './config.ts';
import { type Expected, parentsOf } from './late.ts';
import { makeDesign } from './make-design.ts';
import { refusalsOf } from './refusals.ts';
import { renderModel } from './render-model.ts';
import { builtFields, type ResolvedSnapshot, type Resolver } from './resolve.ts';
import type { NodeId, Snapshot, SnapshotColumns } from './types.ts';

/**
 * Compiles one snapshot; `expected` are the nodes that it may read, any where it is not late.
 * @throws {UserError} for a config that it cannot do without.
 */
export function compileSnapshot(
  resolver: Resolver,
  snapshot: ResolvedSnapshot,
  expected?: Expected,
): Snapshot {
  const dependsOn = new Set<NodeId>(expected);
  const fields = snapshotFields(snapshot);
  const { rendered } = renderModel(resolver, snapshot, { dependsOn, expected });
  noteHookReads(resolver, snapshot, makeDesign(snapshot.config), { dependsOn, expected });
  return {
    ...fields,
    dependsOn: [...dependsOn].sort(),
    compiledSql: rendered.text,
    sqlMap: rendered.map,
  };
}

/** A snapshot whose SQL is still to be made, with the nodes that its template names before it asks. */
export function lateSnapshot(resolver: Resolver, snapshot: ResolvedSnapshot): Snapshot {
  return {
    ...snapshotFields(snapshot),
    dependsOn: parentsOf(resolver, snapshot.parsed.packageName, snapshot.captured.reads),
    compiledSql: '',
    sqlMap: [],
    isLate: true,
  };
}

function snapshotFields(snapshot: ResolvedSnapshot) {
  const { config, parsed, captured } = snapshot;
  const layers = [...parsed.layers, captured.layer];
  const placeOf = (key: string): Place =>
    [...layers]
      .reverse()
      .find((layer) => Object.hasOwn(layer.values, key))
      ?.placeOf(key) ?? parsed.place;
  return {
    kind: 'snapshot' as const,
    uniqueId: snapshot.uniqueId,
    ...builtFields(parsed, config, snapshot),
    ...versionFields(config, placeOf),
    refusals: refusalsOf(config, layers, parsed.path),
    rawSql: parsed.rawSql,
  };
}

function versionFields(config: Config<'snapshot'>, placeOf: (key: string) => Place) {
  const fault = (key: string, message: string, hint: string): never => {
    throw new UserError(message, { where: placeOf(key), hint });
  };
  const strategy = config.strategy ?? 'none';
  if (strategy !== 'timestamp' && strategy !== 'check') {
    const message =
      strategy === 'none'
        ? 'a snapshot needs a `strategy`'
        : `there is no snapshot strategy \`${strategy}\``;
    return fault(
      'strategy',
      message,
      'use `timestamp` with `updated_at`, or `check` with `check_cols`',
    );
  }
  const uniqueKey = [config.unique_key ?? []].flat().filter((part) => part !== '');
  if (uniqueKey.length === 0) {
    fault(
      'unique_key',
      'a snapshot needs a `unique_key`',
      'name the columns that tell its rows apart',
    );
  }
  if (strategy === 'timestamp' && !config.updated_at) {
    fault(
      'strategy',
      'strategy `timestamp` needs `updated_at`',
      'name the column of the last change',
    );
  }
  const checkColumns = config.check_cols === 'all' ? undefined : [config.check_cols ?? []].flat();
  if (strategy === 'check' && checkColumns?.length === 0) {
    fault(
      'strategy',
      'strategy `check` needs `check_cols`',
      'name the columns to compare, or `all`',
    );
  }
  const { hard_deletes: given, invalidate_hard_deletes: isInvalidating } = config;
  if (given !== undefined && isInvalidating !== undefined) {
    fault(
      'invalidate_hard_deletes',
      '`hard_deletes` and `invalidate_hard_deletes` say the same thing twice',
      'keep `hard_deletes`',
    );
  }
  return {
    strategy,
    uniqueKey,
    updatedAt: config.updated_at || undefined,
    checkColumns,
    hardDeletes: given ?? (isInvalidating === true ? 'invalidate' : 'ignore'),
    validToCurrent: config.dbt_valid_to_current || undefined,
    snapshotColumns: columnsOf(config),
  } as const;
}

/** dbt's names without quotes, and so in lower case. */
function columnsOf({ snapshot_meta_column_names: names }: Config<'snapshot'>): SnapshotColumns {
  const named = (given: string | null | undefined, usual: string): string => {
    const name = given || usual;
    return /^\w+$/.test(name) ? name.toLowerCase() : name.replace(/^"(.*)"$/s, '$1');
  };
  return {
    scdId: named(names?.dbt_scd_id, 'dbt_scd_id'),
    updatedAt: named(names?.dbt_updated_at, 'dbt_updated_at'),
    validFrom: named(names?.dbt_valid_from, 'dbt_valid_from'),
    validTo: named(names?.dbt_valid_to, 'dbt_valid_to'),
    isDeleted: named(names?.dbt_is_deleted, 'dbt_is_deleted'),
  };
}
