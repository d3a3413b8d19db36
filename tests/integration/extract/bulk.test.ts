// Changed files, damaged files, wrong requests: what a load promises when things go otherwise.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { indiv } from '../../../extract/datasets/indiv.ts';
import { buildZip } from '../../support/build-zip.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import {
  exportLines,
  runBulk,
  sampleDir,
  startExtract,
  writeFolder,
} from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';
import { zipFaults } from '../../support/zip-faults.ts';

function indivLine(subId: number, name: string): string {
  return `C00000001|N|Q1|P|201904159145679|15|IND|${name}|AKRON|OH|044430|||01022019|250||A${subId}|1||| ${subId}`;
}

function zipOf(member: string, lines: readonly string[]): Buffer {
  return buildZip([{ name: member, data: Buffer.from(lines.map((line) => `${line}\n`).join('')) }]);
}

const cmLine = (name: string) => `C00000001|${name}|||||||||||||`;

describe('extract bulk', () => {
  useDatabase();
  let connection: Connection;
  beforeEach(async () => {
    connection = await createDatabase();
  });

  it('puts a changed file in the place of the old rows with --full and counts both', async () => {
    const first = { 'indiv20.zip': zipOf('itcont.txt', [indivLine(1, 'A'), indivLine(2, 'B')]) };
    const changed = [indivLine(1, 'A'), indivLine(3, 'C'), indivLine(4, 'D')];
    assert.equal((await runBulk(connection, { from: writeFolder(first) })).code, 0);
    const run = await runBulk(connection, {
      from: writeFolder({ 'indiv20.zip': zipOf('itcont.txt', changed) }),
      full: true,
    });
    assert.match(run.err, /3 rows, 0 rejected.*: 3 inserted, 0 updated, 2 withdrawn, 0 unchanged/);
    assert.equal(
      (await exportLines(connection, indiv)).toString(),
      changed.map((line) => `${line}\n`).join(''),
    );
    assert.deepEqual(
      await queryOnce(
        connection,
        'select load_id::int, rows_read::int, rows_inserted::int, rows_withdrawn::int from bronze.loads order by 1',
      ),
      [
        { load_id: 1, rows_read: 2, rows_inserted: 2, rows_withdrawn: 0 },
        { load_id: 2, rows_read: 3, rows_inserted: 3, rows_withdrawn: 2 },
      ],
    );
  });

  it('keeps the cycles apart', async () => {
    const line = cmLine('A');
    const folder = writeFolder({
      'cm20.zip': zipOf('cm.txt', [line]),
      'cm18.zip': zipOf('cm.txt', [line, line]),
      'indiv20.zip': zipOf('itcont.txt', [indivLine(1, 'A')]),
      'indiv18.zip': zipOf('itcont.txt', [indivLine(1, 'A'), indivLine(2, 'B')]),
    });
    await runBulk(connection, { from: folder });
    await runBulk(connection, { from: folder, cycle: 2018 });
    for (const table of ['fec_cm', 'fec_indiv']) {
      assert.deepEqual(
        await queryOnce(
          connection,
          `select cycle, count(*)::int as rows from bronze.${table} group by cycle order by cycle`,
        ),
        [
          { cycle: 2018, rows: 2 },
          { cycle: 2020, rows: 1 },
        ],
      );
    }
  });

  it('says what a damaged zip is, loads the others and exits 1', async () => {
    const cut = zipOf('cn.txt', ['x|'.repeat(14)]).subarray(0, -30);
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]), 'cn20.zip': cut });
    const run = await runBulk(connection, { from: folder });
    assert.equal(run.code, 1);
    assert.match(run.err, /cn20\.zip: is not a whole zip: .*\n {2}hint: fetch cn20\.zip again/);
    assert.match(run.out, /^1 file loaded, 0 unchanged, 1 failed, 1 rows/);
    assert.deepEqual(
      await queryOnce(
        connection,
        'select dataset, status from bronze.attempts order by attempt_id',
      ),
      [
        { dataset: 'cm', status: 'succeeded' },
        { dataset: 'cn', status: 'failed' },
      ],
    );
  });

  it('finds a wrong checksum at the end of the stream and publishes nothing', async () => {
    await runBulk(connection, { from: sampleDir, datasets: ['pas2'] });
    const count = () => queryOnce(connection, 'select count(*)::int as rows from bronze.fec_pas2');
    const before = await count();
    const lines = Array.from({ length: 500 }, () => 'x'.repeat(40) + '|'.repeat(21));
    const data = Buffer.from(`${lines.join('\n')}\n`);
    const folder = writeFolder({ 'pas220.zip': buildZip([{ name: 'itpas2.txt', data, crc: 1 }]) });
    const run = await runBulk(connection, { from: folder });
    assert.equal(run.code, 1);
    assert.match(run.err, /does not match its checksum/);
    assert.deepEqual(await count(), before);
    assert.deepEqual(await leftovers(connection), []);
  });

  it('loses nothing to any fault of a zip: rows and ledger are as before, and the next zip is loaded', async () => {
    const changed = Buffer.from(`${Array.from({ length: 2000 }, () => cmLine('B')).join('\n')}\n`);
    const load = (zip: Buffer) =>
      runBulk(connection, { from: writeFolder({ 'cm20.zip': zip }), accept: true });
    const state = () =>
      queryOnce(
        connection,
        `select (select count(*)::int from bronze.fec_cm where cmte_nm = 'A' and _withdrawn is null) as rows,
                (select count(*)::int from bronze.loads) as loads,
                (select count(*)::int from bronze.attempts where status = 'failed') as failed`,
      );
    assert.equal((await load(zipOf('cm.txt', [cmLine('A'), cmLine('A')]))).code, 0);
    const faults = zipFaults('cm.txt', changed);
    for (const [index, [name, bytes, message]] of faults.entries()) {
      const run = await load(bytes);
      assert.equal(run.code, 1, name);
      assert.match(run.err, message, name);
      assert.match(run.err, /error: .*cm20\.zip: .*\n {2}hint: /, name);
      assert.deepEqual(await state(), [{ rows: 2, loads: 1, failed: index + 1 }], name);
      assert.deepEqual(await leftovers(connection), [], name);
    }
    assert.equal((await load(buildZip([{ name: 'cm.txt', data: changed }]))).code, 0);
    assert.deepEqual(await state(), [{ rows: 0, loads: 2, failed: faults.length }]);
  });

  it('lets an unchanged file settle a try that failed after its load', async () => {
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]) });
    const damaged = writeFolder({ 'cm20.zip': Buffer.from('PK damaged') });
    const newest = () =>
      queryOnce(
        connection,
        'select status, phase, load_id::int from bronze.attempts order by attempt_id desc limit 1',
      );
    await runBulk(connection, { from: folder });
    await runBulk(connection, { from: damaged });
    assert.equal((await newest())[0]?.['status'], 'failed');
    for (let run = 0; run < 2; run += 1) {
      assert.match(
        (await runBulk(connection, { from: folder })).out,
        /^0 files loaded, 1 unchanged/,
      );
    }
    assert.deepEqual(await newest(), [{ status: 'succeeded', phase: 'unchanged', load_id: 1 }]);
    const [tries] = await queryOnce(connection, 'select count(*)::int as n from bronze.attempts');
    assert.deepEqual(tries, { n: 3 });
  });

  it('loads a ZIP64 with by_date files once, not twice', async () => {
    const data = Buffer.from(`${indivLine(1, 'A')}\n${indivLine(2, 'B')}\n`);
    const zip = buildZip([
      { name: 'itcont.txt', data, zip64: true },
      { name: 'by_date/itcont_2020_20190101_20190201.txt', data, zip64: true },
    ]);
    const run = await runBulk(connection, { from: writeFolder({ 'indiv20.zip': zip }) });
    assert.match(run.out, /^1 file loaded, 0 unchanged, 2 rows, 0 rejected/);
  });

  it('passes over what the folder lacks, and says so', async () => {
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]) });
    const run = await runBulk(connection, { from: folder });
    assert.equal(run.code, 0);
    assert.match(run.err, /passed over: cn20\.zip, ccl20\.zip, .*oppexp20\.zip/);
  });

  it('prints JSON for machines', async () => {
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A'), 'short']) });
    const run = await runBulk(connection, { from: folder, format: 'json' });
    const total: unknown = JSON.parse(run.out);
    assert.ok(
      typeof total === 'object' && total !== null && 'rows' in total && 'rejected' in total,
    );
    assert.deepEqual([total.rows, total.rejected], [1, 1]);
    for (const line of run.err.trim().split('\n')) JSON.parse(line);
  });

  it('adds a column that a dataset has and the table lacks, and its comment', async () => {
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]) });
    await runBulk(connection, { from: folder });
    await queryOnce(connection, 'alter table bronze.fec_cm drop column org_tp cascade');
    await queryOnce(connection, 'comment on table bronze.fec_cn is null');
    const changed = writeFolder({ 'cm20.zip': zipOf('cm.txt', [`C1|B|||||||||||T|ORG|`]) });
    const run = await runBulk(connection, { from: changed, accept: true });
    assert.equal(run.code, 0, run.err);
    const rows = await queryOnce(
      connection,
      `select cmte_nm, org_tp, connected_org_nm, _line::int,
              obj_description('bronze.fec_cn'::regclass) is not null as documented
         from bronze.fec_cm where _withdrawn is null`,
    );
    assert.deepEqual(rows, [
      { cmte_nm: 'B', org_tp: 'T', connected_org_nm: 'ORG', _line: 1, documented: true },
    ]);
  });

  it('refuses a database that cannot hold every letter, before anything is made there', async () => {
    const latin = `${connection.database}_latin`;
    await queryOnce(
      connection,
      `create database ${latin} encoding 'LATIN1' locale 'C' template template0`,
    );
    try {
      const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]) });
      const run = await runBulk({ ...connection, database: latin }, { from: folder });
      assert.equal(run.code, 2, run.err);
      assert.match(run.err, /encoded in `LATIN1`, not in `UTF8`\n {2}hint: .*create database/);
    } finally {
      await queryOnce(connection, `drop database ${latin} with (force)`);
    }
  });

  it('refuses a database that a newer program has migrated', async () => {
    const folder = writeFolder({ 'cm20.zip': zipOf('cm.txt', [cmLine('A')]) });
    await runBulk(connection, { from: folder });
    await queryOnce(
      connection,
      "insert into bronze.schema_migrations (name, batch, migration_time) values ('0099_future', 9, now())",
    );
    const run = await runBulk(connection, { from: folder });
    assert.equal(run.code, 2);
    assert.match(run.err, /newer program/);
  });
});

describe('extract bulk, asked wrongly', () => {
  useDatabase();
  let connection: Connection;
  before(async () => {
    connection = await createDatabase();
  });
  const cm = zipOf('cm.txt', [cmLine('A')]);

  const requests: readonly [
    string,
    { readonly cycle?: number; readonly datasets?: readonly string[] },
    Readonly<Record<string, Buffer>>,
    RegExp,
  ][] = [
    [
      'an odd year',
      { cycle: 2019 },
      { 'cm20.zip': cm },
      /`2019` is not a cycle\n {2}hint: .*--cycle 2020/,
    ],
    [
      'an unknown dataset',
      { datasets: ['indv'] },
      { 'cm20.zip': cm },
      /no dataset `indv`\n {2}hint: did you mean `indiv`/,
    ],
    [
      'a dataset that is not there',
      { datasets: ['cn'] },
      { 'cm20.zip': cm },
      /the folder lacks `cn20\.zip`/,
    ],
    [
      'a folder of another cycle',
      {},
      { 'cm18.zip': cm },
      /none of the files of cycle 2020.*\n {2}hint: it has `cm18\.zip`: did you mean `--cycle 2018`/,
    ],
    [
      'a folder of unpacked files',
      {},
      { 'cm.txt': Buffer.from('') },
      /it has `cm\.txt`, which is unpacked/,
    ],
    [
      'an empty folder',
      {},
      {},
      /hint: fetch the files from https:\/\/www\.fec\.gov\/files\/bulk-downloads\/2020\//,
    ],
    [
      'a dataset before its time',
      { cycle: 1998, datasets: ['ccl'] },
      { 'ccl98.zip': cm },
      /`ccl` from cycle 2000 on/,
    ],
  ];
  for (const [name, request, files, message] of requests) {
    it(`runs nothing for ${name} and exits 2`, async () => {
      const run = await runBulk(connection, { from: writeFolder(files), ...request });
      assert.equal(run.code, 2, run.err);
      assert.match(run.err, message);
      assert.deepEqual(await queryOnce(connection, "select to_regnamespace('bronze') as bronze"), [
        { bronze: null },
      ]);
    });
  }

  it('names a folder that is none', async () => {
    const folder = writeFolder({ 'cm20.zip': cm });
    const absent = await runBulk(connection, { from: join(folder, 'no') });
    assert.deepEqual([absent.code, /no such folder/.test(absent.err)], [2, true]);
    const file = await runBulk(connection, { from: join(folder, 'cm20.zip') });
    assert.deepEqual([file.code, /is not a folder/.test(file.err)], [2, true]);
  });

  it('exits 2 from the command line for a missing flag, no server and a wrong password', async () => {
    const noCycle = await startExtract(connection, ['bulk', '--from', '.']).ended;
    assert.equal(noCycle.code, 2);
    assert.match(noCycle.err, /cycle/);
    const folder = writeFolder({});
    copyFileSync(join(sampleDir, 'webl20.zip'), join(folder, 'webl20.zip'));
    const words = ['bulk', '--cycle', '2020', '--from', folder];
    const nowhere = await startExtract({ ...connection, host: '127.0.0.1', port: 1 }, words).ended;
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /127\.0\.0\.1:1/);
    // A server that trusts everyone asks for no password: the name is wrong as well.
    const login = { user: 'nobody_known', password: 'wrong!word' };
    const refused = await startExtract({ ...connection, ...login }, words).ended;
    assert.equal(refused.code, 2);
    assert.match(refused.err, /hint: .*password/);
    assert.doesNotMatch(refused.err, /wrong!word/);
  });
});

/** Returns what a load may leave nothing of: staging tables and lines set aside. */
async function leftovers(connection: Connection): Promise<readonly unknown[]> {
  return queryOnce(
    connection,
    `select relname::text from pg_class where relname like 'stage_fec%'
     union all select 'staged line' from bronze.staged_lines`,
  );
}
