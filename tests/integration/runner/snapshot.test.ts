// Snapshots: the versions that dbt's table would have, kept in one transaction a run.

import { deepEqual, equal, match } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { useDatabase } from '../../support/database.ts';
import { faultsOfAsync } from '../../support/faults.ts';
import { pollWhile } from '../../support/poll.ts';
import type { Files } from '../../support/project.ts';
import { type LateProjectRun, runLateProject } from '../../support/run-late-project.ts';

describe('runner: snapshots', () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database.query('drop schema if exists dev, raw, history cascade');
    await database.query('create schema raw');
    await database.query(
      'create table raw.people (id int, name text, place json, updated_at timestamp)',
    );
    await database.query(`insert into raw.people values
      (1, 'ann', '{"a": 1}', '2026-01-01 10:00'), (2, 'bob', null, '2026-01-02 00:00')`);
  });

  const block = (config: string, query = 'select * from raw.people'): Files => ({
    'snapshots/people.sql': `{% snapshot people_history %}
{{ config(${config}) }}
${query} -- the last line
{% endsnapshot %}`,
  });
  const byTime = "strategy='timestamp', unique_key='id', updated_at='updated_at'";
  const byCheck = "strategy='check', unique_key='id', check_cols='all'";
  const run = async (files: Files, parts: LateProjectRun = {}) => {
    const result = await runLateProject(database.connection, files, parts);
    return result.outcomes.find(({ node }) => node === 'snapshot.shop.people_history');
  };
  /** Id, name, and whether each version holds, from the oldest. */
  const versions = async (extra = '') =>
    (
      await database.query<{ version: string }>(
        `select concat_ws(' ', id, coalesce(name, '-'), case when dbt_valid_to is null then 'holds' else 'ended' end${extra}) as version
         from dev.people_history order by id, dbt_valid_from, dbt_valid_to nulls last, name`,
      )
    ).map(({ version }) => version);
  const leftovers = () =>
    database.query(
      `select relname from pg_class where relnamespace = to_regnamespace('dev')
         and relname ~ '__(staged|retired|next|old)_' order by 1`,
    );

  it('timestamp: ends a version at the time of the next, with dbt’s hashes and types', async () => {
    equal((await run(block(byTime)))?.error, undefined);
    await database.query(
      "update raw.people set name = 'anna', updated_at = '2026-02-01 12:30' where id = 1",
    );
    await database.query("insert into raw.people values (3, 'cid', null, '2026-02-02')");
    const second = await run(block(byTime));
    equal(second?.error, undefined);
    equal(second?.rows, 3);
    equal((await run(block(byTime)))?.rows, 0);
    deepEqual(
      await database.query(
        `select id, name, dbt_scd_id = md5(id::varchar || '|' || updated_at::varchar) as is_hash,
           dbt_updated_at::text, dbt_valid_from::text, dbt_valid_to::text from dev.people_history order by id, dbt_valid_from`,
      ),
      [
        {
          id: 1,
          name: 'ann',
          is_hash: true,
          dbt_updated_at: '2026-01-01 10:00:00',
          dbt_valid_from: '2026-01-01 10:00:00',
          dbt_valid_to: '2026-02-01 12:30:00',
        },
        {
          id: 1,
          name: 'anna',
          is_hash: true,
          dbt_updated_at: '2026-02-01 12:30:00',
          dbt_valid_from: '2026-02-01 12:30:00',
          dbt_valid_to: null,
        },
        {
          id: 2,
          name: 'bob',
          is_hash: true,
          dbt_updated_at: '2026-01-02 00:00:00',
          dbt_valid_from: '2026-01-02 00:00:00',
          dbt_valid_to: null,
        },
        {
          id: 3,
          name: 'cid',
          is_hash: true,
          dbt_updated_at: '2026-02-02 00:00:00',
          dbt_valid_from: '2026-02-02 00:00:00',
          dbt_valid_to: null,
        },
      ],
    );
    deepEqual(await leftovers(), []);
  });

  it('check: compares all columns or some, json too, and NULLs', async () => {
    await run(block(byCheck));
    await database.query(`update raw.people set place = '{"a": 2}' where id = 1`);
    await database.query('update raw.people set name = null where id = 2');
    equal((await run(block(byCheck)))?.error, undefined);
    deepEqual(await versions(), ['1 ann ended', '1 ann holds', '2 bob ended', '2 - holds']);
    const some = block("strategy='check', unique_key='id', check_cols=['NAME']");
    await database.query("update raw.people set place = '[]'");
    equal((await run(some))?.rows, 0);
    const wrong = await run(block("strategy='check', unique_key='id', check_cols=['nam']"));
    match(wrong?.error?.message ?? '', /`check_cols` of `dev\.people_history` names `nam`/);
  });

  it('ignores rows that are gone, ends their versions, or tells that they are gone', async () => {
    await run(block(byCheck));
    await database.query('delete from raw.people where id = 2');
    equal((await run(block(byCheck)))?.rows, 0);
    const invalidate = block(`${byCheck}, hard_deletes='invalidate'`);
    equal((await run(invalidate))?.rows, 1);
    equal((await run(invalidate))?.rows, 0);
    deepEqual(await versions(), ['1 ann holds', '2 bob ended']);
    await database.query("insert into raw.people values (2, 'bob', null, '2026-01-02')");
    await run(invalidate);
    deepEqual(await versions(), ['1 ann holds', '2 bob ended', '2 bob holds']);
  });

  it('new_record: a row that is gone has a version that says so, until it comes back', async () => {
    const files = block(`${byCheck}, hard_deletes='new_record'`);
    await run(files);
    await database.query('delete from raw.people where id = 2');
    equal((await run(files))?.rows, 2);
    equal((await run(files))?.rows, 0);
    const told = ", 'gone: ' || dbt_is_deleted";
    deepEqual(await versions(told), [
      '1 ann holds gone: False',
      '2 bob ended gone: False',
      '2 bob holds gone: True',
    ]);
    await database.query("insert into raw.people values (2, 'bob', null, '2026-01-02')");
    await run(files);
    deepEqual(await versions(told), [
      '1 ann holds gone: False',
      '2 bob ended gone: False',
      '2 bob ended gone: True',
      '2 bob holds gone: False',
    ]);
  });

  it('uses other column names and another end of what holds', async () => {
    const files = block(
      `${byTime}, hard_deletes='invalidate', dbt_valid_to_current="'9999-12-31'::timestamp",
       snapshot_meta_column_names={'dbt_valid_from': 'started', 'dbt_valid_to': 'ended', 'dbt_scd_id': 'version'}`,
    );
    await run(files);
    await database.query(
      "update raw.people set name = 'x', updated_at = '2026-03-01' where id = 1",
    );
    await database.query('delete from raw.people where id = 2');
    equal((await run(files))?.error, undefined);
    deepEqual(
      await database.query(
        `select id, name, ended::text, version is not null as has_version from dev.people_history where ended = '9999-12-31'`,
      ),
      [{ id: 1, name: 'x', ended: '9999-12-31 00:00:00', has_version: true }],
    );
    equal((await database.query('select from dev.people_history')).length, 3);
  });

  it('holds NULL equal to NULL in keys of several columns and in expressions', async () => {
    await database.query("insert into raw.people values (null, 'eve', null, '2026-01-03')");
    for (const key of ["['id', 'name']", '"coalesce(name, \'\') || id"', "'id'"]) {
      await database.query('drop table if exists dev.people_history');
      const files = block(`strategy='check', unique_key=${key}, check_cols=['updated_at']`);
      equal((await run(files))?.error, undefined, key);
      equal((await run(files))?.rows, 0, key);
      await database.query('update raw.people set updated_at = updated_at + interval $$1 day$$');
      equal((await run(files))?.rows, 6, key);
    }
  });

  it('refuses several rows of one key, in the first run too', async () => {
    const files = block(byCheck, 'select * from raw.people union all select 1, $$x$$, null, null');
    match(
      (await run(files))?.error?.message ?? '',
      /several rows of one `unique_key` \(id\): \(1\) 2 times/,
    );
    equal(
      (await database.query("select to_regclass('dev.people_history')::text as t"))[0]?.['t'],
      null,
    );
    await run(block(byCheck));
    match((await run(files))?.error?.message ?? '', /\(1\) 2 times/);
    deepEqual(await versions(), ['1 ann holds', '2 bob holds']);
  });

  it('adds new columns, keeps those that went away, and widens texts', async () => {
    const query = (columns: string) =>
      block(
        "strategy='check', unique_key='id', check_cols='all'",
        `select ${columns} from raw.people`,
      );
    await run(query("id, name::varchar(3) as name, 'old' as former"));
    const result = await run(query('id, (name || name)::varchar(9) as name, 7 as fresh'));
    equal(result?.error, undefined);
    deepEqual(
      await database.query(
        'select id, name, former, fresh from dev.people_history where dbt_valid_to is null order by id',
      ),
      [
        { id: 1, name: 'annann', former: null, fresh: 7 },
        { id: 2, name: 'bobbob', former: null, fresh: 7 },
      ],
    );
  });

  it('is read by `ref`, tested before it is published, and rolled back when a test fails', async () => {
    const files: Files = {
      ...block(byCheck),
      'models/current_people.sql':
        "select * from {{ ref('people_history') }} where dbt_valid_to is null",
      'snapshots/people.yml': `snapshots:
  - name: people_history
    columns:
      - name: name
        data_tests: [not_null]
`,
    };
    equal((await run(files))?.error, undefined);
    equal((await database.query('select from dev.current_people')).length, 2);
    await database.query('update raw.people set name = null where id = 2');
    const failed = await run(files);
    equal(failed?.status, 'skipped');
    deepEqual(await versions(), ['1 ann holds', '2 bob holds']);
    deepEqual(await leftovers(), []);
    equal(await run(files, { verb: 'run' }), undefined);
    equal((await run(files, { verb: 'snapshot' }))?.status, 'success');
    deepEqual(await versions(), ['1 ann holds', '2 bob ended', '2 - holds']);
  });

  it('is written in YAML over a relation, into a schema of its own', async () => {
    const files: Files = {
      'models/sources.yml': 'sources: [{name: raw, tables: [{name: people}]}]',
      'snapshots/people.yml': `snapshots:
  - name: people_history
    relation: source('raw', 'people')
    config:
      target_schema: history
      strategy: timestamp
      unique_key: [id]
      updated_at: updated_at
`,
    };
    equal((await run(files))?.error, undefined);
    equal((await database.query('select from history.people_history')).length, 2);
  });

  it('shows readers of table and view one version that holds of each row, and no error', async () => {
    await run(block(byCheck));
    await database.query('create view dev.v as select * from dev.people_history');
    const readers = pollWhile(
      database.connection,
      ['people_history', 'v'].map(
        (relation) =>
          `select count(distinct id)::int as ids, count(*) filter (where dbt_valid_to is null)::int as holding from dev.${relation}`,
      ),
      ({ ids, holding }) => ids === 2 && holding === 2,
    );
    for (let n = 1; n <= 6; n += 1) {
      await database.query("update raw.people set name = coalesce(name, '') || 'x'");
      equal((await run(block(byCheck)))?.error, undefined);
    }
    const { errors, broken, reads } = await readers.stop();
    deepEqual([errors, broken], [[], []]);
    equal(reads > 20, true, `${reads} reads`);
    equal((await database.query('select from dev.v')).length, 14);
  });

  it('leaves the table as it was when it is cancelled before the commit', async () => {
    await run(block(byCheck));
    await database.query("update raw.people set name = 'x'");
    const aborter = new AbortController();
    const running = runLateProject(
      database.connection,
      {
        ...block(byCheck),
        'tests/slow.sql': "select pg_sleep(20) as s from {{ ref('people_history') }} where id = 1",
      },
      { signal: aborter.signal },
    );
    for (let n = 0; n < 100; n += 1) {
      const waiting = await database.query(
        "select from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid() and state = 'active'",
      );
      if (waiting.length > 0) break;
      await sleep(50);
    }
    aborter.abort();
    equal((await running).interrupted, true);
    deepEqual(await versions(), ['1 ann holds', '2 bob holds']);
    deepEqual(await leftovers(), []);
  });

  it('says what a snapshot cannot do without, and replaces nothing that is no table', async () => {
    const fault = async (config: string) =>
      (await faultsOfAsync(() => run(block(config))))[0] ?? '';
    match(await fault("unique_key='id'"), /snapshots\/people\.sql:1.*needs a `strategy`/);
    match(
      await fault("strategy='timestamp', unique_key='id'"),
      /snapshots\/people\.sql:2:4: .*needs `updated_at`/,
    );
    match(await fault("strategy='check', unique_key='id'"), /needs `check_cols`/);
    match(await fault("strategy='check', check_cols='all'"), /needs a `unique_key`/);
    match(await fault("strategy='daily', unique_key='id'"), /no snapshot strategy `daily`/);
    await database.query('create schema dev');
    await database.query('create view dev.people_history as select 1 as id');
    match(await fault(byCheck), /writes to `dev\.people_history`, which is a view/);
  });
});
