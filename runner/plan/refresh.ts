// Whether a materialized view is filled again where it stands, or built aside and swapped.

import { liveGrants } from './grants.ts';
import { createIndex, indexChanges, markIndex } from './indexes.ts';
import { indexName } from './names.ts';
import { commentStatements } from './plan-finish.ts';
import { quoteRelation } from './statements.ts';
import type { IndexState, Refresh, RefreshInput, RelationState, Statement } from './types.ts';

/**
 * Decides from the stage, which has the new definition and no rows yet. The server prints both
 * definitions, so what counts is what they mean and not how they are written.
 */
export function planRefresh(input: RefreshInput): Refresh {
  const { step, current } = input;
  if (current.kind !== 'materialized-view' || current.isPopulated === false) {
    return { kind: 'rebuild' };
  }
  const changes = changesOf(input);
  const isApplied = step.onConfigurationChange === 'apply';
  if (step.onConfigurationChange === 'fail' && changes.length > 0) {
    return refuseChanges(input, changes);
  }
  if (isApplied && hasNewDefinition(input)) return { kind: 'rebuild' };
  const isConcurrent =
    current.indexes.some((index) => isKey(index) && (!isApplied || !isObsolete(input, index))) ||
    (isApplied && missingIndexes(input).some(({ unique, where }) => unique && where === undefined));
  // A swap leaves readers alone where a plain refresh would not, but must not lose what hangs on it.
  if (!isConcurrent && current.dependents.every((dependent) => dependent.kind === 'view')) {
    if (isApplied || changes.length === 0) return { kind: 'rebuild' };
  }
  const name = quoteRelation(step.relation);
  return {
    kind: 'refresh',
    isConcurrent,
    statements: [
      ...(isApplied ? indexStatements(input) : []),
      {
        sql: `refresh materialized view ${isConcurrent ? 'concurrently ' : ''}${name}`,
        purpose: 'fill it again',
      },
      ...commentStatements(step, step.relation, current, current.columns),
      ...liveGrants(step, current),
    ],
    passedOver: isApplied ? [] : changes,
  };
}

function changesOf(input: RefreshInput): readonly string[] {
  const { current } = input;
  const changes = hasNewDefinition(input) ? ['its definition'] : [];
  for (const index of missingIndexes(input))
    changes.push(`an index on ${index.columns.join(', ')}`);
  for (const index of current.indexes) {
    if (isObsolete(input, index)) changes.push(`no index \`${index.name}\``);
  }
  return changes;
}

function hasNewDefinition({ current, staged }: RefreshInput): boolean {
  return current.definition !== staged.definition;
}

function missingIndexes({ step, current }: RefreshInput) {
  return indexChanges(step, current).missing;
}

/** An index of a config of before that the config of now does not have. */
function isObsolete({ step, current }: RefreshInput, index: IndexState): boolean {
  return indexChanges(step, current).obsolete.includes(index);
}

function indexStatements(input: RefreshInput): readonly Statement[] {
  const { step, current } = input;
  const { schema } = step.relation;
  return [
    ...current.indexes
      .filter((index) => isObsolete(input, index))
      .map((index) => ({
        sql: `drop index ${quoteRelation({ schema, identifier: index.name })}`,
        purpose: 'drop an index that the config no longer has',
      })),
    ...missingIndexes(input).flatMap((index) => {
      const name = indexName(step.relation, index);
      return [createIndex(index, name, step.relation), ...markIndex(index, name, step.relation)];
    }),
  ];
}

/** A unique index over plain columns and all rows: what `refresh … concurrently` asks for. */
function isKey(index: IndexState): boolean {
  return index.unique && /^USING \w+ \([^()]*\)/.test(index.tail) && !/ WHERE /.test(index.tail);
}

function refuseChanges(
  { step }: { readonly step: RefreshInput['step']; readonly current: RelationState },
  changes: readonly string[],
): Refresh {
  return {
    kind: 'refuse',
    reason: `\`${step.relation.schema}.${step.relation.identifier}\` would change (${changes.join(', ')}), and \`on_configuration_change\` is \`fail\``,
    hint: 'set it to `apply`, or build with --full-refresh',
  };
}
