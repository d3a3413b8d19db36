// Tests of ephemeral models, which run through their SQL.

import { deepEqual } from 'node:assert/strict';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';
import { runFiles } from '../../support/run-project.ts';

describe('runner/execute: tests of ephemeral models', () => {
  const database = useDatabase();
  const schema = 'brief';

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  const project = (upTo: number): Files => ({
    'models/base.sql': `{{ config(materialized='table') }}select n from generate_series(1, ${upTo}) as n`,
    'models/brief.sql': `{{ config(materialized='ephemeral') }}select nullif(n, 4) as n from {{ ref('base') }}`,
    'models/reader.sql': `{{ config(materialized='table') }}select n from {{ ref('brief') }}`,
    'models/apart.sql': `{{ config(materialized='table') }}select n from {{ ref('base') }}`,
    'models/s.yml': `models:
  - name: brief
    columns: [{name: n, data_tests: [not_null, unique]}]
unit_tests:
  - {name: counts, model: reader, given: [{input: "ref('brief')", rows: [{n: 7}]}], expect: {rows: [{n: 7}]}}
  - {name: nulls, model: brief, given: [{input: "ref('base')", rows: [{n: 4}]}], expect: {rows: [{n: null}]}}
`,
  });

  it('gates what reads the model, and nothing beside', async () => {
    const good = await runFiles(database.connection, schema, project(3));
    deepEqual([...new Set(Object.values(good.statuses()))].sort(), ['pass', 'success']);
    const bad = await runFiles(database.connection, schema, project(4));
    deepEqual(bad.statuses(), {
      apart: 'success',
      base: 'success',
      counts: 'pass',
      nulls: 'pass',
      not_null_brief_n: 'fail',
      unique_brief_n: 'pass',
      reader: 'skipped',
    });
    deepEqual(await database.query(`select count(*)::int as n from ${schema}.reader`), [{ n: 3 }]);
  });
});
