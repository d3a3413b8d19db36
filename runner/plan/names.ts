// Names of what belongs to a relation: unique by a hash of all that tells them apart.

import { createHash } from 'node:crypto';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import type { ConstraintConfig, StatisticsConfig } from '../compile/design.ts';
import type { IndexConfig, RelationName } from '../compile/types.ts';

/** Returns as much of `stem` as fits before a suffix that holds a hash of `parts`. */
export function hashedName(stem: string, role: string, parts: readonly string[]): string {
  const hash = hashOf(parts);
  const suffix = `__${role}_${hash}`;
  let kept = stem;
  while (Buffer.byteLength(kept + suffix) > maxIdentifierBytes)
    kept = [...kept].slice(0, -1).join('');
  return kept + suffix;
}

/** Returns the published name of an index from config: the same for every run. */
export function indexName(relation: RelationName, index: IndexConfig): string {
  if (index.name !== undefined) return index.name;
  return hashedName(relation.identifier, 'idx', [
    relation.schema,
    relation.identifier,
    ...indexParts(index),
  ]);
}

/** Returns a hash of all that a config says of an index but its name. */
export function indexHash(index: IndexConfig): string {
  return hashOf(indexParts(index));
}

/** Beyond dbt's keys only what is given counts, so that the name of an index outlives new keys. */
function indexParts(index: IndexConfig): readonly string[] {
  const { columns, unique, type, name: _, ...rest } = index;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const extras = given.length === 0 ? [] : [JSON.stringify(given.sort())];
  return [type ?? 'btree', String(unique), ...columns, ...extras];
}

/** Returns the published name of a constraint from config. */
export function constraintName(relation: RelationName, constraint: ConstraintConfig): string {
  if (constraint.name !== undefined) return constraint.name;
  const role = constraintRoles[constraint.type];
  return hashedName(relation.identifier, role, [
    relation.schema,
    relation.identifier,
    constraintHash(constraint),
  ]);
}

const constraintRoles: Readonly<Record<ConstraintConfig['type'], string>> = {
  not_null: 'notnull',
  unique: 'key',
  primary_key: 'pk',
  foreign_key: 'fk',
  check: 'check',
  custom: 'con',
};

/** Returns a hash of all that a config says of a constraint but its name. */
export function constraintHash({ name: _, ...constraint }: ConstraintConfig): string {
  return hashOf([JSON.stringify(constraint)]);
}

/** Returns the published name of statistics from config. */
export function statisticsName(relation: RelationName, statistics: StatisticsConfig): string {
  return hashedName(relation.identifier, 'stat', [
    relation.schema,
    relation.identifier,
    JSON.stringify(statistics),
  ]);
}

/** Returns the published name of a partition: what it holds, then a hash. */
export function partitionName(relation: RelationName, bound: string): string {
  // The first value of the bound: quoted, or as numbers and NULL stand there.
  const [, quoted, bare] = /\((?:'([^']*)'|([^,)]*))/.exec(bound) ?? [];
  const first = quoted ?? bare ?? 'default';
  const label = first
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .slice(0, 20);
  const stem = [...relation.identifier].slice(0, 24).join('');
  return hashedName(`${stem}_${label}`, 'part', [relation.schema, relation.identifier, bound]);
}

/** The comment on what a config names itself: it tells that a config made it, and from what. */
export function configuredMark(hash: string): string {
  return `made from the project's config (${hash})`;
}

/** Tells whether an index came from a config, of this run or of one before. */
export function isConfiguredIndex(name: string, comment?: string | undefined): boolean {
  return /__idx_[0-9a-f]{12}$/.test(name) || isMarked(comment);
}

/** Tells whether a constraint came from a config. */
export function isConfiguredConstraint(name: string, comment?: string | undefined): boolean {
  return /__(?:key|pk|fk|check|con)_[0-9a-f]{12}$/.test(name) || isMarked(comment);
}

/** Tells whether statistics came from a config. */
export function isConfiguredStatistics(name: string): boolean {
  return /__stat_[0-9a-f]{12}$/.test(name);
}

function isMarked(comment: string | undefined): boolean {
  return comment !== undefined && /^made from the project's config \([0-9a-f]{12}\)$/.test(comment);
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
}

/** Returns what an index or a constraint is called while its name is still taken by the relation before. */
export function nextName(relation: RelationName, name: string): string {
  return hashedName(name, 'next', [relation.schema, relation.identifier, name]);
}

/** Returns what an index or a constraint of the retired relation is called. */
export function oldName(relation: RelationName, name: string): string {
  return hashedName(name, 'old', [relation.schema, relation.identifier, name]);
}
