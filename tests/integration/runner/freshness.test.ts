// `runner source freshness`, as a user runs it.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../support/cli.ts';
import { useDatabase } from '../../support/database.ts';

interface SourcesFile {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

describe('runner source freshness', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const schema = 'landed';
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-freshness-'));
    await mkdir(join(folder, 'models'));
    const { host, port, user, password, database: dbname } = database.connection;
    await writeFile(join(folder, 'dbt_project.yml'), 'name: shop\nprofile: shop\n');
    const output = {
      type: 'postgres',
      host,
      port,
      user,
      password: password ?? 'none',
      dbname,
      schema,
      threads: 2,
    };
    await writeFile(
      join(folder, 'profiles.yml'),
      JSON.stringify({ shop: { target: 'dev', outputs: { dev: output } } }),
    );
    await database.query(`drop schema if exists ${schema} cascade`);
    await database.query(`create schema ${schema}`);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const freshness = async (yaml: string, ...args: string[]) => {
    await writeFile(join(folder, 'models/s.yml'), yaml);
    return runCli('runner', ['source', 'freshness', ...args], { cwd: folder });
  };
  const sources = async (path = 'target/sources.json') =>
    JSON.parse(await readFile(join(folder, path), 'utf8')) as SourcesFile;
  const statuses = ({ results }: SourcesFile) =>
    Object.fromEntries(
      results.map((result) => [String(result['unique_id']).split('.').at(-1), result['status']]),
    );
  const table = (name: string, age: string | undefined, type = 'timestamptz') =>
    database.query(
      `create table ${schema}.${name} as select (now() at time zone 'UTC' - interval '${age ?? '0'}')${
        type === 'timestamptz' ? " at time zone 'UTC'" : `::${type}`
      } as at, 1 as kind where ${age === undefined ? 'false' : 'true'}`,
    );

  it('tells fresh from old, by the thresholds of the source or of the table', async () => {
    await table('fresh', '10 minutes');
    await table('naive', '10 minutes', 'timestamp');
    await table('worn', '5 hours');
    await table('stale', '3 days 2 hours');
    await table('empty', undefined);
    await table('own', '5 hours');
    await table('never', '5 years');
    const ran = await freshness(`sources:
  - name: raw
    schema: ${schema}
    config:
      loaded_at_field: at
      freshness:
        warn_after: {count: 2, period: hour}
        error_after: {count: 1, period: day}
    tables:
      - name: fresh
      - name: naive
      - name: worn
      - name: stale
      - name: empty
      - name: own
        config: {freshness: {error_after: {count: 299, period: minute}}}
      - name: never
        freshness: null
`);
    equal(ran.code, 1, ran.stderr);
    const file = await sources();
    deepEqual(statuses(file), {
      empty: 'error',
      fresh: 'pass',
      naive: 'pass',
      own: 'error',
      stale: 'error',
      worn: 'warn',
    });
    equal(file.metadata['dbt_schema_version'], 'https://schemas.getdbt.com/dbt/sources/v3.json');
    const result = file.results.find((it) => String(it['unique_id']).endsWith('.worn'));
    deepEqual(Object.keys(result ?? {}), [
      'unique_id',
      'max_loaded_at',
      'snapshotted_at',
      'max_loaded_at_time_ago_in_s',
      'status',
      'criteria',
      'adapter_response',
      'timing',
      'thread_id',
      'execution_time',
    ]);
    deepEqual(result?.['criteria'], {
      warn_after: { count: 2, period: 'hour' },
      error_after: { count: 1, period: 'day' },
      filter: null,
    });
    const age = Number(result?.['max_loaded_at_time_ago_in_s']);
    ok(age > 5 * 3600 && age < 5 * 3600 + 60, String(age));
    const moments = ['snapshotted_at', 'max_loaded_at'].map((key) =>
      Date.parse(String(result?.[key])),
    );
    ok(Math.abs((moments[0] ?? 0) - (moments[1] ?? 0) - age * 1000) < 1000);
    match(ran.stderr, /STALE freshness of raw\.stale \.+ \[3 days 2 hours old\]/);
    match(ran.stderr, /STALE freshness of raw\.empty \.+ \[no rows\]/);
    match(ran.stderr, /PASS=2 WARN=1 STALE=3 ERROR=0 TOTAL=6/);
  });

  it('looks at filtered rows only, asks a query of the user’s, and ends well with a warning', async () => {
    await table('mixed', '1 minute');
    await database.query(`insert into ${schema}.mixed values (now() - interval '9 hours', 2)`);
    const ran = await freshness(
      `sources:
  - name: raw
    schema: ${schema}
    tables:
      - name: mixed
        loaded_at_field: "at -- the time of landing"
        freshness: {warn_after: {count: 2, period: hour}, filter: "kind = {{ 1 + 1 }}"}
      - name: asked
        identifier: mixed
        loaded_at_query: "select min(at) from {{ this }}"
        freshness: {warn_after: {count: 10, period: hour}}
`,
      '--output',
      'old/sources.json',
    );
    equal(ran.code, 0, ran.stderr);
    deepEqual(statuses(await sources('old/sources.json')), { asked: 'pass', mixed: 'warn' });
  });

  it('tells a source that cannot be asked, asks the others and fails; --select chooses', async () => {
    await table('there', '1 minute');
    const yaml = `sources:
  - name: raw
    schema: ${schema}
    freshness: {warn_after: {count: 2, period: hour}}
    tables:
      - {name: there, loaded_at_field: at}
      - {name: gone, loaded_at_field: at}
      - {name: silent}
`;
    const ran = await freshness(yaml);
    equal(ran.code, 1);
    const file = await sources();
    deepEqual(statuses(file), { gone: 'runtime error', silent: 'runtime error', there: 'pass' });
    const gone = file.results.find((it) => String(it['unique_id']).endsWith('.gone'));
    deepEqual(Object.keys(gone ?? {}), ['unique_id', 'error', 'status']);
    match(String(gone?.['error']), /relation ".*landed\.gone" does not exist/);
    match(ran.stderr, /nothing says when the rows of source `raw\.silent` came/);
    const chosen = await freshness(yaml, '--select', 'source:raw.there');
    deepEqual([chosen.code, statuses(await sources())], [0, { there: 'pass' }]);
  });

  it('does nothing where no source asks for it', async () => {
    const ran = await freshness(`sources: [{name: raw, schema: ${schema}, tables: [{name: a}]}]\n`);
    equal(ran.code, 2);
    match(ran.stderr, /no selected source has a freshness/);
  });
});
