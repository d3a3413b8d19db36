// Which of some relations are there.

import type { Client } from '../../core/database.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { RelationName } from '../compile/types.ts';

/** Tells which relations exist, each as it is quoted in SQL. */
export async function readRelationNames(
  client: Client,
  relations: readonly RelationName[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ schema: string; identifier: string }>(
    `select n.nspname as schema, c.relname as identifier
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     join unnest($1::text[], $2::text[]) as asked (schema, identifier)
       on asked.schema = n.nspname and asked.identifier = c.relname
     where c.relkind in ('r', 'p', 'f', 'v', 'm')`,
    [relations.map(({ schema }) => schema), relations.map(({ identifier }) => identifier)],
  );
  return new Set(rows.map(({ schema, identifier }) => quoteQualified(schema, identifier)));
}
