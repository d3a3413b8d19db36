// The columns of what a unit test makes up rows for, whether it has been built or not.

import { join } from 'node:path';
import type { Client } from '../../core/database.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { Node, NodeId, RelationName } from '../compile/types.ts';
import { readColumns } from './load-seed.ts';
import type { StepContext } from './step-context.ts';
import { describeQuery, type TypedColumn } from './unit-test-rows.ts';

type Columns = readonly TypedColumn[];

/**
 * Returns the columns of a node: of its relation where that stands, else of its query over what it reads,
 * of its file, or of its YAML; undefined where nothing tells.
 */
export async function columnsOfNode(
  client: Client,
  id: NodeId,
  context: StepContext,
): Promise<Columns | undefined> {
  return columnsOf(client, id, { context, path: [] });
}

interface Search {
  readonly context: StepContext;
  /** The nodes on the way here: a model that reads itself is not described by itself. */
  readonly path: readonly NodeId[];
}

async function columnsOf(client: Client, id: NodeId, search: Search): Promise<Columns | undefined> {
  const node = search.context.manifest.nodes.get(id);
  if (node === undefined || !('relation' in node)) return undefined;
  const built = await columnsOfRelation(client, node.relation);
  if (built !== undefined) return built;
  if (node.kind === 'seed') return seedColumns(node, search.context);
  const described =
    node.kind === 'model' && node.compiledSql !== '' && !search.path.includes(id)
      ? await describeModel(client, node, search)
      : undefined;
  return described ?? documented(node);
}

/** Returns the columns of a relation as the catalog has them; undefined where it is not there. */
export async function columnsOfRelation(
  client: Client,
  { schema, identifier }: RelationName,
): Promise<Columns | undefined> {
  const { rows } = await client.query<TypedColumn>(
    `select attname as name, pg_catalog.format_type(atttypid, atttypmod) as type
     from pg_catalog.pg_attribute
     where attrelid = pg_catalog.to_regclass($1) and attnum > 0 and not attisdropped
     order by attnum`,
    [quoteQualified(schema, identifier)],
  );
  return rows.length === 0 ? undefined : rows;
}

async function seedColumns(
  node: Extract<Node, { readonly kind: 'seed' }>,
  { projectDir }: StepContext,
): Promise<Columns> {
  const { path, delimiter, columnTypes } = node;
  const file = { absolutePath: join(projectDir, path), shownPath: path, delimiter };
  return readColumns(file, { path, delimiter, columnTypes });
}

/** The query of a model, over empty tables in the place of those parents that are not built. */
async function describeModel(
  client: Client,
  model: Extract<Node, { readonly kind: 'model' }>,
  { context, path }: Search,
): Promise<Columns | undefined> {
  let sql = model.compiledSql;
  await client.query('savepoint fundlens_describe');
  try {
    for (const [index, id] of model.dependsOn.entries()) {
      const parent = context.manifest.nodes.get(id);
      if (parent === undefined || !('relation' in parent)) continue;
      if ((await columnsOfRelation(client, parent.relation)) !== undefined) continue;
      const columns = await columnsOf(client, id, { context, path: [...path, model.uniqueId] });
      if (columns === undefined) continue;
      const table = quoteQualified('pg_temp', `fundlens_parent_${path.length}_${index}`);
      const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
      await client.query(`create temporary table ${table} (${list}) on commit drop`);
      const { schema, identifier } = parent.relation;
      const { database } = context.database.connection;
      sql = sql.replaceAll(quoteQualified(database, schema, identifier), () => table);
    }
    return await describeQuery(client, sql);
  } catch {
    // A query that cannot be described tells nothing of its columns; YAML may.
    return undefined;
  } finally {
    await client.query('rollback to savepoint fundlens_describe');
  }
}

/** What YAML says, where it gives a type to a column at least. */
function documented({ columns }: Node): Columns | undefined {
  if (!columns.some(({ dataType }) => dataType !== undefined)) return undefined;
  return columns.map(({ name, dataType }) => ({ name, type: dataType ?? 'text' }));
}
