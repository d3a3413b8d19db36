// Kills at every point of a merge: the table is the old one or the new one, and the next run mends the rest.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Connection } from '../../core/connection.ts';
import { runCli } from '../support/cli.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { urlOf } from '../support/extract.ts';
import { queryOnce } from '../support/query.ts';

const files: Readonly<Record<string, string>> = {
  'dbt_project.yml': 'name: merges\nprofile: merges\n',
  'profiles.yml':
    'merges:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: localhost, port: 5432, user: u, dbname: d, schema: dev, threads: 1}\n',
  'models/sources.yml':
    'sources: [{name: raw, tables: [{name: events, config: {event_time: at}}]}]',
  'models/keyed.sql': `{{ config(materialized='incremental', unique_key='id') }}
select * from {{ source('raw', 'events') }}`,
  'models/daily.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', begin='2026-01-01', lookback=100000) }}
select * from {{ source('raw', 'events') }}`,
  'snapshots/history.sql': `{% snapshot history %}
{{ config(strategy='timestamp', unique_key='id', updated_at='at') }}
select * from {{ source('raw', 'events') }}
{% endsnapshot %}`,
  'models/tests.yml': `models:
  - name: keyed
    columns: [{name: id, data_tests: [unique, not_null]}]
  - name: daily
    columns: [{name: id, data_tests: [not_null]}]
`,
};

const nodes = ['keyed', 'daily', 'history'];
const points = ['after-stage', 'before-merge', 'in-merge', 'after-merge'];

async function writeProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fundlens-merges-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function contents(connection: Connection): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of nodes) {
    const rows = await queryOnce(
      connection,
      `select row::text as row from dev.${name} as row order by 1`,
    );
    found[name] = rows.map(({ row }) => row);
  }
  return found;
}

const change = `update raw.events set note = note || '!', at = at + interval '1 hour' where id % 2 = 0;
  insert into raw.events select max(id) + 1, '2026-01-05 12:00', 'new' from raw.events`;

describe('a merge under SIGKILL', function () {
  this.timeout(600_000);
  useDatabase();

  it('leaves the table as it was or as it is to be, and ends as an undisturbed run does', async () => {
    const project = await writeProject();
    const build = (connection: Connection, select: readonly string[], fault?: string) =>
      runCli(
        'runner',
        ['build', '--project-dir', project, ...select.flatMap((it) => ['--select', it])],
        {
          env: { DATABASE_URL: urlOf(connection), ...(fault ? { FUNDLENS_FAULT: fault } : {}) },
        },
      );
    const connection = await createDatabase();
    await queryOnce(connection, `create schema raw`);
    await queryOnce(
      connection,
      `create table raw.events as select i as id, timestamp '2026-01-01' + i * interval '7 hours' as at, 'n' || i as note from generate_series(1, 12) as i`,
    );
    const first = await build(connection, []);
    assert.equal(first.code, 0, first.stderr);
    for (const node of nodes) {
      for (const point of points) {
        const before = await contents(connection);
        await queryOnce(connection, change);
        const killed = await build(connection, [node], `runner:${point}:1`);
        assert.equal(killed.signal, 'SIGKILL', `${node} at ${point}\n${killed.stderr}`);
        const after = await contents(connection);
        if (point !== 'after-merge') assert.deepEqual(after, before, `${node} at ${point}`);
        const clean = await build(connection, []);
        assert.equal(clean.code, 0, clean.stderr);
        const done = await contents(connection);
        if (point === 'after-merge') assert.deepEqual(after[node], done[node], node);
        const expected = await queryOnce(
          connection,
          'select row::text as row from raw.events as row order by 1',
        );
        for (const table of ['keyed', 'daily']) {
          assert.deepEqual(
            done[table],
            expected.map(({ row }) => row),
            `${table} after ${point}`,
          );
        }
        const [holds] = await queryOnce(
          connection,
          `select count(*)::int as n from dev.history join raw.events using (id, at, note) where dbt_valid_to is null`,
        );
        assert.equal(holds?.['n'], expected.length);
        const [left] = await queryOnce(
          connection,
          `select count(*)::int as n from pg_class where relname ~ '__(staged|retired|next|old)_'`,
        );
        assert.equal(left?.['n'], 0, `left by ${node} at ${point}`);
      }
    }
    await rm(project, { recursive: true, force: true });
  });
});
