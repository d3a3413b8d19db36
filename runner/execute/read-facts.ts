// What the catalog says of a relation that its tests need not ask.

import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { RelationName } from '../compile/types.ts';
import type { ColumnFacts, RelationFacts } from '../plan/types.ts';

interface ColumnRow {
  readonly name: string;
  readonly type: string | null;
  readonly not_null: boolean;
  readonly is_unique: boolean;
}

/** Reads the columns of a relation; none where it is not there. */
export async function readFacts(client: Client, relation: RelationName): Promise<RelationFacts> {
  const name = quoteQualified(relation.schema, relation.identifier);
  const { rows } = await client.query<ColumnRow>(factsQuery, [name]);
  const columns = rows.map((row): [string, ColumnFacts] => [
    row.name,
    { type: row.type ?? undefined, notNull: row.not_null, unique: row.is_unique },
  ]);
  return { columns: new Map(columns) };
}

// What a foreign table or a view says of its rows, nobody has checked; a table that others inherit from
// has rows that its index does not see. Since PostgreSQL 18 a not-null constraint can be NOT VALID.
const factsQuery = `
select attname as name,
  case when type.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then type.typname end as type,
  class.relkind in ('r', 'p') and not has_children and attnotnull and not exists (
    select from pg_catalog.pg_constraint
    where conrelid = class.oid and contype = 'n' and conkey = array[attnum] and not convalidated
  ) as not_null,
  class.relkind in ('r', 'p', 'm') and not has_children and exists (
    select from pg_catalog.pg_index
    where indrelid = class.oid and indisunique and indisvalid and indimmediate and indisready
      and indpred is null and indexprs is null and indnkeyatts = 1 and indkey[0] = attnum
      and indcollation[0] = attcollation
      and exists (
        select from pg_catalog.pg_opclass
        where pg_opclass.oid = indclass[0] and opcdefault)
  ) as is_unique
from pg_catalog.pg_class as class
join pg_catalog.pg_attribute on attrelid = class.oid and attnum > 0 and not attisdropped
join pg_catalog.pg_type as type on type.oid = atttypid
cross join lateral (
  select class.relkind = 'r' and exists (
    select from pg_catalog.pg_inherits where inhparent = class.oid) as has_children
) as children
where class.oid = pg_catalog.to_regclass($1)`;
