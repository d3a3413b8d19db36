import { type Client, type Database, inTransaction } from '../../core/database.ts';
import type { Dataset } from '../datasets/types.ts';
import { type ExistingTable, planTables } from './tables.ts';

/** Creates what the tables of the datasets lack, in one transaction; reads and does nothing when they lack nothing. */
export async function ensureTables(
  database: Database,
  datasets: readonly Dataset[],
): Promise<void> {
  await createMissing(database, async (client) => planTables(datasets, await readTables(client)));
}

/** Runs the statements that a plan finds missing, in one transaction; none where it finds nothing. */
export async function createMissing(
  database: Database,
  plan: (client: Client) => Promise<readonly string[]>,
): Promise<void> {
  await database.withClient(async (client) => {
    if ((await plan(client)).length === 0) return;
    await inTransaction(client, async () => {
      // Planned again under the lock: another process may have done the work meanwhile.
      await client.query(
        "select pg_advisory_xact_lock(hashtextextended('fundlens:bronze-tables', 0))",
      );
      for (const statement of await plan(client)) await client.query(statement);
    });
  });
}

interface ColumnRow {
  readonly table: string;
  readonly comment: string | null;
  readonly column: string;
  readonly doc: string | null;
  readonly indexes: readonly string[];
  readonly generated: boolean;
}

/** Reads the Bronze tables of datasets from the catalog, without their partitions. */
export async function readTables(client: Client): Promise<readonly ExistingTable[]> {
  const { rows } = await client.query<ColumnRow>(
    `select relation.relname::text as table, obj_description(relation.oid, 'pg_class') as comment,
            attribute.attname::text as column, attribute.attgenerated <> '' as generated,
            col_description(relation.oid, attribute.attnum) as doc,
            array(select index.relname::text from pg_index
                    join pg_class as index on index.oid = pg_index.indexrelid
                   where pg_index.indrelid = relation.oid) as indexes
       from pg_class as relation
       join pg_attribute as attribute on attribute.attrelid = relation.oid
      where relation.relnamespace = to_regnamespace('bronze')
        and relation.relkind in ('r', 'p') and not relation.relispartition
        and starts_with(relation.relname, 'fec_')
        and attribute.attnum > 0 and not attribute.attisdropped
      order by relation.relname, attribute.attnum`,
  );
  const tables = new Map<
    string,
    ExistingTable & { columns: Map<string, string | null>; generated: string[] }
  >();
  for (const row of rows) {
    const table = tables.get(row.table) ?? {
      name: row.table,
      comment: row.comment,
      columns: new Map<string, string | null>(),
      indexes: row.indexes,
      generated: [],
    };
    table.columns.set(row.column, row.doc);
    if (row.generated) table.generated.push(row.column);
    tables.set(row.table, table);
  }
  return [...tables.values()];
}
