// Unit tests: a model's query over made-up rows, with or without anything built.

import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatRowDiff } from '../../../runner/report/row-diff.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';
import { type ProjectParts, runFiles } from '../../support/run-project.ts';

describe('runner/execute: unit tests', () => {
  const database = useDatabase();
  const schema = 'units';
  const run = (project: Files, parts?: ProjectParts) =>
    runFiles(database.connection, schema, project, parts);
  const testOnly = (project: Files, parts?: ProjectParts) =>
    run(project, { verb: 'test', ...parts });

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
  });

  /** A model `totals` over `orders`, with one unit test from its YAML. */
  const totals = (unitTest: string, more: Files = {}): Files => ({
    'models/orders.sql': `{{ config(materialized='table') }}
select n as id, 'open'::varchar(10) as status, n::numeric(10, 2) as amount, date '2024-01-01' + n as ordered_on
from generate_series(1, 3) as n`,
    'models/totals.sql': `select status, sum(orders.amount) as total, count(*) as orders, max(ordered_on) as last_on
from {{ ref('orders') }}
group by status`,
    'models/units.yml': `unit_tests:\n  - name: adds_up\n    model: totals\n${unitTest.replaceAll(/^/gm, '    ')}\n`,
    ...more,
  });
  const given = `given:
  - input: ref('orders')
    rows:
      - {status: open, amount: 1.10, ordered_on: 2024-02-01}
      - {status: open, amount: 2.2}
      - {status: null, amount: 5}
`;

  it('passes with no table anywhere: types come from the query of the model that is read', async () => {
    const ran = await testOnly(
      totals(`${given}expect:
  rows:
    - {status: null, total: 5, orders: 1, last_on: null}
    - {status: open, total: 3.3, orders: 2, last_on: 2024-02-01}`),
    );
    deepEqual(ran.statuses(), { adds_up: 'pass' });
    deepEqual(await database.query(`select to_regnamespace('${schema}') as it`), [{ it: null }]);
  });

  it('shows both rows of a difference with the changed cells marked, within 80 columns', async () => {
    const ran = await testOnly(
      totals(`${given}expect:
  rows:
    - {status: open, total: 3.4, orders: 2}
    - {status: shut, total: 1, orders: 0}`),
    );
    const { status, diff, failures } = ran.outcome('adds_up');
    deepEqual([status, failures], ['fail', 4]);
    const text = diff === undefined ? '' : formatRowDiff(diff, 78);
    equal(
      text,
      [
        'rows that differ: 1 changed, 1 missing, 1 not expected; * marks what changed',
        '               status   total   orders',
        'expected       open    *3.4     2',
        'actual         open    *3.30    2',
        'missing        shut     1       0',
        'not expected   NULL     5.00    1',
      ]
        .join('\n')
        .replaceAll(/ +$/gm, ''),
    );
  });

  it('compares only the columns that are expected, and duplicates by their number', async () => {
    const rows = (expected: string) => `${given}expect: {rows: [${expected}]}`;
    const one = await testOnly(totals(rows('{orders: 2}, {orders: 1}')));
    equal(one.outcome('adds_up').status, 'pass');
    const two = await testOnly(totals(rows('{orders: 2}, {orders: 1}, {orders: 1}')));
    deepEqual(two.outcome('adds_up').diff?.missing, [['1']]);
    equal(two.outcome('adds_up').failures, 1);
  });

  it('reads CSV, SQL and fixture files, on both sides', async () => {
    const csv = 'Status,AMOUNT\nopen,1.5\n,2\n"open",2.5';
    const sql = "select 'open' as status, 4 as total union all select {{ 'null' }}, 2.00";
    const [formats, files] = await Promise.all([
      testOnly(
        totals(`given: [{input: ref('orders'), format: csv, rows: ${JSON.stringify(csv)}}]
expect: {format: sql, rows: ${JSON.stringify(sql)}}`),
      ),
      testOnly(
        totals(
          `given: [{input: ref('orders'), format: csv, fixture: some_orders}]
expect: {format: sql, fixture: their_totals}`,
          { 'tests/fixtures/some_orders.csv': csv, 'tests/fixtures/their_totals.sql': sql },
        ),
      ),
    ]);
    deepEqual(
      [formats.outcome('adds_up').status, files.outcome('adds_up').status],
      ['pass', 'pass'],
    );
    const fromSql = await testOnly(
      totals(`given: [{input: ref('orders'), format: sql, rows: "select 7 as amount, 'x' as status"}]
expect: {format: csv, rows: "status,total\\nx,7.00"}`),
    );
    equal(fromSql.outcome('adds_up').status, 'pass');
  });

  it('overrides macros, vars and environment, gives `this`, and is not incremental by default', async () => {
    const project = (overrides: string, expected: string): Files => ({
      'models/events.sql': `select n as id, n as seen_at from generate_series(1, 3) as n`,
      'models/grown.sql': `{{ config(materialized='view') }}
select id, '{{ who() }}-{{ var('place', 'here') }}-{{ env_var('SEASON', 'summer') }}' as mark from {{ ref('events') }}
{% if is_incremental() %}where seen_at > (select max(id) from {{ this }}){% endif %}`,
      'macros/who.sql': `{% macro who() %}me{% endmacro %}`,
      'models/units.yml': `unit_tests:
  - name: grows
    model: grown
    given:
      - {input: this, rows: [{id: 2}]}
      - {input: "ref('events')", rows: [{id: 1, seen_at: 1}, {id: 3, seen_at: 3}]}
    ${overrides}
    expect: {rows: [${expected}]}
`,
    });
    const plain = await testOnly(
      project('', '{id: 1, mark: me-here-summer}, {id: 3, mark: me-here-summer}'),
    );
    equal(plain.outcome('grows').status, 'pass');
    const other = await testOnly(
      project(
        'overrides: {macros: {is_incremental: true, who: you}, vars: {place: there}, env_vars: {SEASON: winter}}',
        '{id: 3, mark: you-there-winter}',
      ),
    );
    deepEqual(other.outcome('grows').error, undefined);
    equal(other.outcome('grows').status, 'pass');
  });

  it('tests each version of a model, or those that are named', async () => {
    const project = (versions: string): Files => ({
      'models/one_v1.sql': 'select 1 as n',
      'models/one_v2.sql': 'select 2 as n',
      'models/s.yml': `models: [{name: one, latest_version: 2, versions: [{v: 1}, {v: 2}]}]
unit_tests:
  - {name: is_two, model: one, ${versions}expect: {rows: [{n: 2}]}}
`,
    });
    deepEqual((await testOnly(project(''))).statuses(), { is_two_v1: 'fail', is_two_v2: 'pass' });
    deepEqual((await testOnly(project('versions: {include: [2]}, '))).statuses(), {
      is_two_v2: 'pass',
    });
    deepEqual((await testOnly(project('versions: {exclude: [2]}, '))).statuses(), {
      is_two_v1: 'fail',
    });
  });

  it('runs before its model in `build`, which it holds back with all that follows', async () => {
    const project = (total: number) =>
      totals(`${given}expect: {rows: [{total: ${total}}, {total: 5}]}`, {
        'models/after.sql': `select * from {{ ref('totals') }}`,
      });
    const bad = await run(project(4));
    deepEqual(bad.statuses(), {
      orders: 'success',
      adds_up: 'fail',
      totals: 'skipped',
      after: 'skipped',
    });
    match(String(bad.outcome('after').skippedBecause), /adds_up/);
    const good = await run(project(3.3));
    deepEqual(
      good.result.outcomes.map(({ node }) => node.split('.').at(-1)),
      ['orders', 'adds_up', 'totals', 'after'],
    );
    deepEqual(await database.query(`select count(*)::int as n from ${schema}.totals`), [{ n: 1 }]);
    deepEqual((await run(project(4), { verb: 'run' })).statuses(), {
      orders: 'success',
      totals: 'success',
      after: 'success',
    });
  });

  it('takes the types of seeds, of documented sources and of what is built, else of the values', async () => {
    const projectDir = await mkdtemp(join(tmpdir(), 'fundlens-units-'));
    try {
      await mkdir(join(projectDir, 'seeds'));
      await writeFile(join(projectDir, 'seeds/codes.csv'), 'code,rank,since\n007,1,2024-01-01\n');
      const project: Files = {
        'seeds/codes.csv': 'code,rank,since\n007,1,2024-01-01\n',
        'models/joined.sql': `select c.code, c.since - 1 as before, s.at::text as at, s.tags[1] as tag, u.n + 1 as n
from {{ ref('codes') }} as c
join {{ source('raw', 'stamps') }} as s on s.code = c.code
cross join {{ source('raw', 'unknown') }} as u`,
        'models/s.yml': `sources:
  - name: raw
    tables:
      - name: stamps
        columns:
          - {name: code, data_type: text}
          - {name: at, data_type: timestamptz}
          - {name: tags, data_type: 'text[]'}
      - name: unknown
unit_tests:
  - name: joins
    model: joined
    given:
      - {input: "ref('codes')", rows: [{code: '007', since: 2024-03-01}]}
      - {input: "source('raw', 'stamps')", rows: [{code: '007', at: '2024-01-01 00:00+00', tags: [a, b]}]}
      - {input: "source('raw', 'unknown')", rows: [{n: 41}]}
    expect: {rows: [{code: '007', before: 2024-02-29, at: '2024-01-01 00:00:00+00', tag: a, n: 42}]}
`,
      };
      const ran = await testOnly(project, { projectDir });
      deepEqual(ran.outcome('joins').error?.message, undefined);
      equal(ran.outcome('joins').status, 'pass');
    } finally {
      await rm(projectDir, { recursive: true, force: true });
    }
  });

  it('describes a chain of which nothing is built', async () => {
    const ran = await testOnly({
      'models/a.sql': 'select 1::smallint as id, now() as at',
      'models/b.sql': "select id, date_trunc('day', at) as day from {{ ref('a') }}",
      'models/c.sql': "select id, day + interval '1 day' as next from {{ ref('b') }}",
      'models/d.sql':
        "select max(next)::date as last, pg_typeof(max(id))::text as type from {{ ref('c') }}",
      'models/s.yml': `unit_tests:
  - name: lasts
    model: d
    given: [{input: "ref('c')", rows: [{id: 1, next: '2024-02-28 23:00'}, {id: 2, next: 2024-02-29}]}]
    expect: {rows: [{last: 2024-02-29, type: smallint}]}
`,
    });
    deepEqual(ran.outcome('lasts').diff, undefined);
    equal(ran.outcome('lasts').status, 'pass');
  });

  it('tells what is wrong with a test: an input that is missing, a column, a value, the query', async () => {
    const errorOf = async (unitTest: string, more?: Files) => {
      const { status, error } = (await testOnly(totals(unitTest, more))).outcome('adds_up');
      equal(status, 'error');
      return `${error?.message}; ${error?.hint}`;
    };
    match(
      await errorOf('expect: {rows: []}'),
      /`adds_up` gives no rows of `ref\('orders'\)`; add `- input: ref\('orders'\)` below/,
    );
    match(
      await errorOf(`given: [{input: ref('orders'), rows: [{amout: 1}]}]\nexpect: {rows: []}`),
      /`ref\('orders'\)` in unit test `adds_up` has no column `amout`; did you mean `amount`\?/,
    );
    match(
      await errorOf(
        `given: [{input: ref('orders'), rows: [{amount: 1}, {amount: much}]}]\nexpect: {rows: []}`,
      ),
      /do not fit: row 2: invalid input syntax for type numeric: "much"/,
    );
    match(
      await errorOf(`${given}expect: {rows: [{totl: 1}]}`),
      /has no column `totl`; did you mean `total`/,
    );
    match(
      await errorOf(`given: [{input: ref('orders'), fixture: none}]\nexpect: {rows: []}`),
      /there is no fixture|rows of format `dict`/,
    );
    const wrong = await testOnly(
      totals(`${given}expect: {rows: []}`, {
        'models/totals.sql': `select\n  orders.amount / (amount - amount) as nothing from {{ ref('orders') }}`,
      }),
    );
    match(wrong.outcome('adds_up').error?.message ?? '', /division by zero/);
  });

  it('expects no rows, and compares JSON and nested values by what they mean', async () => {
    const none = await testOnly(
      totals(`given: [{input: ref('orders'), rows: []}]\nexpect: {rows: []}`),
    );
    equal(none.outcome('adds_up').status, 'pass');
    const json = await testOnly({
      'models/a.sql': `select '{"b": 1, "a": [1, 2]}'::json as doc, array[1, null]::int[] as list, 'x'::text as word`,
      'models/s.yml': `unit_tests:
  - {name: same, model: a, expect: {rows: [{doc: '{"a": [1,2], "b": 1}', list: [1, null]}]}}
  - {name: other, model: a, expect: {rows: [{doc: {a: [2, 1], b: 1}, word: 'x'}]}}
`,
    });
    deepEqual(json.statuses(), { same: 'pass', other: 'fail' });
  });
});
