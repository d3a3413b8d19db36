// How an incremental model takes in new rows, from its configs, whose combinations are checked here.

import { type Place, UserError } from '../../core/errors.ts';
import type { Config } from './config.ts';
import type { Incremental, IncrementalStrategy } from './types.ts';

const strategies: readonly IncrementalStrategy[] = [
  'append',
  'delete+insert',
  'merge',
  'insert_on_conflict',
  'microbatch',
];

/** What of a model decides how it takes in rows. */
export interface IncrementalFacts {
  readonly config: Config<'model'>;
  readonly path: string;
  readonly placeOf: (config: string) => Place;
  /** From --full-refresh; the model's own config wins. */
  readonly fullRefresh: boolean;
}

/**
 * Reads the configs of an incremental model.
 * @throws {UserError} for a strategy that is not known, and for configs that contradict each other.
 */
export function incrementalOf(facts: IncrementalFacts): Incremental {
  const { config, placeOf } = facts;
  const uniqueKey = listOf(config.unique_key);
  const strategy = strategyOf(facts, uniqueKey);
  const meta = config.meta?.runner ?? {};
  const update = config.merge_update_columns;
  const exclude = config.merge_exclude_columns;
  const refuse = (key: string, message: string, hint: string): never => {
    throw new UserError(message, { where: placeOf(key), hint });
  };
  if (filled(update) && filled(exclude)) {
    refuse(
      'merge_exclude_columns',
      '`merge_update_columns` and `merge_exclude_columns` exclude each other',
      'keep one of them',
    );
  }
  if ((filled(update) || filled(exclude)) && !['merge', 'insert_on_conflict'].includes(strategy)) {
    refuse(
      filled(update) ? 'merge_update_columns' : 'merge_exclude_columns',
      `\`${filled(update) ? 'merge_update_columns' : 'merge_exclude_columns'}\` is for \`merge\` and \`insert_on_conflict\`, not for \`${strategy}\``,
      'set `incremental_strategy: merge`',
    );
  }
  const predicates = listOf(config.incremental_predicates ?? config.predicates);
  if (predicates.length > 0 && !['merge', 'delete+insert'].includes(strategy)) {
    refuse(
      'incremental_predicates',
      `\`incremental_predicates\` is for \`merge\` and \`delete+insert\`, not for \`${strategy}\``,
      'remove it, or change the strategy',
    );
  }
  if (uniqueKey.length === 0 && strategy === 'insert_on_conflict') {
    refuse(
      'incremental_strategy',
      '`insert_on_conflict` needs a `unique_key`',
      'name the columns of a unique index',
    );
  }
  if (meta.delete_marker && (uniqueKey.length === 0 || !takesMarker.has(strategy))) {
    refuse(
      'meta',
      '`delete_marker` removes the row of a key: it needs a `unique_key`, and `merge`, `delete+insert` or `insert_on_conflict`',
      'set both, or remove it',
    );
  }
  if (meta.allow_duplicate_keys === true && strategy !== 'delete+insert') {
    refuse(
      'meta',
      `\`allow_duplicate_keys\` is for \`delete+insert\`, not for \`${strategy}\``,
      'set `incremental_strategy: delete+insert`',
    );
  }
  return {
    strategy,
    uniqueKey,
    onSchemaChange: config.on_schema_change ?? 'ignore',
    updateColumns: filled(update) ? listOf(update) : undefined,
    excludeColumns: listOf(exclude),
    predicates,
    deleteMarker: meta.delete_marker ?? undefined,
    mayRepeatKeys: meta.allow_duplicate_keys === true,
    isFullRefresh: config.full_refresh ?? facts.fullRefresh,
    compiledAs: undefined,
  };
}

const takesMarker: ReadonlySet<IncrementalStrategy> = new Set([
  'merge',
  'delete+insert',
  'insert_on_conflict',
]);

/** dbt's default on PostgreSQL; blanks, `-` and `+` in a name mean the same as `_`. */
function strategyOf(
  { config, placeOf }: IncrementalFacts,
  uniqueKey: readonly string[],
): IncrementalStrategy {
  const given = config.incremental_strategy;
  if (!given || given === 'default') return uniqueKey.length > 0 ? 'delete+insert' : 'append';
  const plain = (name: string): string => name.toLowerCase().replace(/[\s+-]+/g, '_');
  const found = strategies.find((strategy) => plain(strategy) === plain(given));
  if (found !== undefined) return found;
  throw new UserError(`there is no incremental strategy \`${given}\``, {
    where: placeOf('incremental_strategy'),
    hint: `use ${strategies.map((strategy) => `\`${strategy}\``).join(', ')}`,
  });
}

function listOf(given: string | readonly string[] | null | undefined): readonly string[] {
  return given === null || given === undefined ? [] : [given].flat();
}

function filled(given: string | readonly string[] | null | undefined): boolean {
  return listOf(given).length > 0;
}
