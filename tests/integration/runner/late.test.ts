// Nodes whose templates ask the database, built where nothing is built yet: each is compiled when its turn
// comes, and sees what was built before it.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { openDatabase } from '../../../core/database.ts';
import { runNodes, type Verb } from '../../../runner/commands/run-nodes.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { urlOf } from '../../support/extract.ts';
import type { Files } from '../../support/project.ts';
import { recordReporter } from '../../support/reporter.ts';

const project: Files = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nmodels: {+materialized: table}\n',
  'profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: embedded, schema: dev}\n',
  'macros/columns.sql': [
    '{% macro columns_of(relation) %}',
    "{{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | join(' ')) }}",
    '{% endmacro %}',
    '{% test same_columns(model, other) %}',
    '{% if execute %}{% set own = columns_of(model) %}{% set others = columns_of(other) %}',
    "select '{{ own }}' as own, '{{ others }}' as others from {{ model }}",
    "where '{{ own }}' <> '{{ others }}' or '{{ own }}' = ''",
    '{% endif %}{% endtest %}',
  ].join('\n'),
  'models/people.sql': 'select 1 as id, 2 as age',
  'models/people_too.sql': 'select * from {{ ref("people") }}',
  'models/names.sql': "select '{{ columns_of(ref('people')) }}'::text as names",
  'models/below.sql': "select names from {{ ref('names') }}",
  'models/s.yml':
    "models: [{name: people_too, data_tests: [{same_columns: {arguments: {other: ref('people')}}}]}]",
};

describe('runner, late nodes', function () {
  this.timeout(60_000);
  useDatabase();
  let folder: string;
  let connection: Connection;

  beforeEach(async () => {
    connection = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), 'fundlens-late-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(verb: Verb, files: Files, parts: { dryRun?: boolean } = {}) {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const { reporter, out, err } = recordReporter();
    const env = { DATABASE_URL: urlOf(connection) };
    const context = { reporter, env, signal: new AbortController().signal };
    const code = await runNodes(context, verb, {
      ...{ projectDir: folder, profilesDir: undefined, profile: undefined, target: undefined },
      ...{ varsText: undefined, threads: 2, commandLine: 'runner', select: [], exclude: [] },
      ...{ dryRun: parts.dryRun ?? false, failFast: false },
    });
    return { code, text: out() + err() };
  }

  async function rows(sql: string): Promise<unknown[]> {
    const database = openDatabase(connection, { applicationName: 'test', maxClients: 1 });
    try {
      return await database.withClient(async (client) => (await client.query(sql)).rows);
    } finally {
      await database.close();
    }
  }

  const compiled = (path: string) => readFile(join(folder, 'target/compiled/shop', path), 'utf8');

  it('see what the run has just built, on a database that held nothing', async () => {
    const { code, text } = await run('build', project);
    assert.equal(code, 0, text);
    assert.deepEqual(await rows('select names from dev.below'), [{ names: 'id age' }]);
    assert.equal(await compiled('models/names.sql'), "select 'id age'::text as names\n");
  });

  it('see a column that the same run adds', async () => {
    assert.equal((await run('build', project)).code, 0);
    const more = { ...project, 'models/people.sql': 'select 1 as id, 2 as age, 3 as height' };
    const { code, text } = await run('build', more);
    assert.equal(code, 0, text);
    assert.deepEqual(await rows('select names from dev.below'), [{ names: 'id age height' }]);
  });

  it('are tests that look into the stage of their model, and hold it back where it is wrong', async () => {
    const wrong = { ...project, 'models/people_too.sql': 'select id from {{ ref("people") }}' };
    const { code, text } = await run('build', wrong);
    assert.equal(code, 1);
    assert.match(text, /failed: same_columns_people_too_ref_people_: 1 row/);
    const found = "select to_regclass('dev.people_too') as found";
    assert.deepEqual(await rows(found), [{ found: null }]);
    const path = 'models/s.yml/same_columns_people_too_ref_people_.sql';
    const sql = await compiled(path);
    assert.match(sql, /^select 'id' as own, 'id age' as others from ".*"\."dev"\."people_too"$/m);
    assert.equal((await run('build', project)).code, 0);
    assert.match(await compiled(path), /^select 'id age' as own/m);
  });

  it('fail alone where the database refuses what they ask', async () => {
    const asks =
      "{% if execute %}{{ run_query('select * from dev.nothing') }}{% endif %}select 1 as a";
    const { code, text } = await run('build', { ...project, 'models/names.sql': asks });
    assert.equal(code, 1);
    assert.match(text, /models\/names\.sql:1:20: the database refuses the template's query/);
    assert.deepEqual(await rows("select to_regclass('dev.people_too') is not null as found"), [
      { found: true },
    ]);
    assert.deepEqual(await rows("select to_regclass('dev.below') as found"), [{ found: null }]);
  });

  it('stand in the manifest with their SQL after the run, and without before', async () => {
    const sqlOf = async (): Promise<unknown> => {
      const text = await readFile(join(folder, 'target/manifest.json'), 'utf8');
      const { nodes } = JSON.parse(text);
      return nodes['model.shop.names'].compiled_code;
    };
    const { text } = await run('build', project, { dryRun: true });
    assert.match(text, /its template asks the database: compiled when its turn comes/);
    // As in dbt's manifest, what is not compiled has no such key.
    assert.equal(await sqlOf(), undefined);
    await run('build', project);
    assert.equal(await sqlOf(), "select 'id age'::text as names");
  });
});
