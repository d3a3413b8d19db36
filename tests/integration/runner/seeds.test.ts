// Seeds as tables: rebuilt under views, with another header, names in quotes, and tests on the stage.

import { deepEqual, equal, match } from 'node:assert/strict';
import { type BuildParts, buildProject } from '../../support/build-project.ts';
import { useDatabase } from '../../support/database.ts';
import type { Files } from '../../support/project.ts';

describe('runner/execute: seeds are tables', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const run = (files: Files, parts: BuildParts = {}) =>
    buildProject(database.connection, files, parts);
  const build = async (files: Files) => {
    const built = await run(files);
    equal(built.code, 0, built.err);
  };
  const seed = (csv: string, config = '{}', rest = ''): Files => ({
    'seeds/s.csv': csv,
    'seeds/s.yml': `seeds:\n  - name: s\n    config: ${config}\n${rest}`,
  });

  beforeEach(() => database.query('drop schema if exists shop cascade'));

  it('keeps views, indexes and rights when the file has other rows and columns', async () => {
    await build(seed('id,name\n1,a\n', '{indexes: [{columns: [id], unique: true}]}'));
    await database.query('create view shop.above as select id, name from shop.s');
    await database.query('grant select on shop.s to public');
    await database.query('create index by_hand on shop.s (name)');
    await build(seed('more,name,id\nx,a,1\ny,b,2\n', '{indexes: [{columns: [id], unique: true}]}'));
    deepEqual(await database.query('select * from shop.above order by id'), [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ]);
    deepEqual(
      await database.query(
        `select (select count(*)::int from pg_indexes where schemaname = 'shop') as indexes,
          has_table_privilege('public', 'shop.s', 'select') as may`,
      ),
      [{ indexes: 2, may: true }],
    );
  });

  it('names the view that a column’s new type would break, and keeps what there was', async () => {
    await build(seed('id,code\n1,7\n'));
    await database.query('create view shop.above as select code from shop.s');
    const built = await run(seed('id,code\n1,x7\n'));
    equal(built.code, 1);
    match(built.err, /view `shop.above` reads column `code`, which turns from integer into text/);
    deepEqual(await database.query('select * from shop.above'), [{ code: 7 }]);
    await build(seed('id,code\n1,8\n', '{column_types: {code: integer}}'));
    deepEqual(await database.query('select * from shop.above'), [{ code: 8 }]);
  });

  it('keeps names as they are written with `quote_columns`, and folds them without', async () => {
    await build(seed('Id,"Full Name"\n1,a\n', '{quote_columns: true, column_types: {Id: bigint}}'));
    deepEqual(await database.query('select * from shop.s'), [{ Id: '1', 'Full Name': 'a' }]);
    await build(seed('Id,"Full Name"\n1,a\n', '{quote_columns: false, column_types: {Id: int}}'));
    deepEqual(await database.query('select * from shop.s'), [{ id: 1, 'Full Name': 'a' }]);
  });

  it('tests the new rows before they are published', async () => {
    const tested = '    columns: [{name: id, data_tests: [unique]}]\n';
    await build(seed('id\n1\n', '{}', tested));
    const built = await run(seed('id\n2\n2\n', '{}', tested));
    equal(built.code, 1);
    deepEqual(await database.query('select id from shop.s'), [{ id: 1 }]);
  });

  it('describes, stores and grants like a model', async () => {
    await build({
      'seeds/s.csv': 'id;name\n1;a\n',
      'seeds/s.yml': `seeds:
  - name: s
    description: All of it
    config:
      delimiter: ";"
      persist_docs: {relation: true, columns: true}
      grants: {select: [public]}
      meta: {runner: {storage_parameters: {fillfactor: 50}, statistics: [{columns: [id, name]}]}}
    columns: [{name: id, description: The key}]
`,
    });
    deepEqual(
      await database.query(
        `select obj_description(oid) as t, col_description(oid, 1) as id, reloptions as options,
          has_table_privilege('public', oid, 'select') as may,
          (select count(*)::int from pg_statistic_ext where stxrelid = pg_class.oid) as stats
         from pg_class where oid = 'shop.s'::regclass`,
      ),
      [{ t: 'All of it', id: 'The key', options: ['fillfactor=50'], may: true, stats: 1 }],
    );
  });
});
