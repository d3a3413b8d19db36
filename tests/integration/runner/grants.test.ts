// Grants from config: given, taken back, left alone where nothing is configured; usage of the schema.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/plan: grants from config', function () {
  this.timeout(60_000);
  const database = useDatabase();
  // Roles belong to the whole server: each process has its own.
  const role = (name: string) => `fundlens_${process.pid}_${name}`;
  const [ann, bob, cleo] = [role('ann'), role('bob'), role('cleo')];
  const build = async (files: Files, parts: BuildParts = {}) => {
    const built = await buildProject(database.connection, files, parts);
    equal(built.code, 0, built.err);
    return built;
  };
  const model = (grants: string, materialized = 'table', schema = ''): Files => ({
    'models/t.sql': `{{ config(materialized='${materialized}' ${grants === '' ? '' : `, grants=${grants}`}${schema}) }} select 1 as id, 2 as n`,
  });
  const rights = async (relation = 'shop.t') =>
    (
      await database.query<{ right: string }>(
        `select coalesce(nullif(case when grantee = 0 then 'public' else pg_get_userbyid(grantee)::text end, ''), '') || ' ' || lower(privilege_type) as right
         from pg_class cross join lateral aclexplode(relacl) where oid = $1::regclass and grantee <> relowner order by 1`,
        [relation],
      )
    ).map(({ right }) => right.replace(`fundlens_${process.pid}_`, ''));
  const mayUse = async (name: string, schema = 'shop') =>
    (
      await database.query('select has_schema_privilege($1, $2, $3) as may', [
        name,
        schema,
        'usage',
      ])
    )[0]?.['may'];

  before(async () => {
    for (const name of [ann, bob, cleo]) await database.query(`create role ${name}`);
  });
  after(async () => {
    await database.query('drop schema if exists shop cascade');
    await database.query('drop schema if exists shop_other cascade');
    for (const name of [ann, bob, cleo]) {
      await database.query(`drop owned by ${name}`);
      await database.query(`drop role ${name}`);
    }
  });
  beforeEach(async () => {
    await database.query('drop schema if exists shop cascade');
    await database.query('drop schema if exists shop_other cascade');
  });

  for (const materialized of ['table', 'view', 'materialized_view', 'incremental']) {
    it(`gives and takes back what the config says of a ${materialized}`, async () => {
      const of = (grants: string) => model(grants, materialized);
      await build(of(`{'select': ['${ann}', '${bob}'], 'insert': ['${ann}']}`));
      deepEqual(await rights(), ['ann insert', 'ann select', 'bob select']);
      equal(await mayUse(bob), true);
      await build(of(`{'select': '${cleo}'}`));
      deepEqual(await rights(), ['cleo select']);
      await database.query(`grant update on shop.t to ${ann}`);
      await build(of(''));
      deepEqual(await rights(), ['ann update', 'cleo select']);
      await build(of("{'select': []}"));
      deepEqual(await rights(), []);
    });
  }

  it('takes `public`, `all`, other spellings and `+` from several places', async () => {
    await build({
      'dbt_project.yml': `name: shop
version: '1.0'
profile: shop
models: {+grants: {select: [${ann.toUpperCase()}]}}
`,
      'models/t.sql': `{{ config(materialized='table', grants={'+select': ['PUBLIC', '"${bob}"']}) }} select 1 as id`,
      'models/u.sql': `{{ config(materialized='table', grants={'all': ['${cleo}']}) }} select 1 as id`,
    });
    deepEqual(await rights(), ['ann select', 'bob select', 'public select']);
    deepEqual(await rights('shop.u'), [
      ...['ann select', 'cleo delete', 'cleo insert', 'cleo references', 'cleo select'],
      ...['cleo trigger', 'cleo truncate', 'cleo update'],
    ]);
  });

  it('makes default privileges what the config says, and leaves rights on columns', async () => {
    await database.query('create schema shop');
    await database.query(
      `alter default privileges in schema shop grant select on tables to ${bob}`,
    );
    try {
      await build(model(''));
      deepEqual(await rights(), ['bob select']);
      await build(model(`{'select': ['${ann}']}`));
      deepEqual(await rights(), ['ann select']);
      await database.query(`grant select (n) on shop.t to ${cleo}`);
      await build(model(`{'select': ['${ann}']}`));
      deepEqual(
        await database.query(
          "select has_column_privilege($1, 'shop.t', 'n', 'select') as n, has_column_privilege($1, 'shop.t', 'id', 'select') as id",
          [cleo],
        ),
        [{ n: true, id: false }],
      );
    } finally {
      await database.query(
        `alter default privileges in schema shop revoke select on tables from ${bob}`,
      );
    }
  });

  it('gives usage of a schema once, and not where PUBLIC has it', async () => {
    const files = model(`{'select': ['${ann}']}`, 'table', ", schema='other'");
    const first = await build(files, { dryRun: true });
    match(first.out, new RegExp(`grant usage on schema "shop_other" to "${ann}"`));
    await build(files);
    equal(await mayUse(ann, 'shop_other'), true);
    equal((await build(files, { dryRun: true })).out.includes('grant usage'), false);
    await database.query(`revoke usage on schema shop_other from ${ann}`);
    await database.query('grant usage on schema shop_other to public');
    equal((await build(files, { dryRun: true })).out.includes('grant usage'), false);
  });

  it('names a role that is not there, and leaves what was published', async () => {
    await build(model(''));
    const built = await buildProject(
      database.connection,
      model("{'select': ['nobody_of_this_name']}"),
    );
    equal(built.code === 0, false);
    match(built.err, /role "nobody_of_this_name" does not exist/);
  });
});
