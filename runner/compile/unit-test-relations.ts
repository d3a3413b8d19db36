// The relations that a model reads in a unit test: temporary tables under the names of what they stand for.

import { quoteQualified } from '../../core/identifiers.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { makeFunction, type Value } from '../../core/template/values.ts';
import { type RelationValue, relationValue } from './relation-value.ts';
import type { RelationName } from './types.ts';

/** Methods of a relation that print it, with fewer of its parts or otherwise quoted. */
const printing: ReadonlySet<string> = new Set([
  'render',
  'render_limited',
  'include',
  'quote',
  'without_identifier',
]);

/** A relation that has the parts of the node's own and prints as the temporary table. */
export function inputRelation(
  database: string,
  relation: RelationName,
  table: string,
): RelationValue {
  const own = relationValue(database, relation);
  const text = quoteQualified('pg_temp', table);
  const printed: RelationValue = {
    ...own,
    toText: () => text,
    getAttribute: (name): Value | undefined => {
      if (name === 'render' || name === 'render_limited') return makeFunction(name, () => text);
      return printing.has(name) ? makeFunction(name, () => printed) : own.getAttribute(name);
    },
  };
  return printed;
}

/** `this` of a test that gives no rows of it: to be asked for its name, and not to be read. */
export function unusableThis(
  database: string,
  relation: RelationName,
  test: string,
): RelationValue {
  return {
    ...relationValue(database, relation),
    toText: () => {
      throw new ValueFault(
        `unit test \`${test}\` gives no rows of \`this\``,
        'add `- input: this` below `given`, with the rows that are there before',
      );
    },
  };
}
