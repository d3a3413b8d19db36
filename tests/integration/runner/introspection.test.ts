// Templates that ask the database while they are compiled. Expected texts are dbt-core 1.10's own.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { openDatabase } from '../../../core/database.ts';
import { formatPlace, UserError, UserErrors } from '../../../core/errors.ts';
import { compileLate, loadProject } from '../../../runner/commands/load-project.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { urlOf } from '../../support/extract.ts';
import { recordReporter } from '../../support/reporter.ts';

describe('runner, templates that ask the database', function () {
  this.timeout(60_000);
  useDatabase();
  let folder: string;
  let connection: Connection;

  before(async () => {
    connection = await createDatabase();
    await sql(
      'create schema ctx',
      'create table ctx.people (id int, name varchar(20), amount numeric(10,2), note text, born date)',
      "insert into ctx.people values (1, 'ann'), (2, 'bob')",
      'create view ctx.people_v as select id, name from ctx.people',
    );
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fundlens-asks-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function sql(...statements: string[]): Promise<void> {
    const database = openDatabase(connection, { applicationName: 'test', maxClients: 1 });
    try {
      await database.withClient(async (client) => {
        for (const statement of statements) await client.query(statement);
      });
    } finally {
      await database.close();
    }
  }

  /** Compiles one model and gives its SQL, each run of white space as one space. */
  async function compiled(text: string, url = urlOf(connection)): Promise<string> {
    const files = {
      'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\n",
      'profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: embedded, schema: dev}\n',
      'models/m.sql': text,
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const { reporter } = recordReporter();
    const context = { reporter, env: { DATABASE_URL: url }, signal: new AbortController().signal };
    const loaded = await loadProject(
      context,
      {
        projectDir: folder,
        profilesDir: undefined,
        profile: undefined,
        target: undefined,
        varsText: undefined,
        threads: undefined,
        commandLine: 'runner compile',
      },
      { WHICH: 'compile' },
    );
    const project = await compileLate(context, loaded, new Set(['model.shop.m']));
    const node = project.manifest.nodes.get('model.shop.m');
    assert.ok(node?.kind === 'model');
    return node.compiledSql.replace(/\s+/g, ' ');
  }

  const people = "api.Relation.create(database=target.database, schema='ctx', identifier='people')";
  const found = "adapter.get_relation(target.database, 'ctx', 'people')";
  const cases: readonly (readonly [string, string])[] = [
    ["run_query('select 1 as a, \\'x\\' as b').columns[0].values()", '(1,)'],
    ["run_query('select 1 as a, \\'x\\' as b').rows[0]['b']", 'x'],
    ["run_query('select 1 as a, \\'x\\' as b').rows[0].values()", "(1, 'x')"],
    ["run_query('select 1 as a, \\'x\\' as b').column_names", "('a', 'b')"],
    ["run_query('select 1 as a union all select 2').rows | length", '2'],
    ["run_query('select 1.50 as a').rows[0].a", '1.50'],
    ["run_query('select 5::numeric as a').columns[0].values()", "(Decimal('5'),)"],
    ["run_query('select 5::numeric as a').columns[0].values()[0] | int + 1", '6'],
    ["run_query('select 5::numeric as a').columns[0].values()[0] == 5", 'True'],
    ["run_query('select true as a').columns[0].values()[0]", 'True'],
    ["run_query('select date \\'2020-01-02\\' as a').columns[0].values()[0]", '2020-01-02'],
    [
      "run_query('select timestamp \\'2020-01-02 03:04:05.123\\' as a').columns[0].values()[0]",
      '2020-01-02 03:04:05.123000',
    ],
    ["run_query('select null as a').rows[0]['a']", 'None'],
    ["run_query('select 1.5::float8 as a').rows[0]['a']", '1.5'],
    [
      "run_query('select name from ctx.people order by 1') | map(attribute='name') | list",
      "['ann', 'bob']",
    ],
    ["adapter.get_relation(target.database, 'nope', 'people')", 'None'],
    [`${found}.type`, 'table'],
    ["adapter.get_relation(target.database, 'ctx', 'people_v').is_view", 'True'],
    [
      `adapter.get_columns_in_relation(${found}) | map(attribute='name') | join(',')`,
      'id,name,amount,note,born',
    ],
    [
      `adapter.get_columns_in_relation(${found}) | map(attribute='data_type') | join(',')`,
      'integer,character varying(20),numeric(10,2),text,date',
    ],
    [
      `adapter.get_columns_in_relation(${people})[0]`,
      "PostgresColumn(column='id', dtype='integer', char_size=None, numeric_precision=32, numeric_scale=0)",
    ],
    [
      `adapter.get_missing_columns(${people}, adapter.get_relation(target.database, 'ctx', 'people_v')) | map(attribute='name') | list`,
      "['amount', 'note', 'born']",
    ],
    ["adapter.check_schema_exists(target.database, 'ctx')", 'True'],
    ['load_relation(this) is none', 'True'],
    ["dbt.get_intervals_between(\"'2020-01-01'\", \"'2020-03-01'\", 'month')", '2.0'],
    ["dbt.get_columns_in_query('select 1 as a, 2 as b')", "['a', 'b']"],
  ];
  for (const [call, text] of cases) {
    it(`gives \`${text}\` for \`${call}\``, async () => {
      assert.equal(
        await compiled(`{% if execute %}select [[{{ ${call} }}]]{% endif %}`),
        `select [[${text}]]`,
      );
    });
  }

  it('keeps the result of a statement under its name', async () => {
    const text = [
      "{% call statement('x', fetch_result=True) %}select id, name from ctx.people order by id{% endcall %}",
      "{% if execute %}{% set r = load_result('x') %}",
      'select {% for row in r.table %}{{ row.id }}-{{ row["name"] }};{% endfor %}{{ r["data"] }}{% endif %}',
    ].join('\n');
    assert.equal(await compiled(text), "select 1-ann;2-bob;[(1, 'ann'), (2, 'bob')]");
  });

  it('makes the spine of dates from what the database counts', async () => {
    const text = "{{ dbt.date_spine('day', \"date '2020-01-01'\", \"date '2020-01-05'\") }}";
    const made = await compiled(text);
    assert.match(made, /where generated_number <= 4 order by/);
    assert.match(made, /date '2020-01-01' \+ \(\(interval '1 day'\)/);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['with gone as (delete from ctx.people returning 1) select * from gone', /this one writes/],
    ["select nextval('ctx.s')", /this one writes/],
    ['select 1; delete from ctx.people', /cannot insert multiple commands/],
    ['select * from ctx.nobody', /relation "ctx\.nobody" does not exist/],
  ];
  for (const [query, message] of refused) {
    it(`refuses \`${query}\` at the place of its call`, async () => {
      await sql('create sequence if not exists ctx.s');
      const text = `select 1\n{% if execute %}{% do run_query("${query}") %}{% endif %}`;
      await assert.rejects(compiled(text), (error: unknown) => {
        const [fault] = error instanceof UserErrors ? error.faults : [error];
        assert.ok(fault instanceof UserError && fault.where !== undefined);
        assert.match(fault.message, message);
        assert.match(formatPlace(fault.where), /^models\/m\.sql:2:/);
        return true;
      });
      const rows = "run_query('select count(*) from ctx.people').rows[0][0]";
      assert.equal(await compiled(`{% if execute %}select {{ ${rows} }}{% endif %}`), 'select 2');
    });
  }

  it('stops a template that asks for ever', async () => {
    const text =
      "{% for i in range(100000) if execute %}{% do run_query('select ' ~ i) %}{% endfor %}select 1";
    await assert.rejects(compiled(text), /still asks the database after 1000 rounds/);
  });

  it('never connects for a project that asks nothing', async () => {
    const nobody = 'postgresql://me@127.0.0.1:1/nothing';
    assert.equal(
      await compiled('select {{ dbt.hash("a") }}', nobody),
      'select md5(cast(a as TEXT))',
    );
  });
});
