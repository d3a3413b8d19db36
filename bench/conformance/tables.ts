// Compares the tables that dbt and runner make of the same incremental models and snapshots, in four rounds of
// changing rows. Usage: DBT=/path/to/dbt npx tsx bench/conformance/tables.ts postgresql://user:password@host/database
// The schemas `conformance_raw`, `conformance_dbt` and `conformance_runner` of the database are dropped.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../../core/package-root.ts';

const raw = 'conformance_raw';
const schemas = { dbt: 'conformance_dbt', runner: 'conformance_runner' };

const rounds: readonly string[] = [
  `create table ${raw}.rows (id int, grp text, name text, n numeric, updated_at timestamp);
   insert into ${raw}.rows values (1, 'a', 'ann', 1.0, '2026-01-01'), (2, 'b', 'bob', 2, '2026-01-02'), (3, 'c', null, null, '2026-01-03')`,
  `update ${raw}.rows set name = 'anna', n = 5, updated_at = '2026-02-01' where id = 1;
   delete from ${raw}.rows where id = 2;
   insert into ${raw}.rows values (4, 'd', 'dan', 4, '2026-02-02');
   update ${raw}.rows set name = 'cc', updated_at = '2026-02-03' where id = 3`,
  `insert into ${raw}.rows values (2, 'b', 'bob', 2, '2026-03-01');
   delete from ${raw}.rows where id = 4;
   update ${raw}.rows set n = null, updated_at = '2026-03-02' where id = 1`,
  `alter table ${raw}.rows add column fresh int;
   update ${raw}.rows set fresh = id, updated_at = '2026-04-01' where id = 3`,
];

const incremental: Readonly<Record<string, string>> = {
  append: "incremental_strategy='append'",
  delete_insert: "unique_key='id'",
  delete_insert_list: "unique_key=['id', 'grp']",
  delete_insert_predicate: "unique_key='id', incremental_predicates=['id > 1']",
  merge: "unique_key='id', incremental_strategy='merge'",
  merge_update: "unique_key='id', incremental_strategy='merge', merge_update_columns=['name']",
  merge_exclude:
    "unique_key='id', incremental_strategy='merge', merge_exclude_columns=['name', 'updated_at']",
  merge_predicate:
    "unique_key='id', incremental_strategy='merge', incremental_predicates=['DBT_INTERNAL_DEST.id > 1']",
};

const columnChanges: Readonly<Record<string, string>> = {
  append_new_columns:
    "id, grp, {% if var('round') < 2 %}n{% else %}n::bigint + 1 as n2{% endif %}, name",
  sync_all_columns:
    "id, grp, {% if var('round') < 2 %}n{% else %}n::bigint + 1 as n2{% endif %}, name",
  ignore: "id, grp, n, {% if var('round') > 1 %}5 as extra, {% endif %}name",
};

const snapshotStrategies: Readonly<Record<string, string>> = {
  timestamp: "strategy='timestamp', updated_at='updated_at'",
  check_all: "strategy='check', check_cols='all'",
  check_some: "strategy='check', check_cols=['name', 'n'], updated_at='updated_at'",
};

function projectFiles(url: URL): Readonly<Record<string, string>> {
  const output = (schema: string) =>
    JSON.stringify({
      type: 'postgres',
      host: url.hostname,
      port: Number(url.port || 5432),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      dbname: url.pathname.slice(1),
      schema,
      threads: 2,
    });
  const model = (config: string, columns: string) =>
    `{{ config(materialized='incremental', ${config}) }}\nselect ${columns} from ${raw}.rows\n` +
    "{% if is_incremental() %}where updated_at > timestamp '2026-01-02'{% endif %}\n";
  return {
    'dbt_project.yml': "name: tables\nversion: '1.0'\nprofile: tables\n",
    'profiles.yml': `tables:\n  target: dbt\n  outputs:\n    dbt: ${output(schemas.dbt)}\n    runner: ${output(schemas.runner)}\n`,
    'snapshots/snapshots.sql': snapshotBlocks().join('\n'),
    ...Object.fromEntries(
      Object.entries(incremental).map(([name, config]) => [
        `models/${name}.sql`,
        model(config, '*'),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(columnChanges).map(([mode, columns]) => [
        `models/change_${mode}.sql`,
        model(`unique_key='id', on_schema_change='${mode}'`, columns),
      ]),
    ),
  };
}

function snapshotBlocks(): readonly string[] {
  const keys = { one: "'id'", list: "['id', 'grp']" };
  const ends = { open: '', dated: `, dbt_valid_to_current="'9999-12-31'::timestamp"` };
  return Object.entries(snapshotStrategies).flatMap(([strategy, config]) =>
    ['ignore', 'invalidate', 'new_record'].flatMap((deletes) =>
      Object.entries(keys).flatMap(([keyName, key]) =>
        Object.entries(ends).map(
          ([endName, end]) =>
            `{% snapshot ${strategy}_${deletes}_${keyName}_${endName} %}\n` +
            `{{ config(${config}, unique_key=${key}, hard_deletes='${deletes}'${end}) }}\n` +
            `select * from ${raw}.rows\n{% endsnapshot %}`,
        ),
      ),
    ),
  );
}

/** Rows as text; moments of the run, and hashes made of them, are marks, for each program has its own. */
async function readRows(client: pg.Client, schema: string, table: string, since: string) {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
     where table_schema = $1 and table_name = $2 order by column_name`,
    [schema, table],
  );
  const expressions = columns.map(({ name, type }) => {
    if (name === 'dbt_scd_id')
      return `case when dbt_updated_at >= '${since}' then 'hash' else dbt_scd_id end`;
    const isMoment = name.startsWith('dbt_') && type.startsWith('timestamp');
    return isMoment
      ? `case when "${name}" between '${since}' and '9000-01-01' then 'now' else "${name}"::text end`
      : `"${name}"::text`;
  });
  const { rows } = await client.query<{ row: string }>(
    `select row(${expressions.join(', ')})::text as row from ${schema}."${table}" order by 1`,
  );
  return [
    columns.map(({ name, type }) => `${name} ${type}`).join(', '),
    ...rows.map((it) => it.row),
  ];
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
}

async function compareTables(dbt: string, url: URL): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fundlens-tables-'));
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  let different = 0;
  try {
    for (const [path, text] of Object.entries(projectFiles(url))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const tsx = join(packageRoot(), 'node_modules/tsx/dist/esm/index.mjs');
    const cli = join(packageRoot(), 'runner/cli.ts');
    await client.query(
      `drop schema if exists ${raw}, ${schemas.dbt}, ${schemas.runner} cascade; create schema ${raw}`,
    );
    const { rows: start } = await client.query<{ now: string }>(
      'select (localtimestamp - interval $$1 minute$$)::text as now',
    );
    for (const [index, change] of rounds.entries()) {
      await client.query(change);
      const words = ['build', '--profiles-dir', '.', '--vars', `{round: ${index + 1}}`, '--target'];
      run(dbt, [...words, 'dbt', '--target-path', 'target-dbt'], folder);
      run(process.execPath, ['--import', tsx, cli, ...words, 'runner'], folder);
      const { rows: tables } = await client.query<{ name: string }>(
        'select tablename as name from pg_tables where schemaname = $1 order by 1',
        [schemas.dbt],
      );
      for (const { name } of tables) {
        const since = start[0]?.now ?? '';
        const theirs = await readRows(client, schemas.dbt, name, since);
        const ours = await readRows(client, schemas.runner, name, since);
        if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
        different += 1;
        process.stdout.write(
          `round ${index + 1}: ${name}\n  dbt    ${theirs.join('\n         ')}\n  runner ${ours.join('\n         ')}\n`,
        );
      }
      process.stdout.write(`round ${index + 1}: ${tables.length} tables compared\n`);
    }
  } finally {
    await client.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return different;
}

const [given] = process.argv.slice(2);
const dbt = process.env['DBT'];
if (given === undefined || dbt === undefined) {
  process.stderr.write('usage: DBT=/path/to/dbt npx tsx bench/conformance/tables.ts URL\n');
  process.exitCode = 2;
} else {
  const different = await compareTables(dbt, new URL(given));
  process.stdout.write(`${different} different\n`);
  process.exitCode = different === 0 ? 0 : 1;
}
