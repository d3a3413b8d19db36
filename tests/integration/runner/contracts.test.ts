// Contracts and constraints: compared before a row is made, made on the stage, kept in step afterwards.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, type Built, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/plan: contracts and constraints', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const run = (files: Files, parts: BuildParts = {}) =>
    buildProject(database.connection, files, parts);
  const build = async (files: Files): Promise<Built> => {
    const built = await run(files);
    equal(built.code, 0, built.err);
    return built;
  };
  const contracted = (sql: string, yaml: string, materialized = 'table'): Files => ({
    'models/t.sql': `{{ config(materialized='${materialized}') }}\n${sql}`,
    'models/t.yml': `models:\n  - name: t\n    config: {contract: {enforced: true}}\n${yaml}`,
  });
  const constraints = async (table = 'shop.t') =>
    (
      await database.query<{ text: string }>(
        `select pg_get_constraintdef(oid) || case when convalidated then '' else ' not valid' end as text
         from pg_constraint where conrelid = $1::regclass and contype <> 'n' order by 1`,
        [table],
      )
    ).map(({ text }) => text);

  beforeEach(() => database.query('drop schema if exists shop cascade'));

  it('shows every difference between query and contract in one table, and builds nothing', async () => {
    const built = await run(
      contracted(
        "select 1 as id, 2::bigint as n, 'x'::varchar(20) as code, now() as extra, 1.5::numeric(10,2) as amount",
        `    columns:
      - {name: id, data_type: int}
      - {name: n, data_type: integer}
      - {name: code, data_type: varchar(10)}
      - {name: amount, data_type: numeric}
      - {name: gone, data_type: string}
`,
      ),
    );
    equal(built.code, 1);
    match(
      built.err,
      new RegExp(
        [
          'models/t.yml:\\d+:\\d+: the query of `t` does not keep its contract:',
          '\\s+column \\| query +\\| contract +\\| difference',
          '\\s+-+\\+-+\\+-+\\+-+',
          '\\s+n +\\| bigint +\\| integer +\\| another type',
          '\\s+code +\\| character varying\\(20\\) +\\| character varying\\(10\\) +\\| another length or precision',
          '\\s+gone +\\| +\\| text +\\| missing in the query',
          '\\s+extra +\\| timestamp with time zone +\\| +\\| missing in the contract',
        ].join('\\n'),
      ),
    );
    deepEqual(
      await database.query(
        "select 1 from pg_class where relname like 't%' and relnamespace = to_regnamespace('shop')",
      ),
      [],
    );
    const unknown = await run(
      contracted('select 1 as id', '    columns: [{name: id, data_type: intger}]\n'),
    );
    match(unknown.err, /column `id` has the data_type `intger`: type "intger" does not exist/);
  });

  it('holds a view to its contract, and names what an enforced contract lacks', async () => {
    await build(
      contracted('select 1 as id', '    columns: [{name: id, data_type: int}]\n', 'view'),
    );
    const wrong = await run(
      contracted("select 'a' as id", '    columns: [{name: id, data_type: int}]\n', 'view'),
    );
    match(wrong.err, /id +\| text +\| integer +\| another type/);
    const untyped = await run(contracted('select 1 as id', '    columns: [{name: id}]\n'));
    match(untyped.err, /column `id` of an enforced contract has no `data_type`/);
    const none = await run(contracted('select 1 as id', ''));
    match(none.err, /enforced contract and no columns/);
  });

  const all = `    constraints:
      - {type: primary_key, columns: [id]}
      - {type: unique, columns: [code, n], expression: nulls not distinct}
      - {type: check, name: n_is_small, expression: n < 100}
      - {type: custom, expression: exclude using btree (code with =)}
    columns:
      - {name: n, data_type: int, constraints: [{type: not_null}, {type: custom, expression: default 5}]}
      - {name: id, data_type: int}
      - {name: code, data_type: text}
`;

  it('makes columns in their order, types and every kind of constraint, the same in every rebuild', async () => {
    const files = contracted("select 1 as id, 'a' as code, 3::smallint::int as n", all);
    const state = async () => ({
      constraints: await constraints(),
      names: await database.query(
        "select conname from pg_constraint where conrelid = 'shop.t'::regclass and contype <> 'n' order by 1",
      ),
      columns: await database.query(
        `select attname as name, attnotnull as strict, pg_get_expr(adbin, adrelid) as value
         from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
         where attrelid = 'shop.t'::regclass and attnum > 0 order by attnum`,
      ),
    });
    await build(files);
    const first = await state();
    deepEqual(first.constraints, [
      'CHECK ((n < 100))',
      'EXCLUDE USING btree (code WITH =)',
      'PRIMARY KEY (id)',
      'UNIQUE NULLS NOT DISTINCT (code, n)',
    ]);
    deepEqual(first.columns, [
      { name: 'n', strict: true, value: '5' },
      { name: 'id', strict: true, value: null },
      { name: 'code', strict: false, value: null },
    ]);
    await database.query('alter table shop.t add constraint by_hand check (id > 0)');
    await build(files);
    const second = await state();
    deepEqual(second.constraints, ['CHECK ((id > 0))', ...first.constraints].sort());
    deepEqual(second.columns, first.columns);
    await build(contracted('select 1 as id', '    columns: [{name: id, data_type: int}]\n'));
    deepEqual(await constraints(), ['CHECK ((id > 0))']);
    const broken = await run(
      contracted(
        'select 1 as id union all select 1',
        '    columns: [{name: id, data_type: int, constraints: [{type: unique}]}]\n',
      ),
    );
    equal(broken.code, 1);
    match(broken.err, /could not create unique index/);
    match(broken.err, /Key \(id\)=\(1\) is duplicated/);
  });

  const family = (parentSql: string, childSql: string): Files => ({
    'models/parent.sql': `{{ config(materialized='table') }} ${parentSql}`,
    'models/a_child.sql': `{{ config(materialized='table') }} ${childSql}`,
    'models/s.yml': `models:
  - name: parent
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: int, constraints: [{type: primary_key}]}, {name: n, data_type: int}]
  - name: a_child
    config: {contract: {enforced: true}}
    constraints:
      - {type: foreign_key, name: to_parent, columns: [parent_id], to: ref('parent'), to_columns: [id], expression: on delete cascade}
    columns: [{name: parent_id, data_type: int}]
`,
  });

  it('builds the table of a foreign key first; rebuilt, that one is published in place', async () => {
    const files = family('select 1 as id, 1 as n union all select 2, 1', 'select 2 as parent_id');
    await build(files);
    const expected = ['FOREIGN KEY (parent_id) REFERENCES shop.parent(id) ON DELETE CASCADE'];
    deepEqual(await constraints('shop.a_child'), expected);
    const identity = () =>
      database.query(
        "select 'shop.parent'::regclass::oid::int as parent, 'shop.a_child'::regclass::oid::int as child",
      );
    const [before] = await identity();
    const dry = await run(files, { dryRun: true });
    match(
      dry.out,
      /publish in place, since a swap would lose: constraint to_parent on table shop.a_child/,
    );
    await build(family('select 1 as id, 9 as n union all select 2, 9', 'select 1 as parent_id'));
    const [after] = await identity();
    equal(after?.['parent'], before?.['parent']);
    equal(after?.['child'] === before?.['child'], false);
    deepEqual(await database.query('select sum(n)::int as n from shop.parent'), [{ n: 18 }]);
    deepEqual(await constraints('shop.a_child'), expected);
    const orphan = await run(family('select 1 as id, 9 as n', 'select 5 as parent_id'));
    equal(orphan.code, 1);
    match(orphan.err, /violates foreign key constraint/);
    deepEqual(await database.query('select parent_id from shop.a_child'), [{ parent_id: 1 }]);
  });

  it('keeps the constraints of a table that is published in place in step with its contract', async () => {
    const files = (yaml: string) => contracted('select 1 as id, 2 as n', yaml);
    await build(
      files(`    constraints: [{type: check, expression: n > 0}]
    columns: [{name: id, data_type: int, constraints: [{type: not_null}]}, {name: n, data_type: int}]
`),
    );
    await database.query('create materialized view shop.above as select * from shop.t');
    await build(
      files(`    constraints:
      - {type: check, expression: n > 1}
      - {type: unique, columns: [id]}
    columns: [{name: id, data_type: int}, {name: n, data_type: int, constraints: [{type: not_null}]}]
`),
    );
    deepEqual(await constraints(), ['CHECK ((n > 1))', 'UNIQUE (id)']);
    deepEqual(
      await database.query(
        "select attname as name, attnotnull as strict from pg_attribute where attrelid = 'shop.t'::regclass and attnum > 0 order by attnum",
      ),
      [
        { name: 'id', strict: false },
        { name: 'n', strict: true },
      ],
    );
  });
});
