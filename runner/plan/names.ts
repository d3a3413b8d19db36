// Names of what belongs to a relation: unique by a hash of all that tells them apart.

import { createHash } from 'node:crypto';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import type { IndexConfig, RelationName } from '../compile/types.ts';

/** Returns as much of `stem` as fits before a suffix that holds a hash of `parts`. */
export function hashedName(stem: string, role: string, parts: readonly string[]): string {
  const hash = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
  const suffix = `__${role}_${hash}`;
  let kept = stem;
  while (Buffer.byteLength(kept + suffix) > maxIdentifierBytes)
    kept = [...kept].slice(0, -1).join('');
  return kept + suffix;
}

/** Returns the published name of an index from config: the same for every run. */
export function indexName(relation: RelationName, index: IndexConfig): string {
  return hashedName(relation.identifier, 'idx', [
    relation.schema,
    relation.identifier,
    index.type ?? 'btree',
    String(index.unique),
    ...index.columns,
  ]);
}

/** Tells whether an index came from a config, of this run or of one before. */
export function isConfiguredIndex(name: string): boolean {
  return /__idx_[0-9a-f]{12}$/.test(name);
}

/** Returns what an index or a constraint is called while its name is still taken by the relation before. */
export function nextName(relation: RelationName, name: string): string {
  return hashedName(name, 'next', [relation.schema, relation.identifier, name]);
}

/** Returns what an index or a constraint of the retired relation is called. */
export function oldName(relation: RelationName, name: string): string {
  return hashedName(name, 'old', [relation.schema, relation.identifier, name]);
}
