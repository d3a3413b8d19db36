// Statements of a step up to its publication, as pure functions of the node.

import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { PhysicalDesign } from '../compile/design.ts';
import type { Model, NodeId, RelationName, Test } from '../compile/types.ts';
import type { BuildStep, Finishing, RelationState, Statement, Step, TestQuery } from './types.ts';

type RelationKind = RelationState['kind'];

/** Returns the quoted, qualified name of a relation, which is also its key in a catalog. */
export function quoteRelation(relation: RelationName): string {
  return quoteQualified(relation.schema, relation.identifier);
}

/** Puts a comment before the SQL, so that pg_stat_activity shows the node; for the body, where it begins. */
export function annotate(
  node: NodeId,
  parts: { readonly head: string; readonly body?: string; readonly tail?: string },
): { readonly sql: string; readonly bodyOffset?: number } {
  const note = JSON.stringify({ app: 'fundlens', node_id: node }).replaceAll('*/', '*\\/');
  const before = `/* ${note.replaceAll('/*', '/\\*')} */ ${parts.head}`;
  if (parts.body === undefined) return { sql: before };
  return { sql: before + parts.body + (parts.tail ?? ''), bodyOffset: before.length };
}

/** Fills the empty stage of a materialized view. */
export function fillMaterializedView(model: Model): Statement {
  const head = `refresh materialized view ${quoteRelation(model.staged)}`;
  return { ...annotate(model.uniqueId, { head }), purpose: 'fill the stage' };
}

/** Returns the kind of relation that a step makes. */
export function kindOfStep(step: Pick<BuildStep, 'materialized'>): RelationKind {
  switch (step.materialized) {
    case 'view':
    case 'materialized-view':
      return step.materialized;
    case 'table':
    case 'seed':
      return 'table';
  }
}

/** Drops what a killed run left under a helper's name, whatever kind it is. */
export function dropRelation(
  relation: RelationName,
  kind: RelationKind,
  purpose: string,
): Statement {
  return { sql: `drop ${dropWord(kind)} if exists ${quoteRelation(relation)}`, purpose };
}

/** Returns the test, on the stage of a parent where one is named, as one query of its outcome. */
export function testQuery(test: Test, staged?: NodeId): TestQuery {
  const rowsSql = (staged === undefined ? undefined : test.stagedSql[staged]) ?? test.compiledSql;
  const shape = staged === undefined ? test.shape : test.stagedShape?.[staged];
  const { failCalc, warnIf, errorIf, limit, severity } = test;
  const head =
    `select ${failCalc} as failures, ${failCalc} ${warnIf} as should_warn, ` +
    `${failCalc} ${errorIf} as should_error\nfrom (\n`;
  // The newline before what follows ends a `--` comment on the query's last line.
  const tail = `${limit === undefined ? '' : `\nlimit ${limit}`}\n) as dbt_internal_test`;
  const { sql, bodyOffset } = annotate(test.uniqueId, { head, body: rowsSql, tail });
  return {
    test: test.uniqueId,
    sql,
    bodyOffset: bodyOffset ?? 0,
    rowsSql,
    severity,
    ...(test.isLate && { sql: '', isLate: true }),
    warnIf,
    errorIf,
    failCalc,
    limit,
    shape,
    stored: test.stored && {
      ...test.stored,
      publishedSql: test.compiledSql,
      readsStage: rowsSql !== test.compiledSql,
    },
  };
}

/** Returns what a model or seed gets after its rows, as its config and YAML say. */
export function finishingOf(node: {
  readonly design?: PhysicalDesign;
  readonly description: string;
  readonly columns: Model['columns'];
  readonly indexes: Model['indexes'];
  readonly persistDocs: Model['persistDocs'];
}): Finishing {
  const documented = node.columns.filter((column) => column.description !== '');
  return {
    design: node.design,
    indexes: node.indexes,
    comment: node.persistDocs.relation && node.description ? node.description : undefined,
    columnComments: node.persistDocs.columns
      ? Object.fromEntries(documented.map((column) => [column.name, column.description]))
      : {},
  };
}

/** The nodes that a step settles: its own, or all tests of a step of tests. */
export function nodesOf(step: Step): readonly NodeId[] {
  return step.kind === 'test' ? step.queries.map(({ test }) => test) : [step.node];
}

/** Restates the options of a relation as a `with (…)` clause, or as nothing. */
export function withOptions(options: readonly string[]): string {
  if (options.length === 0) return '';
  const parts = options.map((option) => {
    const at = option.indexOf('=');
    // `toast.autovacuum_enabled` is a parameter of the table that holds the long values.
    const key = option.slice(0, at).split('.').map(quoteIdentifier).join('.');
    return `${key} = '${option.slice(at + 1).replaceAll("'", "''")}'`;
  });
  return ` with (${parts.join(', ')})`;
}

/** Returns the word by which DDL calls a kind of relation. */
export function dropWord(kind: RelationKind): string {
  switch (kind) {
    case 'view':
      return 'view';
    case 'materialized-view':
      return 'materialized view';
    case 'foreign-table':
      return 'foreign table';
    case 'table':
    case 'partitioned-table':
    case 'other':
      return 'table';
  }
}
