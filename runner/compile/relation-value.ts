// Relations as templates see them: `{{ ref('x') }}`, `{{ this.schema }}`.

import { quoteQualified } from '../../core/identifiers.ts';
import type { HostObject, Value } from '../../core/template/values.ts';
import type { RelationName } from './types.ts';

/** Makes the value that `ref`, `source` and `this` give. */
export function relationValue(database: string, relation: RelationName): HostObject {
  const text = quoteQualified(database, relation.schema, relation.identifier);
  const attributes: Readonly<Record<string, Value>> = {
    database,
    schema: relation.schema,
    identifier: relation.identifier,
    name: relation.identifier,
    table: relation.identifier,
  };
  return {
    kind: 'host',
    typeName: 'Relation',
    getAttribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined),
    toText: () => text,
    toRepr: () => `<Relation ${text}>`,
    hashKey: () => text,
    equals: (other) =>
      typeof other === 'object' &&
      other !== null &&
      other.kind === 'host' &&
      other.toText() === text,
  };
}

/** A relation in place of which a filtered query stands, as `where` of a test asks for. */
export function filteredRelationValue(
  database: string,
  relation: RelationName,
  where: string | undefined,
): HostObject {
  const plain = relationValue(database, relation);
  if (where === undefined) return plain;
  return {
    ...plain,
    toText: () => `(select * from ${plain.toText()} where ${where}) as dbt_subquery`,
  };
}
