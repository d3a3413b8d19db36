// Indexes of a stage and of a live table: from config, and made by hand.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import type { IndexConfig, RelationName } from '../compile/types.ts';
import { configuredMark, indexHash, indexName, isConfiguredIndex, nextName } from './names.ts';
import { quoteRelation, withOptions } from './statements.ts';
import type { ColumnState, IndexState, PublishedStep, RelationState, Statement } from './types.ts';

/** Creates an index from a config under a name; `concurrently` where others write meanwhile. */
export function createIndex(
  index: IndexConfig,
  name: string,
  on: RelationName,
  how: 'plain' | 'concurrently' = 'plain',
): Statement {
  const parts = [
    `create ${index.unique ? 'unique ' : ''}index ${how === 'plain' ? '' : 'concurrently '}${quoteIdentifier(name)}`,
    `on ${quoteRelation(on)} using ${quoteIdentifier(index.type ?? 'btree')}`,
    `(${index.columns.map(columnOrSql).join(', ')})`,
    index.include && `include (${index.include.map(quoteIdentifier).join(', ')})`,
    index.nullsNotDistinct && 'nulls not distinct',
    index.storageParameters && withOptions(optionsOf(index.storageParameters)).trim(),
    index.tablespace && `tablespace ${quoteIdentifier(index.tablespace)}`,
    index.where && `where ${index.where}`,
  ];
  return {
    sql: parts.filter(Boolean).join(' '),
    purpose: `index on ${index.columns.join(', ')}`,
  };
}

/** Marks an index that the config names itself, so that a later run knows where it came from. */
export function markIndex(
  index: IndexConfig,
  name: string,
  on: RelationName,
): readonly Statement[] {
  if (index.name === undefined) return [];
  const mark = quoteLiteral(configuredMark(indexHash(index)));
  const sql = `comment on index ${quoteQualified(on.schema, name)} is ${mark}`;
  return [{ sql, purpose: 'mark an index of the config' }];
}

/** The indexes of a stage: those that the config asks for, and those made by hand before. */
export function indexStatements(
  step: PublishedStep,
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
): readonly Statement[] {
  const configured = step.finishing.indexes.flatMap((index) => {
    const name = nextName(step.relation, indexName(step.relation, index));
    return [createIndex(index, name, step.staged), ...markIndex(index, name, step.staged)];
  });
  const carried = carriedIndexes(current, columns, step).map((index): Statement => {
    const name = quoteIdentifier(nextName(step.relation, index.name));
    const on = quoteRelation(step.staged);
    return {
      sql: `create ${index.unique ? 'unique ' : ''}index ${name} on ${on} ${index.tail}`,
      purpose: `index ${index.name}, made by hand`,
    };
  });
  return [...configured, ...carried];
}

/** Returns the indexes of the relation before that no config made, and whose columns live on. */
export function carriedIndexes(
  current: RelationState | undefined,
  columns: readonly ColumnState[] | undefined,
  step: PublishedStep,
): readonly IndexState[] {
  if (current === undefined || current.kind === 'view') return [];
  const configured = new Set(step.finishing.indexes.map((it) => indexName(step.relation, it)));
  return current.indexes.filter(
    ({ name, comment, columns: read }) =>
      !isConfiguredIndex(name, comment) &&
      !configured.has(name) &&
      read.every((column) => columns?.some((it) => it.name === column)),
  );
}

/** Indexes of a live table that are to be made, and those of configs before that are to go. */
export function indexChanges(
  step: PublishedStep,
  current: RelationState,
): { readonly missing: readonly IndexConfig[]; readonly obsolete: readonly IndexState[] } {
  const wanted = new Map(
    step.finishing.indexes.map((index) => [indexName(step.relation, index), index]),
  );
  const isKept = (state: IndexState): boolean => {
    const index = wanted.get(state.name);
    if (index === undefined) return !isConfiguredIndex(state.name, state.comment);
    return index.name === undefined || state.comment === configuredMark(indexHash(index));
  };
  const obsolete = current.indexes.filter((state) => !isKept(state));
  const kept = new Set(current.indexes.filter(isKept).map(({ name }) => name));
  return {
    missing: [...wanted].filter(([name]) => !kept.has(name)).map(([, index]) => index),
    obsolete,
  };
}

/** A name of a column in quotes; any other text is SQL of the user's own. */
export function columnOrSql(text: string): string {
  const quoted = /^"((?:[^"]|"")+)"$/.exec(text)?.[1];
  if (quoted !== undefined) return quoteIdentifier(quoted.replaceAll('""', '"'));
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(text) ? quoteIdentifier(text) : text;
}

/** Storage parameters as the catalog has them: `fillfactor=70`. */
export function optionsOf(parameters: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
}
