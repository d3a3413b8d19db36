// The quoted CSVs with headers: loaded, reconciled and guarded like the zips.

import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { packageRoot } from '../../../core/package-root.ts';
import { rowHashExpression } from '../../../extract/bronze/tables.ts';
import { datasets } from '../../../extract/datasets/catalog.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { runBulk, startExtract, writeFolder } from '../../support/extract.ts';
import { useFecServer } from '../../support/fec-server.ts';
import { queryOnce } from '../../support/query.ts';

const folder = join(packageRoot(), 'tests/fixtures/fec/csv');
const csvs = [
  'candidate_summary',
  'committee_summary',
  'independent_expenditure',
  'electioneering',
  'communication_costs',
];
const fixture = (name: string): string => readFileSync(join(folder, name), 'utf8');
const ieName = 'independent_expenditure_2020.csv';
const spending = fixture(ieName);
const [ieHeader = '', ...ieRest] = spending.split('\n');

/** Writes rows of independent expenditures of which only purpose and transaction matter. */
const ieRow = (fileNumber: string, transaction: string, purpose = 'ADS', amount = '5'): string =>
  `"H0XX01001","X","C00000201","Y","G","VA","01","H","DEM","${amount}","28-OCT-20","5","S","${purpose}","Z","${fileNumber}","N","${transaction}","1","28-OCT-20","2020","",""`;
const ieFile = (rows: readonly string[], header = ieHeader): Buffer =>
  Buffer.from([header, ...rows].map((line) => `${line}\n`).join(''), 'latin1');

describe('extract bulk on quoted CSVs', function () {
  this.timeout(60_000);
  useDatabase();
  let connection: Connection;
  beforeEach(async () => {
    connection = await createDatabase();
  });

  const load = (file: Buffer, accept = false) =>
    runBulk(connection, {
      from: writeFolder({ [ieName]: file }),
      datasets: ['independent_expenditure'],
      accept,
    });
  const lastLoad = async () =>
    (
      await queryOnce(
        connection,
        `select rows_read::int as read, rows_inserted::int as inserted, rows_updated::int as updated,
                rows_withdrawn::int as withdrawn, rows_unchanged::int as unchanged,
                rows_rejected::int as rejected, rows_repaired::int as repaired
           from bronze.loads order by load_id desc limit 1`,
      )
    )[0];

  it('loads every record of the five files with its lineage, each field as it was written', async () => {
    const run = await runBulk(connection, { from: folder, datasets: csvs });
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /^5 files loaded, 0 unchanged, 14 rows, 0 rejected/);
    const counts = await queryOnce(
      connection,
      `select dataset, source, member, rows_read::int as rows, member_modified_at, bytes::int = member_bytes::int as whole
         from bronze.loads order by load_id`,
    );
    assert.deepEqual(
      counts.map(({ dataset, source, member, rows, member_modified_at, whole }) => [
        dataset,
        source,
        member,
        rows,
        member_modified_at,
        whole,
      ]),
      [
        ['candidate_summary', 'candidate_summary_2020.csv', 3],
        ['committee_summary', 'committee_summary_2020.csv', 3],
        ['independent_expenditure', ieName, 4],
        ['electioneering', 'ElectioneeringComm_2020.csv', 2],
        ['communication_costs', 'CommunicationCosts_2020.csv', 2],
      ].map(([dataset, source, rows]) => [dataset, source, source, rows, null, true]),
    );
    assert.deepEqual(
      await queryOnce(
        connection,
        'select cand_name, cand_street_2, total_receipt, _line::int as line from bronze.fec_candidate_summary order by _line',
      ),
      [
        {
          cand_name: 'WASHINGTON, MARTHA',
          cand_street_2: null,
          total_receipt: '6196669.33',
          line: 2,
        },
        {
          cand_name: `O'BRIEN, PAT "SKIP" JR.`,
          cand_street_2: null,
          total_receipt: '9008.33',
          line: 3,
        },
        { cand_name: 'NOBODY, A | PIPE', cand_street_2: null, total_receipt: '0', line: 4 },
      ],
    );
    assert.deepEqual(
      await queryOnce(
        connection,
        'select spe_nam, exp_amo, pur, pay, _line::int as line, cycle, _load_id::int as load from bronze.fec_independent_expenditure order by _line offset 2',
      ),
      [
        {
          spe_nam: 'DOE, JOHN',
          exp_amo: '-150.05',
          pur: 'TV AD\nSECOND LINE',
          pay: 'THE "BEST" AGENCY',
          line: 4,
          cycle: 2020,
          load: 3,
        },
        {
          spe_nam: 'DOE, JOHN',
          exp_amo: '17',
          pur: null,
          pay: null,
          line: 6,
          cycle: 2020,
          load: 3,
        },
      ],
    );
    assert.deepEqual(
      await queryOnce(
        connection,
        'select sub_id, transaction_amt, purpose from bronze.fec_communication_costs order by _line',
      ),
      [
        { sub_id: '2061420201140795867', transaction_amt: '17194.83', purpose: null },
        { sub_id: '2061420201140795868', transaction_amt: '20', purpose: null },
      ],
    );
    for (const dataset of datasets.filter(({ format }) => format === 'csv')) {
      const [wrong] = await queryOnce(
        connection,
        `select count(*)::int as rows from bronze.${dataset.table} where _hash <> ${rowHashExpression(dataset)}`,
      );
      assert.deepEqual(wrong, { rows: 0 }, dataset.name);
    }
    const again = await runBulk(connection, { from: folder, datasets: csvs });
    assert.match(again.out, /^0 files loaded, 5 unchanged/);
  });

  it('compares them as multisets: an amended report is another row, a changed row an update', async () => {
    const a = ['1', '2', '3'].map((n) => ieRow('100', `T${n}`)).concat(ieRow('100', 'T1'));
    assert.equal((await load(ieFile(a))).code, 0);
    // T2 amended in place, T3 withdrawn, the report amended once: T1 stands in it under another number.
    const b = [a[3] ?? '', a[0] ?? '', ieRow('100', 'T2', 'MAIL'), ieRow('101', 'T1')];
    const run = await load(ieFile(b), true);
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(await lastLoad(), {
      read: 4,
      inserted: 1,
      updated: 1,
      withdrawn: 1,
      unchanged: 2,
      rejected: 0,
      repaired: 0,
    });
    assert.deepEqual(
      await queryOnce(
        connection,
        'select tran_id, pur from bronze.fec_independent_expenditure_history',
      ),
      [{ tran_id: 'T2', pur: 'ADS' }],
    );
  });

  it('loses nothing of a file with broken records: read = loaded + rejected, with line, bytes and reason', async () => {
    const broken = ieRow('100', 'T2', 'a "quote');
    const lines = [
      ieRow('100', 'T1', 'one\ntwo'),
      broken.replace('"Z"', '"Z'),
      ieRow('100', 'T3', 'SPOT "FIRST"'),
      ieRow('100', 'T4').replace('"X",', ''),
      ieRow('100', 'T5', 'nul \0'),
      ieRow('100', 'T6', 'Jos\xe9'),
      ieRow('100', 'T7'),
    ];
    const run = await load(ieFile(lines), true);
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(await lastLoad(), {
      read: 7,
      inserted: 4,
      updated: 0,
      withdrawn: 0,
      unchanged: 0,
      rejected: 3,
      repaired: 2,
    });
    const apart = await queryOnce(
      connection,
      `select line::int, convert_from(bytes, 'LATIN1') as bytes, reason from bronze.rejects
       union all select line::int, convert_from(bytes, 'LATIN1'), reason from bronze.repairs
        where position('\\x00'::bytea in bytes) = 0 order by line`,
    ).catch(() =>
      queryOnce(
        connection,
        `select line::int, encode(bytes, 'escape') as bytes, reason from bronze.rejects
         union all select line::int, encode(bytes, 'escape'), reason from bronze.repairs order by line`,
      ),
    );
    assert.deepEqual(
      apart.map(({ line, reason }) => [line, reason]),
      [
        [4, 'a quote stands inside a field'],
        [5, 'a quote inside a field is not doubled'],
        [6, '22 fields instead of 23 fields'],
        [7, 'holds a NUL byte'],
        [8, 'not UTF-8, read as Windows-1252'],
      ],
    );
    assert.equal(String(apart[2]?.['bytes']), lines[3]);
    assert.deepEqual(
      await queryOnce(
        connection,
        'select tran_id, pur, _line::int as line from bronze.fec_independent_expenditure order by _line',
      ),
      [
        { tran_id: 'T1', pur: 'one\ntwo', line: 2 },
        { tran_id: 'T3', pur: 'SPOT "FIRST"', line: 5 },
        { tran_id: 'T6', pur: 'José', line: 8 },
        { tran_id: 'T7', pur: 'ADS', line: 9 },
      ],
    );
  });

  it('stops at a changed header before anything is published, and names what changed', async () => {
    assert.equal((await load(Buffer.from(spending))).code, 0);
    const renamed = Buffer.from([ieHeader.replace('exp_amo', 'amount'), ...ieRest].join('\n'));
    for (const accept of [false, true]) {
      const run = await load(renamed, accept);
      assert.equal(run.code, 1);
      assert.match(
        run.err,
        /independent_expenditure_2020\.csv: the header changed: `exp_amo` is now called `amount`\n {2}hint: Bronze is as it was, and `--accept` does not help/,
      );
    }
    const wider = ieFile([`${ieRow('1', 'T')},"n"`], `${ieHeader},note`);
    const refused = await load(wider);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /the header changed: new: `note`\n {2}hint: .*--accept/);
    const [rows] = await queryOnce(
      connection,
      'select count(*)::int as rows from bronze.fec_independent_expenditure where _withdrawn is null',
    );
    assert.deepEqual(rows, { rows: 4 });
    assert.equal((await load(wider, true)).code, 0);
    assert.equal((await lastLoad())?.['read'], 1);
  });

  it('stops at too many records that do not fit, and names another number of fields as that', async () => {
    const short = Array.from({ length: 20 }, (_, n) => ieRow('1', `T${n}`).replace('"X",', ''));
    const run = await load(ieFile(short));
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /the layout changed: lines have `22` fields, fewer than the `23` that FundLens knows \(20 of 20 lines do not fit\)\n {2}hint: Bronze is as it was; see https/,
    );
  });

  it('refuses an empty CSV, and one without its header', async () => {
    assert.match((await load(Buffer.from(''))).err, /is empty: it has not even a header/);
    const run = await load(Buffer.from(`${ieRow('1', 'T')}\n`));
    assert.equal(run.code, 1);
    assert.match(run.err, /does not begin with the header of independent_expenditure/);
  });
});

describe('extract bulk on quoted CSVs of the file server', function () {
  this.timeout(60_000);
  useDatabase();
  const server = useFecServer();

  it('plans, fetches and loads them, with the watermark of Last-Modified, and asks once for an unchanged one', async () => {
    const connection = await createDatabase();
    const cacheDir = writeFolder({});
    const lastModified = new Date('2020-11-02T05:00:00Z');
    for (const name of ['candidate_summary_2020.csv', 'CommunicationCosts_2020.csv']) {
      server.current.put(`/2020/${name}`, Buffer.from(fixture(name)), { lastModified });
    }
    const env = { FEC_BULK_URL: server.current.url, FUNDLENS_CACHE_DIR: cacheDir };
    const words = ['--cycle', '2020', '--dataset', 'candidate_summary,communication_costs'];
    const planned = await startExtract(connection, ['plan', ...words, '--json'], env).ended;
    const sizeOf = (name: string) => Buffer.byteLength(fixture(name));
    assert.deepEqual(
      JSON.parse(planned.out).files.map((file: Record<string, unknown>) => [
        file['action'],
        file['memberBytes'],
        file['isEstimate'],
      ]),
      [
        ['fetch', sizeOf('candidate_summary_2020.csv'), false],
        ['fetch', sizeOf('CommunicationCosts_2020.csv'), false],
      ],
    );
    const first = await startExtract(connection, ['bulk', ...words], env).ended;
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^2 files loaded, 0 unchanged, 5 rows/);
    const states = await queryOnce(
      connection,
      'select distinct extract(epoch from watermark)::int as watermark from bronze.extraction_state',
    );
    assert.deepEqual(states, [{ watermark: Date.UTC(2020, 10, 1, 5) / 1000 }]);
    server.current.requests.length = 0;
    const second = await startExtract(connection, ['bulk', ...words], env).ended;
    assert.match(second.out, /^0 files loaded, 2 unchanged/);
    assert.deepEqual(
      server.current.requests
        .map(({ method, path, status }) => `${method} ${path} ${status}`)
        .sort(),
      ['GET /2020/CommunicationCosts_2020.csv 304', 'GET /2020/candidate_summary_2020.csv 304'],
    );
  });

  it('does not take a cut CSV, or a page, for the file', async () => {
    const connection = await createDatabase();
    const cacheDir = writeFolder({});
    cpSync(join(folder, 'candidate_summary_2020.csv'), join(cacheDir, 'unrelated.csv'));
    const path = '/2020/candidate_summary_2020.csv';
    server.current.put(path, Buffer.from(fixture('candidate_summary_2020.csv')));
    server.current.fail(path, [{ kind: 'html' }, { kind: 'cut', afterBytes: 900 }]);
    const run = await startExtract(
      connection,
      ['bulk', '--cycle', '2020', '--dataset', 'candidate_summary'],
      { FEC_BULK_URL: server.current.url, FUNDLENS_CACHE_DIR: cacheDir },
    ).ended;
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /web page in the place of the file[\s\S]*the connection failed/);
    assert.match(run.out, /^1 file loaded, 0 unchanged, 3 rows, 0 rejected/);
  });
});
