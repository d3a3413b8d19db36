// What catalog.json says of relations: their columns, owners, comments and sizes, read from the database.

import type { Client } from '../../core/database.ts';

/** A relation as it is in the database. */
export interface DocumentedRelation {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly owner: string;
  readonly comment: string | null;
  /** The planner's estimate; negative where the relation was never analyzed. */
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly index: number;
    readonly comment: string | null;
  }[];
}

/** Reads the relations of these schemas that the role may see, with their columns in order. */
export async function readDocumentation(
  client: Client,
  schemas: readonly string[],
): Promise<readonly DocumentedRelation[]> {
  const { rows } = await client.query<DocumentedRelation>(documentationSql, [schemas]);
  return rows;
}

const documentationSql = `
select
    n.nspname as schema,
    c.relname as name,
    case c.relkind
        when 'v' then 'VIEW'
        when 'm' then 'MATERIALIZED VIEW'
        when 'f' then 'FOREIGN TABLE'
        else 'BASE TABLE'
    end as type,
    pg_catalog.pg_get_userbyid(c.relowner) as owner,
    pg_catalog.obj_description(c.oid, 'pg_class') as comment,
    c.reltuples::float8 as rows,
    pg_catalog.pg_total_relation_size(c.oid)::float8 as bytes,
    coalesce(
        (
            select json_agg(
                json_build_object(
                    'name', a.attname,
                    'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                    'index', a.attnum,
                    'comment', pg_catalog.col_description(a.attrelid, a.attnum)
                )
                order by a.attnum
            )
            from pg_catalog.pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        '[]'::json
    ) as columns
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any ($1::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by n.nspname, c.relname`;
