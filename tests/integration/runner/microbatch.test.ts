// Microbatch models: which stretches of time a run builds, remembers, fills and restates.

import { deepEqual, equal, match } from 'node:assert/strict';
import { useDatabase } from '../../support/database.ts';
import { faultsOfAsync } from '../../support/faults.ts';
import { pollWhile } from '../../support/poll.ts';
import type { Files } from '../../support/project.ts';
import { type LateProjectRun, runLateProject } from '../../support/run-late-project.ts';

describe('runner: microbatch models', () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database.query('drop schema if exists dev, raw, runner cascade');
    await database.query('create schema raw');
    await database.query('create table raw.events (id int, at timestamptz, note text)');
    await insert(
      "(1, '2026-11-19 10:00Z', 'a'), (2, '2026-11-20 00:00Z', 'b'), (3, '2026-11-21 23:59Z', 'c')",
    );
  });

  const insert = (values: string) => database.query(`insert into raw.events values ${values}`);
  const sources = `sources:
  - name: raw
    tables:
      - name: events
        config: {event_time: at}
`;
  const project = (config: string, sql?: string): Files => ({
    'models/sources.yml': sources,
    'models/daily.sql':
      sql ??
      `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', ${config}) }}
with events as (select * from {{ source('raw', 'events') }})
select e.id, e.at, e.note from events as e -- the last line is a comment`,
  });
  const begin = "begin='2026-11-19'";
  const run = async (now: string, files: Files = project(begin), parts: LateProjectRun = {}) => {
    const result = await runLateProject(database.connection, files, {
      ...parts,
      inputs: { runStartedAt: now, ...parts.inputs },
    });
    const [outcome] = result.outcomes.filter(({ node }) => node === 'model.shop.daily');
    const node = result.compiled.nodes.get('model.shop.daily');
    const batches = node?.kind === 'model' ? (node.batches?.list ?? []) : [];
    return { outcome, batches: batches.map(({ start }) => start.slice(0, 13)) };
  };
  const ids = async () =>
    (await database.query<{ id: number }>('select id from dev.daily order by id, note')).map(
      ({ id }) => id,
    );
  const known = async () =>
    (
      await database.query<{ stretch: string }>(
        `select to_char(starts_at at time zone 'utc', 'DD HH24') || '-' || to_char(ends_at at time zone 'utc', 'DD HH24') as stretch
         from runner.intervals order by starts_at`,
      )
    ).map(({ stretch }) => stretch);

  it('builds every batch from `begin` on aside, and remembers the last up to the moment of the run', async () => {
    const { outcome, batches } = await run('2026-11-21T12:00:00Z');
    equal(outcome?.error, undefined);
    equal(outcome?.rows, 3);
    deepEqual(batches, ['2026-11-19 00', '2026-11-20 00', '2026-11-21 00']);
    deepEqual(await ids(), [1, 2, 3]);
    deepEqual(await known(), ['19 00-20 00', '20 00-21 00', '21 00-21 12']);
  });

  it('replaces the batches of the lookback, vanished rows too, and leaves older ones alone', async () => {
    await run('2026-11-21T12:00:00Z');
    await database.query('delete from raw.events where id in (1, 3)');
    await insert("(4, '2026-11-20 05:00Z', 'late'), (5, '2026-11-19 06:00Z', 'too late')");
    const { outcome, batches } = await run('2026-11-21T13:00:00Z');
    equal(outcome?.error, undefined);
    deepEqual(batches, ['2026-11-20 00', '2026-11-21 00']);
    deepEqual(await ids(), [1, 2, 4]);
    equal(outcome?.rows, 2);
  });

  it('fills the gap that an outage left, which dbt would pass over', async () => {
    await run('2026-11-19T12:00:00Z');
    deepEqual(await ids(), [1]);
    const { batches } = await run('2026-11-23T01:00:00Z');
    deepEqual(batches, [
      '2026-11-19 00',
      '2026-11-20 00',
      '2026-11-21 00',
      '2026-11-22 00',
      '2026-11-23 00',
    ]);
    deepEqual(await ids(), [1, 2, 3]);
    const { batches: next } = await run('2026-11-23T02:00:00Z');
    deepEqual(next, ['2026-11-22 00', '2026-11-23 00']);
  });

  it('restates a range and nothing else', async () => {
    await run('2026-11-23T01:00:00Z');
    await database.query("update raw.events set note = 'new' where id < 3");
    const { batches } = await run('2026-11-24T01:00:00Z', undefined, {
      inputs: { eventTime: { startMs: Date.UTC(2026, 10, 19, 5), endMs: Date.UTC(2026, 10, 20) } },
    });
    deepEqual(batches, ['2026-11-19 00']);
    deepEqual(await database.query('select id, note from dev.daily order by id'), [
      { id: 1, note: 'new' },
      { id: 2, note: 'b' },
      { id: 3, note: 'c' },
    ]);
    deepEqual((await known()).at(-1), '23 00-23 01');
  });

  it('builds all again on a full refresh, and forgets what it knew', async () => {
    await run('2026-11-23T01:00:00Z');
    await database.query('delete from raw.events where id = 1');
    const later = project("begin='2026-11-20'");
    const { outcome } = await run('2026-11-23T02:00:00Z', later, {
      inputs: { flags: { FULL_REFRESH: true } },
    });
    equal(outcome?.error, undefined);
    deepEqual(await ids(), [2, 3]);
    deepEqual((await known())[0], '20 00-21 00');
  });

  it('moves a row to its new batch by its key, and refuses rows outside the batches without one', async () => {
    const keyed = project(`${begin}, unique_key='id'`);
    await run('2026-11-21T12:00:00Z', keyed);
    await database.query("update raw.events set at = '2026-11-21 01:00Z' where id = 1");
    equal((await run('2026-11-21T13:00:00Z', keyed)).outcome?.error, undefined);
    deepEqual(await ids(), [1, 2, 3]);
    const moved = `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', ${begin}) }}
select id, at - interval '1 month' as at, note from {{ source('raw', 'events') }}`;
    const { outcome } = await run('2026-11-21T14:00:00Z', project('', moved));
    match(outcome?.error?.message ?? '', /3 rows have `at` outside the batches of `dev\.daily`/);
    deepEqual(await ids(), [1, 2, 3]);
  });

  it('keeps rows, table and memory as they were when a test fails', async () => {
    await run('2026-11-21T12:00:00Z');
    const before = await known();
    await insert("(9, '2026-11-21 13:00Z', 'bad')");
    const { outcome } = await run('2026-11-21T14:00:00Z', {
      ...project(begin),
      'tests/no_bad.sql': "select * from {{ ref('daily') }} where note = 'bad'",
    });
    equal(outcome?.status, 'skipped');
    deepEqual(await ids(), [1, 2, 3]);
    deepEqual(await known(), before);
  });

  it('tells the template its batch, and reads an input whole where it asks for that', async () => {
    const sql = `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='month', begin='2026-10-01') }}
select '{{ model.batch.event_time_start }}'::timestamptz as at, '{{ model.batch.id }}' as id,
  (select count(*)::int from {{ source('raw', 'events') }}) as cut,
  (select count(*)::int from {{ source('raw', 'events').render() }}) as whole`;
    const { outcome } = await run('2026-11-21T12:00:00Z', project('', sql));
    equal(outcome?.error, undefined);
    deepEqual(await database.query('select id, cut, "whole" from dev.daily order by id'), [
      { id: '202610', cut: 0, whole: 3 },
      { id: '202611', cut: 3, whole: 3 },
    ]);
  });

  it('shows readers of table and view whole stretches only', async () => {
    await database.query(
      "insert into raw.events select i, timestamptz '2026-11-21 00:00Z' + i * interval '1 second', 'v0' from generate_series(100, 299) as i",
    );
    await run('2026-11-21T12:00:00Z');
    await database.query('create view dev.v as select * from dev.daily');
    const readers = pollWhile(
      database.connection,
      ['daily', 'v'].map(
        (relation) =>
          `select count(*)::int as n, count(distinct note)::int as notes from dev.${relation} where id >= 100`,
      ),
      ({ n, notes }) => n === 200 && notes === 1,
    );
    for (let n = 1; n <= 5; n += 1) {
      await database.query('update raw.events set note = $1 where id >= 100', [`v${n}`]);
      const flags = n === 5 ? { FULL_REFRESH: true } : {};
      equal(
        (await run('2026-11-21T12:00:00Z', undefined, { inputs: { flags } })).outcome?.status,
        'success',
      );
    }
    const { errors, broken, reads } = await readers.stop();
    deepEqual([errors, broken], [[], []]);
    equal(reads > 20, true, `${reads} reads`);
    deepEqual(await database.query('select distinct note from dev.v where id >= 100'), [
      { note: 'v5' },
    ]);
  });

  it('says which config is missing before it connects, and that no input can be cut', async () => {
    const made = (config: string, sql = "select * from {{ source('raw', 'events') }}") =>
      run(
        '2026-11-21T12:00:00Z',
        project(
          '',
          `{{ config(materialized='incremental', incremental_strategy='microbatch', ${config}) }}\n${sql}`,
        ),
      );
    const fault = async (config: string) => (await faultsOfAsync(() => made(config)))[0] ?? '';
    match(await fault("batch_size='day', begin='2026-01-01'"), /needs `event_time`/);
    match(await fault("event_time='at', begin='2026-01-01'"), /needs `batch_size`/);
    match(await fault("event_time='at', batch_size='day'"), /needs `begin`/);
    match(await fault("event_time='at', batch_size='day', begin='soon'"), /which is no time/);
    const early = await made("event_time='at', batch_size='day', begin='2027-01-01'");
    match(early.outcome?.error?.message ?? '', /has no batch yet/);
    const uncut = await made(
      "event_time='at', batch_size='day', begin='2026-11-20'",
      'select 1 as id, now() as at',
    );
    match(
      uncut.outcome?.error?.message ?? '',
      /no input of microbatch model `daily` has an `event_time`/,
    );
  });
});
