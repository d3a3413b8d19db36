// Failing rows that are kept: built aside, published whole, there for whoever reads them.

import { deepEqual, equal, match } from 'node:assert/strict';
import { useDatabase } from '../../support/database.ts';
import { faultsOf } from '../../support/faults.ts';
import { compileFiles, type Files } from '../../support/project.ts';
import { type ProjectParts, runFiles } from '../../support/run-project.ts';

describe('runner/execute: stored failures', () => {
  const database = useDatabase();
  const schema = 'kept';
  const audit = `${schema}_dbt_test__audit`;
  const run = (project: Files, parts?: ProjectParts) =>
    runFiles(database.connection, schema, project, parts);
  const valuesOf = async (sql: string) =>
    (await database.query(sql)).map((row) => Object.values(row));
  const relations = () =>
    valuesOf(
      `select relname, relkind::text from pg_class
       where relnamespace = to_regnamespace('${audit}') and relkind in ('r', 'v') order by 1`,
    );

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema}, ${audit}, elsewhere cascade`);
  });

  /** A table of `n`, with a test that no `n` is above two. */
  const numbers = (upTo: number, config: string, more: Files = {}): Files => ({
    'models/numbers.sql': `{{ config(materialized='table') }}select n, 'n' || n as word from generate_series(1, ${upTo}) as n`,
    'tests/small.sql': `{{ config(${config}) }}select n, word from {{ ref('numbers') }} where n > 2`,
    ...more,
  });

  it('keeps the rows of a stage that they hold back, and none where the test passes', async () => {
    equal((await run(numbers(4, 'store_failures=true'))).outcome('small').failures, 2);
    deepEqual(await valuesOf(`select * from ${audit}.small order by n`), [
      [3, 'n3'],
      [4, 'n4'],
    ]);
    deepEqual(await valuesOf(`select to_regclass('${schema}.numbers')`), [[null]]);
    equal((await run(numbers(2, 'store_failures=true'))).outcome('small').status, 'pass');
    deepEqual(await valuesOf(`select * from ${audit}.small`), []);
    deepEqual(await relations(), [['small', 'r']]);
  });

  it('leaves a view, grants and a reader of the rows of the run before undisturbed', async () => {
    await run(numbers(4, 'store_failures=true'));
    await database.query(
      `create view ${audit}.count as select count(*)::int as n from ${audit}.small`,
    );
    await database.query(`grant select on ${audit}.small to public`);
    const [before] = await database.query(`select '${audit}.count'::regclass::oid as oid`);
    await run(numbers(9, 'store_failures=true'));
    deepEqual(await valuesOf(`select n from ${audit}.count`), [[7]]);
    deepEqual(await database.query(`select '${audit}.count'::regclass::oid as oid`), [before]);
    deepEqual(await valuesOf(`select has_table_privilege('public', '${audit}.small', 'select')`), [
      [true],
    ]);
    deepEqual(await relations(), [
      ['count', 'v'],
      ['small', 'r'],
    ]);
  });

  it('keeps a view of what is published, and a table of what is not', async () => {
    const config = "store_failures_as='view', severity='warn'";
    await run(numbers(4, config));
    deepEqual(await relations(), [['small', 'v']]);
    deepEqual(await valuesOf(`select n from ${audit}.small`), [[3], [4]]);
    await database.query(`insert into ${schema}.numbers values (5, 'n5')`);
    deepEqual(await valuesOf(`select n from ${audit}.small`), [[3], [4], [5]]);
    await run(numbers(6, "store_failures_as='view'"));
    deepEqual(await relations(), [['small', 'r']]);
    deepEqual(await valuesOf(`select count(*)::int from ${audit}.small`), [[4]]);
    await run(numbers(2, "store_failures_as='view'"));
    deepEqual(await relations(), [['small', 'v']]);
    await run(numbers(2, "store_failures_as='view'"), { verb: 'test' });
    deepEqual(await relations(), [['small', 'v']]);
  });

  it('takes schema and alias of the config, and what `store_failures_as` says before all else', async () => {
    await run(numbers(4, "store_failures=true, store_failures_as='ephemeral'"), {
      inputs: { flags: { STORE_FAILURES: true } },
    });
    deepEqual(await relations(), []);
    await run(numbers(4, "alias='too_big', schema='dbt_test__audit'"), {
      inputs: { flags: { STORE_FAILURES: true } },
    });
    deepEqual(await relations(), [['too_big', 'r']]);
  });

  it('keeps rows of a scan’s tests too: all columns, and every row whatever the limit', async () => {
    const yml = (config: string) => `models:
  - name: numbers
    columns:
      - {name: word, data_tests: [{unique: {name: single, config: {${config}}}}]}
      - name: odd
        data_tests:
          - not_null: {name: filled, config: {${config}, limit: 1}}
          - accepted_values: {name: known, arguments: {values: [1], quote: false}, config: {${config}}}
`;
    const files = (config: string): Files => ({
      'models/numbers.sql': `{{ config(materialized='table') }}select 'n' || n as word, nullif(n % 2, 0) as odd from generate_series(1, 5) as n`,
      'models/s.yml': yml(config),
    });
    const ran = await run(files('store_failures: true'));
    equal(ran.outcome('filled').failures, 1);
    deepEqual(await valuesOf(`select word, odd from ${audit}.filled order by 1`), [
      ['n2', null],
      ['n4', null],
    ]);
    deepEqual(await valuesOf(`select * from ${audit}.known`), []);
    deepEqual(await valuesOf(`select * from ${audit}.single`), []);
    deepEqual(await relations(), [
      ['filled', 'r'],
      ['known', 'r'],
      ['single', 'r'],
    ]);
  });

  it('drops what a killed run left, and refuses two tests that would share a relation', async () => {
    await run(numbers(4, 'store_failures=true'));
    const { manifest } = await run(numbers(4, 'store_failures=true'));
    const test = manifest.nodes.get('test.shop.small');
    const staged = test?.kind === 'test' ? test.stored?.staged.identifier : undefined;
    await database.query(`create table ${audit}."${staged}" (n int)`);
    await run(numbers(4, 'store_failures=true'), { verb: 'test' });
    deepEqual(await relations(), [['small', 'r']]);
    const twice = numbers(4, 'store_failures=true', {
      'tests/other.sql': "{{ config(store_failures=true, alias='small') }}select 1",
    });
    const [fault] = faultsOf(() => compileFiles(twice));
    match(fault ?? '', /would go to `dev_dbt_test__audit.small`, where `\w+` is/);
  });
});
