import { createHash } from 'node:crypto';
import { maxIdentifierBytes } from '../../core/identifiers.ts';
import type { RelationName } from './types.ts';

/**
 * Returns the name of a helper relation beside `relation`: as much of its name as fits, and a hash of
 * the whole, so that two long names that differ in their last letter do not meet.
 */
export function besideName(relation: RelationName, role: 'staged' | 'retired'): RelationName {
  const hash = createHash('sha256')
    .update(`${relation.schema}\0${relation.identifier}\0${role}`)
    .digest('hex')
    .slice(0, 12);
  const suffix = `__${role}_${hash}`;
  let stem = relation.identifier;
  while (Buffer.byteLength(stem + suffix) > maxIdentifierBytes) stem = stem.slice(0, -1);
  return { schema: relation.schema, identifier: stem + suffix };
}
