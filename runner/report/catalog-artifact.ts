// target/catalog.json: the project's relations as they are in the database, in dbt's shape.

import type { DescribedNode } from '../compile/described.ts';
import type { DocumentedRelation } from '../execute/read-documentation.ts';
import { artifactMetadata, artifactSchema, type InvocationFacts } from './artifact-metadata.ts';
import type { CatalogArtifact, CatalogStatistic, CatalogTable } from './run-types.ts';

/** Makes catalog.json of the nodes that have a relation in the database. */
export function catalogArtifact(
  nodes: readonly DescribedNode[],
  relations: readonly DocumentedRelation[],
  facts: InvocationFacts,
): CatalogArtifact {
  const byName = new Map(relations.map((one) => [keyOf(one.schema, one.name), one]));
  const tables = (isSource: boolean) =>
    Object.fromEntries(
      nodes.flatMap((node): [string, CatalogTable][] => {
        if ((node.resourceType === 'source') !== isSource || node.relation === undefined) return [];
        const found = byName.get(keyOf(node.relation.schema, node.relation.identifier));
        if (found === undefined || node.config['materialized'] === 'ephemeral') return [];
        return [[node.uniqueId, catalogTable(node.uniqueId, found, facts.databaseName)]];
      }),
    );
  return {
    metadata: artifactMetadata(artifactSchema('catalog'), facts),
    nodes: tables(false),
    sources: tables(true),
    errors: null,
  };
}

function keyOf(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}

function catalogTable(id: string, found: DocumentedRelation, database: string): CatalogTable {
  const { schema, name, type, owner, comment } = found;
  return {
    metadata: { type, schema, name, database, comment, owner },
    columns: Object.fromEntries(found.columns.map((column) => [column.name, column])),
    stats: statistics(found),
    unique_id: id,
  };
}

function statistics({ rows, bytes, type }: DocumentedRelation): Record<string, CatalogStatistic> {
  const has = type !== 'VIEW' && rows >= 0;
  const statistic = (one: Omit<CatalogStatistic, 'include'>, include: boolean) => ({
    ...one,
    include,
  });
  return {
    has_stats: statistic(
      {
        id: 'has_stats',
        label: 'Has Stats?',
        value: has,
        description: 'Whether there are figures for this relation',
      },
      false,
    ),
    ...(has && {
      rows: statistic(
        { id: 'rows', label: 'Rows', value: rows, description: "The planner's estimate" },
        true,
      ),
      bytes: statistic(
        { id: 'bytes', label: 'Bytes', value: bytes, description: 'With its indexes' },
        true,
      ),
    }),
  };
}
