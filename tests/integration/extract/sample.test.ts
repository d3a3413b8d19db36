// The real FEC sample, end to end.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { datasets, fileName, memberName } from '../../../extract/datasets/catalog.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import {
  type ExtractRun,
  exportLines,
  runBulk,
  sampleDir,
  startExtract,
} from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';
import { unzipOnly } from '../../support/unzip.ts';

/** Lines of each file, by `wc -l`. */
const rowCounts = {
  indiv: 70_671,
  oth: 50_921,
  pas2: 3_159,
  oppexp: 11_929,
  cm: 11_605,
  cn: 3_937,
  ccl: 3_752,
  webk: 7_851,
  weball: 141,
  webl: 11,
};

describe('extract bulk on the real sample', () => {
  useDatabase();
  let connection: Connection;
  let first: ExtractRun;

  before(async function () {
    this.timeout(60_000);
    connection = await createDatabase();
    first = await runBulk(connection, { from: sampleDir });
  });

  it('loads every line of the ten files', async () => {
    assert.equal(first.code, 0, first.err);
    for (const [name, expected] of Object.entries(rowCounts)) {
      const [row] = await queryOnce(
        connection,
        `select count(*)::int as rows from bronze.fec_${name}`,
      );
      assert.equal(row?.['rows'], expected, name);
    }
  });

  for (const dataset of datasets.filter(({ format }) => format === 'pipe')) {
    it(`gives ${dataset.name} back byte for byte in the order of _line`, async () => {
      const zip = readFileSync(join(sampleDir, fileName(dataset, 2020)));
      const received = unzipOnly(zip);
      const exported = await exportLines(connection, dataset);
      assert.equal(exported.length, received.length);
      assert.ok(exported.equals(received), memberName(dataset, 2020));
    });
  }

  it('writes each load into the ledger, with what identifies the file', async () => {
    const rows = await queryOnce(
      connection,
      `select dataset, cycle, scope, source, sha256, bytes::int, member, member_bytes::int,
              member_modified_at::text, line_ending, ends_with_newline, rows_read::int,
              rows_inserted::int, rows_withdrawn::int, rows_rejected::int, rows_repaired::int
         from bronze.loads where dataset = 'indiv'`,
    );
    const zip = readFileSync(join(sampleDir, 'indiv20.zip'));
    assert.deepEqual(rows, [
      {
        dataset: 'indiv',
        cycle: 2020,
        scope: 'national',
        source: 'indiv20.zip',
        sha256: createHash('sha256').update(zip).digest('hex'),
        bytes: zip.length,
        member: 'itcont.txt',
        member_bytes: 12_754_298,
        member_modified_at: rows[0]?.['member_modified_at'],
        line_ending: 'lf',
        ends_with_newline: true,
        rows_read: 70_671,
        rows_inserted: 70_671,
        rows_withdrawn: 0,
        rows_rejected: 0,
        rows_repaired: 0,
      },
    ]);
    // The zip also holds the time in UTC, 20:09 by `unzip -v`; Washington was four hours behind.
    assert.match(String(rows[0]?.['member_modified_at']), /^2019-03-17 16:09:/);
  });

  it('puts transactions into one partition per cycle, which the loads leave without indexes and defaults', async () => {
    const rows = await queryOnce(
      connection,
      `select inhrelid::regclass::text as partition,
              (select count(*)::int from pg_index where indrelid = inhrelid) as indexes,
              (select count(*)::int from pg_attrdef where adrelid = inhrelid) as defaults,
              (select count(*)::int from pg_constraint where conrelid = inhrelid and contype = 'c') as checks
         from pg_inherits where inhparent::regclass::text like 'bronze.fec%'
           and inhrelid in (select oid from pg_class where relkind = 'r') order by 1`,
    );
    assert.deepEqual(
      rows,
      ['indiv', 'oppexp', 'oth', 'pas2'].map((name) => ({
        partition: `bronze.fec_${name}_2020`,
        indexes: 0,
        defaults: 0,
        checks: 0,
      })),
    );
  });

  it('gives every row the hash that the server makes of its line', async () => {
    for (const dataset of datasets.filter(({ format }) => format === 'pipe')) {
      const fields = dataset.columns.map(({ name }) => `"${name}"`).join(", '|', ");
      const [row] = await queryOnce(
        connection,
        `select count(*) > 0 as some,
                count(*) filter (where _hash is distinct from hashtextextended(concat(${fields}), 0))::int as wrong
           from bronze.${dataset.table}`,
      );
      assert.deepEqual(row, { some: true, wrong: 0 }, dataset.name);
    }
  });

  it('documents every table and column in the database', async () => {
    const rows = await queryOnce(
      connection,
      `select relname || '.' || attname as column from pg_class
         join pg_attribute on attrelid = pg_class.oid
        where relnamespace = 'bronze'::regnamespace and relkind in ('r', 'p')
          and relname like 'fec%' and attnum > 0
          and (col_description(pg_class.oid, attnum) is null
               or (obj_description(pg_class.oid, 'pg_class') is null and not relispartition))`,
    );
    assert.deepEqual(rows, []);
  });

  it('loads nothing the second time and says so', async () => {
    const before = await contentHashes(connection);
    const again = await runBulk(connection, { from: sampleDir });
    assert.equal(again.code, 0);
    assert.match(again.out, /^0 files loaded, 10 unchanged/);
    assert.equal(again.err.match(/unchanged, passed over/g)?.length, 10);
    assert.deepEqual(await contentHashes(connection), before);
    const [row] = await queryOnce(connection, 'select count(*)::int as loads from bronze.loads');
    assert.equal(row?.['loads'], 10);
  });

  it('loads a file again whose rows someone has removed', async () => {
    await queryOnce(connection, 'drop table bronze.fec_pas2, bronze.fec_webl');
    const again = await runBulk(connection, { from: sampleDir });
    assert.match(again.out, /^2 files loaded, 8 unchanged, 3,170 rows/);
  });

  it('shows what is loaded, for people and for machines', async () => {
    const words = ['status', '--profiles-dir', '.'];
    const table = await startExtract(connection, words).ended;
    assert.match(table.out, /^indiv +2020 +70,671 +0 +0 +0 +2019-03-17 +\d years +stale +never /m);
    const json = await startExtract(connection, [...words, '--json']).ended;
    const units: unknown = JSON.parse(json.out);
    assert.ok(Array.isArray(units));
    assert.equal(units.length, 10);
    const indiv: unknown = units.find((unit) => unit.dataset === 'indiv');
    assert.ok(typeof indiv === 'object' && indiv !== null && 'rows' in indiv);
    assert.equal(indiv.rows, 70_671);
  });

  it('says its version at once, before anything is read', () => {
    const out = execFileSync(process.execPath, ['--import', 'tsx', 'extract/cli.ts', '--version'], {
      encoding: 'utf8',
    });
    assert.match(out, /^\d+\.\d+\.\d+\n$/);
  });
});

async function contentHashes(connection: Connection): Promise<readonly unknown[]> {
  const all = await Promise.all(
    datasets.map(({ table }) =>
      queryOnce(
        connection,
        `select '${table}' as name, md5(string_agg(row::text, '' order by _line)) as hash from bronze.${table} as row`,
      ),
    ),
  );
  return all.flat();
}
