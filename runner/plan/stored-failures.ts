// The rows that tests found wrong, kept in relations that are built aside and published like any other.

import { shareTests, withoutLookUps } from './shared-scan.ts';
import { annotate, dropRelation, quoteRelation } from './statements.ts';
import type { BuildStep, Publication, StoredParts, TestPlanning, TestQuery } from './types.ts';

/** Returns the step that keeps the rows of a test; undefined where none are kept. */
export function storedStep(query: TestQuery, { as, isEmpty }: StoredParts): BuildStep | undefined {
  const { stored, test } = query;
  if (stored === undefined) return undefined;
  const { relation, staged, retired, publishedSql } = stored;
  const sql = as === 'view' ? publishedSql : query.rowsSql;
  const statement = annotate(test, {
    head: `create ${as} ${quoteRelation(staged)} as\n`,
    body: sql,
    tail: as === 'table' && isEmpty ? '\nwith no data' : '',
  });
  return {
    kind: 'build',
    node: test,
    relation,
    staged,
    retired,
    materialized: as,
    after: [],
    stage: [{ ...statement, purpose: `keep the rows of ${relation.identifier}` }],
    fill: [],
    load: undefined,
    publishInPlace: false,
    onConfigurationChange: 'apply',
    isFullRefresh: false,
    finishing: { indexes: [], comment: undefined, columnComments: {} },
    viewSql: as === 'view' ? sql : undefined,
    finish: [],
    audits: [],
    auditsInPlace: [],
    publication: none,
    discard: [dropRelation(staged, as, 'drop the stage')],
  };
}

/** Decided when the rows are there. */
const none: Publication = { kind: 'create', prepare: [], statements: [] };

/** What is decided of tests while they run. */
export const testPlanning: TestPlanning = { shareTests, withoutLookUps, storedStep };
