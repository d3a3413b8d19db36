// Data tests: asked together or alone, each keeps its own outcome.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { openDatabase } from '../../../core/database.ts';
import { runTests } from '../../../runner/execute/run-tests.ts';
import type { Ended, StepContext } from '../../../runner/execute/step-context.ts';
import { testQuery } from '../../../runner/plan/statements.ts';
import { testPlanning } from '../../../runner/plan/stored-failures.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';
import { plainAround } from '../../support/run-plan.ts';
import { compileFor, type ProjectParts, runFiles } from '../../support/run-project.ts';

/** A model and the tests of its YAML, given as `column: [tests]`. */
function files(sql: string, columns: string, more: Files = {}): Files {
  const indented = columns.replaceAll(/^/gm, '      ');
  return {
    'models/orders.sql': sql,
    'models/s.yml': `models:\n  - name: orders\n    columns:\n${indented}\n`,
    ...more,
  };
}

describe('runner/execute: data tests', () => {
  const database = useDatabase();
  const schema = 'tested';
  const run = (project: Files, parts?: ProjectParts) =>
    runFiles(database.connection, schema, project, parts);
  const scansOf = (heard: readonly string[]) => heard.filter((sql) => sql.includes('failures_1'));

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
    await database.query(`create schema ${schema}`);
  });
  after(() => database.query(`drop schema if exists ${schema}, ${schema}_dbt_test__audit cascade`));

  /** 1,000 rows: 30 without a status, 20 of two unknown ones, 10 of no customer, 5 ids twice. */
  const orders = `{{ config(materialized='table') }}
select case when n > 995 then n - 5 else n end as id, 'o' || (case when n > 995 then n - 5 else n end) as code,
  case when n <= 30 then null when n <= 35 then 'lost' when n <= 50 then 'gone' else 'open' end as status,
  case when n <= 10 then 100 + n when n <= 12 then null else n % 7 end as customer_id
from generate_series(1, 1000) as n`;
  const customers = `{{ config(materialized='table') }}
select n as id from generate_series(0, 6) as n union all select null`;
  const tests = `- name: id
  data_tests: [not_null, unique]
- name: code
  data_tests: [not_null, unique]
- name: status
  data_tests:
    - not_null
    - accepted_values: {arguments: {values: [open, shut]}}
- name: customer_id
  data_tests:
    - relationships: {arguments: {to: ref('customers'), field: id}}
    - not_null: {config: {severity: warn}}`;
  const counts = {
    not_null_orders_id: ['pass', 0],
    unique_orders_id: ['fail', 5],
    not_null_orders_code: ['pass', 0],
    unique_orders_code: ['fail', 5],
    not_null_orders_status: ['fail', 30],
    accepted_values_orders_status__open__shut: ['fail', 2],
    relationships_orders_customer_id__id__ref_customers_: ['fail', 10],
    not_null_orders_customer_id: ['warn', 2],
  };

  it('answers the tests of one relation by one scan, each with its own number', async () => {
    const heard: string[] = [];
    const project = files(orders, tests, { 'models/customers.sql': customers });
    const ran = await run(project, { heard });
    for (const [name, [status, failures]] of Object.entries(counts)) {
      const outcome = ran.outcome(name);
      deepEqual([name, outcome.status, outcome.failures], [name, status, failures]);
      equal(outcome.sample !== undefined, status === 'fail', name);
    }
    equal(ran.outcome('orders').status, 'skipped');
    equal(scansOf(heard).filter((sql) => !sql.startsWith('explain')).length, 1);
    const values = ran.outcome('accepted_values_orders_status__open__shut').sample;
    deepEqual(values?.columns, ['value_field', 'n_records']);
    deepEqual([...(values?.rows ?? [])].sort(), [
      ['gone', '15'],
      ['lost', '5'],
    ]);
  });

  it('says the same of published tables with `test`', async () => {
    const project = files(orders, tests, { 'models/customers.sql': customers });
    await run(project, { verb: 'run' });
    const heard: string[] = [];
    const ran = await run(project, { verb: 'test', heard });
    for (const [name, [status, failures]] of Object.entries(counts)) {
      const outcome = ran.outcome(name);
      deepEqual([name, outcome.status, outcome.failures], [name, status, failures]);
    }
    equal(scansOf(heard).filter((sql) => !sql.startsWith('explain')).length, 1);
  });

  it('keeps where, limit, thresholds and severity of each test in the scan', async () => {
    const heard: string[] = [];
    const ran = await run(
      files(
        orders,
        `- name: status
  data_tests:
    - not_null: {name: some, config: {warn_if: '> 29', error_if: '> 30'}}
    - not_null: {name: few, config: {error_if: '> 4', limit: 4}}
    - not_null: {name: of_some, config: {where: "id <= 10 or id = 20"}}
    - not_null: {name: expects_some, config: {where: 'id > 500', error_if: '= 0'}}
    - not_null: {name: warns, config: {severity: WARN, where: 'id > 29'}}`,
      ),
      { heard },
    );
    deepEqual(
      ['some', 'few', 'of_some', 'expects_some', 'warns'].map((name) => {
        const { status, failures } = ran.outcome(name);
        return [name, status, failures];
      }),
      [
        ['some', 'warn', 30],
        ['few', 'warn', 4],
        ['of_some', 'fail', 11],
        ['expects_some', 'fail', 0],
        ['warns', 'warn', 1],
      ],
    );
    equal(scansOf(heard).length, 1);
    equal(heard.filter((sql) => sql.includes('as failing')).length, 2);
  });

  it('names the test that is wrong, and runs the others, where the scan fails', async () => {
    const ran = await run(
      files(
        orders,
        `- name: id
  data_tests:
    - not_null
    - relationships: {name: of_no_column, arguments: {to: ref('customers'), field: status}}
    - not_null: {name: of_wrong_where, config: {where: 'nobody = 1'}}
- name: status
  data_tests: [not_null]`,
        { 'models/customers.sql': customers },
      ),
    );
    deepEqual(ran.statuses(), {
      not_null_orders_id: 'pass',
      not_null_orders_status: 'fail',
      of_no_column: 'error',
      of_wrong_where: 'error',
      customers: 'success',
      orders: 'skipped',
    });
    match(ran.outcome('of_no_column').error?.message ?? '', /column "status" does not exist/);
    match(ran.outcome('of_wrong_where').error?.message ?? '', /column "nobody" does not exist/);
  });

  it('asks nothing where a whole, valid index or a not-null constraint says it', async () => {
    await database.query(
      `create table ${schema}.raw (a int primary key, b text, c int, d text not null)`,
    );
    await database.query(`create unique index on ${schema}.raw (b)`);
    await database.query(`create unique index on ${schema}.raw (c) where c > 0`);
    await database.query(`insert into ${schema}.raw values (1, 'x', 0, ''), (2, null, 0, '')`);
    const heard: string[] = [];
    const ran = await run(
      {
        'models/s.yml': `sources:
  - name: given
    schema: ${schema}
    tables:
      - name: raw
        columns:
          - {name: a, data_tests: [unique, not_null]}
          - {name: B, data_tests: [unique]}
          - {name: c, data_tests: [unique]}
          - {name: d, data_tests: [not_null]}
`,
      },
      { verb: 'test', heard },
    );
    deepEqual(ran.statuses(), {
      source_unique_given_raw_a: 'pass',
      source_not_null_given_raw_a: 'pass',
      source_unique_given_raw_B: 'pass',
      source_unique_given_raw_c: 'fail',
      source_not_null_given_raw_d: 'pass',
    });
    equal(heard.filter((sql) => sql.includes('"raw"') && !sql.includes('as failing')).length, 1);
  });

  it('asks nothing of the table that rows were merged into, where its unique index says it', async () => {
    const project = files(
      `{{ config(materialized='incremental', unique_key='id', indexes=[{'columns': ['id'], 'unique': true}]) }}
select 1 as id, 1 as other`,
      '- name: id\n  data_tests: [unique]\n- name: other\n  data_tests: [unique]',
    );
    await run(project);
    const heard: string[] = [];
    const ran = await run(project, { heard });
    deepEqual(ran.statuses(), {
      orders: 'success',
      unique_orders_id: 'pass',
      unique_orders_other: 'pass',
    });
    const asked = heard.filter((sql) => /has_duplicate|dbt_internal_test/.test(sql));
    equal(asked.length, 1);
    match(asked[0] ?? '', /\bother\b/);
  });

  it('asks a test alone whose macro is not the runner’s own', async () => {
    const heard: string[] = [];
    const project = files(
      orders,
      `- name: id
  data_tests: [not_null, positive]
- name: code
  data_tests: [not_null]
- name: status
  data_tests:
    - accepted_values: {arguments: {values: [open, shut, lost, gone]}}`,
      {
        'macros/own.sql': `{% test positive(model, column_name) %}
select * from {{ model }} where {{ column_name }} <= 0{% endtest %}
{% macro default__test_not_null(model, column_name) %}
select 1 as own from {{ model }} where {{ column_name }} = 7::text::{{ 'int' if column_name == 'id' else 'text' }}
{% endmacro %}`,
      },
    );
    const ran = await run(project, { heard });
    deepEqual(ran.statuses(), {
      not_null_orders_id: 'fail',
      positive_orders_id: 'pass',
      not_null_orders_code: 'pass',
      accepted_values_orders_status__open__shut__lost__gone: 'pass',
      orders: 'skipped',
    });
    equal(scansOf(heard).length, 0);
  });

  it('does not look values up in a scan where they cannot be hashed', async () => {
    const heard: string[] = [];
    const ran = await run(
      files(
        `{{ config(materialized='table') }}select n::numeric::money as price, n as id from generate_series(1, 4) as n`,
        `- name: price
  data_tests:
    - not_null
    - relationships: {name: priced, arguments: {to: ref('prices'), field: price}}
- name: id
  data_tests:
    - relationships: {name: counted, arguments: {to: ref('prices'), field: n}}
    - not_null`,
        {
          'models/prices.sql': `{{ config(materialized='table') }}select n, n::numeric::money as price from generate_series(2, 9) as n`,
        },
      ),
      { heard },
    );
    deepEqual([ran.outcome('priced').failures, ran.outcome('counted').failures], [1, 1]);
    const [scan] = scansOf(heard).filter((sql) => !sql.startsWith('explain'));
    ok(scan !== undefined && !scan.includes('dbt_internal_parent'));
  });

  it('leaves a transaction that goes on as it was, an error of a test included', async () => {
    const project = files(
      orders,
      `- name: id
  data_tests: [not_null, unique]
- name: status
  data_tests:
    - not_null
    - not_null: {name: wrong, config: {where: 'nobody = 1'}}
- name: customer_id
  data_tests: [{not_null: {name: of_customers, config: {store_failures: true}}}]`,
    );
    const manifest = compileFor(database.connection, schema, project);
    await run(project, { verb: 'run' });
    const queries = [...manifest.nodes.values()].flatMap((node) =>
      node.kind === 'test' ? [testQuery(node)] : [],
    );
    const ended: Record<string, Ended> = {};
    const stages: string[] = [];
    const audit = `${schema}_dbt_test__audit`;
    await database.query(`drop schema if exists ${audit} cascade; create schema ${audit}`);
    const opened = openDatabase(database.connection, {
      applicationName: 'fundlens:test',
      maxClients: 2,
    });
    try {
      const settings = await opened.withClient(async (client) => {
        const context = contextOf(
          manifest,
          opened,
          (test, outcome) => {
            ended[manifest.nodes.get(test)?.name ?? test] = outcome;
          },
          stages,
        );
        await client.query(`begin; delete from ${schema}.orders where status is null;
          insert into ${schema}.orders values (2000, 'new', 'open', null)`);
        await runTests(client, queries, context, { place: 'in-transaction' });
        const { rows } = await client.query("select current_setting('jit') as jit");
        await client.query('commit');
        return rows[0];
      });
      deepEqual(settings, { jit: 'on' });
    } finally {
      await opened.close();
    }
    deepEqual(
      Object.fromEntries(Object.entries(ended).map(([name, { status }]) => [name, status])),
      {
        not_null_orders_id: 'pass',
        unique_orders_id: 'fail',
        not_null_orders_status: 'pass',
        wrong: 'error',
        of_customers: 'fail',
      },
    );
    const [left] = await database.query(`select count(*)::int as n from ${schema}.orders`);
    deepEqual(left, { n: 971 });
    // Kept though the transaction might have been rolled back, types and all, and published later.
    deepEqual(await database.query(`select id, code from ${audit}."${stages[0]}"`), [
      { id: 2000, code: 'new' },
    ]);
  });
});

function contextOf(
  manifest: StepContext['manifest'],
  database: StepContext['database'],
  testEnded: StepContext['testEnded'],
  stages: string[],
): StepContext {
  const never = (): never => {
    throw new Error('not asked for here');
  };
  return {
    database,
    manifest,
    projectDir: '/nonexistent',
    signal: undefined,
    publish: { planPublication: never, pending: () => new Set(), signal: undefined, budgetMs: 0 },
    planFinish: never,
    planRefresh: never,
    deltaPlanner: { askFacts: never, planMerge: never, refuseFacts: never },
    testPlanning,
    around: plainAround,
    compiledPath: (id) => id,
    storeFailures: async ({ staged, stage }, client) => {
      equal(client, undefined);
      deepEqual(stage, []);
      stages.push(staged.identifier);
    },
    testStarted: () => undefined,
    testEnded,
  };
}
