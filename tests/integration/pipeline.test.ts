// The whole main job on the real FEC sample, as a user does it, checked against the raw files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { clientConfig } from '../../core/database.ts';
import { copyFecProject, type Finished, runCli } from '../support/cli.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { sampleDir, urlOf } from '../support/extract.ts';
import { unzipOnly } from '../support/unzip.ts';

/** The FEC's list of individual contributions; typed here again, from the reference, on purpose. */
const individual = new Set(
  '10 10J 11 11J 15 15E 15J 30 30E 30J 30T 31 31E 31J 31T 32 32E 32J 32T'.split(' '),
);
const refunds = new Set(['20Y', '21Y', '22Y']);

interface Totals {
  receipts: bigint;
  refunds: bigint;
  count: number;
}

/** The lines of itcont.txt, split. */
function rawRows(): readonly (readonly string[])[] {
  const text = unzipOnly(readFileSync(join(sampleDir, 'indiv20.zip'))).toString('latin1');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('|'));
}

/** Adds up the raw file in cents, without any code of the pipeline. */
function totalsOfRawFile(): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const fields of rawRows()) {
    const [committee = '', type = '', amount = '', memo = ''] = [0, 5, 14, 18].map(
      (at) => fields[at],
    );
    const total = totals.get(committee) ?? { receipts: 0n, refunds: 0n, count: 0 };
    totals.set(committee, total);
    if (memo === 'X') continue;
    const cents = BigInt(Math.round(Number(amount) * 100));
    if (individual.has(type)) {
      total.receipts += cents;
      total.count += 1;
    }
    if (refunds.has(type)) total.refunds += cents;
  }
  return totals;
}

function cents(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}

describe('the pipeline on the FEC sample', function () {
  this.timeout(180_000);
  useDatabase();
  let client: pg.Client;
  let run: (program: 'runner' | 'extract', ...args: string[]) => Promise<Finished>;

  before(async () => {
    const connection = await createDatabase();
    const project = await copyFecProject();
    const env = { DATABASE_URL: urlOf(connection) };
    run = (program, ...args) => runCli(program, [...args, '--project-dir', project], { env });
    client = new pg.Client(clientConfig(connection, 'fundlens:test'));
    await client.connect();
    const loaded = await run('extract', 'bulk', '--cycle', '2020', '--from', sampleDir);
    assert.equal(loaded.code, 0, loaded.stderr);
    const built = await run('runner', 'build');
    assert.equal(built.code, 0, built.stderr);
  });
  after(() => client.end());

  const rowsOf = async <Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> =>
    (await client.query<Row>(sql)).rows;

  it('gives Gold the sums of the raw file, for every committee and in total', async () => {
    const expected = totalsOfRawFile();
    const rows = await rowsOf<{
      committee_id: string;
      itemized_receipts: string;
      itemized_refunds: string;
      itemized_net: string;
      contribution_count: string;
    }>('select * from gold.committee_summary where cycle = 2020');
    assert.equal(rows.length, expected.size);
    let [gross, refunded] = [0n, 0n];
    for (const row of rows) {
      const total = expected.get(row.committee_id);
      assert.deepEqual(
        {
          receipts: cents(row.itemized_receipts),
          refunds: cents(row.itemized_refunds),
          count: Number(row.contribution_count),
        },
        total,
        row.committee_id,
      );
      assert.equal(cents(row.itemized_net), (total?.receipts ?? 0n) - (total?.refunds ?? 0n));
      gross += cents(row.itemized_receipts);
      refunded += cents(row.itemized_refunds);
    }
    // Found with awk on itcont.txt, beside this program.
    assert.deepEqual({ gross, refunded }, { gross: 2_963_976_900n, refunded: 66_353_400n });
  });

  it('keeps every ZIP code as disclosed, leading zeros included', async () => {
    const altered = await rowsOf(
      `select sub_id from silver.contributions
       join bronze.fec_indiv using (sub_id)
       where contributions.zip_code is distinct from fec_indiv.zip_code`,
    );
    assert.deepEqual(altered, []);
    const [zeros] = await rowsOf<{ count: string }>(
      "select count(*) from silver.contributions where zip_code like '0%'",
    );
    // 6,139 by `awk -F'|' 'substr($11,1,1)=="0"' itcont.txt | wc -l`, too.
    const raw = rawRows().filter((fields) => fields[10]?.startsWith('0')).length;
    assert.deepEqual([Number(zeros?.count), raw], [6139, 6139]);
  });

  it('has one row per key where the master files repeat one', async () => {
    const committees = await rowsOf(
      `select committee_id from silver.committees
       where committee_id in ('C00654699', 'C00690123') order by 1`,
    );
    assert.deepEqual(committees, [{ committee_id: 'C00654699' }, { committee_id: 'C00690123' }]);
    const candidates = await rowsOf(
      "select candidate_id from silver.candidates where candidate_id = 'H8GA04117'",
    );
    assert.deepEqual(candidates, [{ candidate_id: 'H8GA04117' }]);
  });

  it('counts no conduit line as a receipt, and every 15E once', async () => {
    const [facts] = await rowsOf<Record<string, string>>(
      `select count(*) filter (where transaction_type in ('24T', '24I') and counts_in_receipts) as conduit,
              count(*) filter (where transaction_type = '15E') as earmarked,
              count(*) filter (where transaction_type = '15E' and counts_in_receipts) as counted,
              count(*) filter (where transaction_type = '15E' and is_memo) as memo
       from gold.fct_contributions`,
    );
    assert.equal(facts?.['conduit'], '0');
    assert.equal(facts?.['earmarked'], '9449');
    assert.equal(Number(facts?.['counted']) + Number(facts?.['memo']), 9449);
  });

  it('loads nothing twice and builds the same tables again, row for row', async () => {
    const tables = await rowsOf<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('bronze', 'silver', 'gold') and tablename not in ('attempts') order by 1`,
    );
    const hashes = async () => {
      const found: Record<string, unknown> = {};
      for (const { name } of tables) {
        const [row] = await rowsOf(
          `select count(*), sum(hashtextextended(t::text, 0)::numeric) as hash from ${name} as t`,
        );
        found[name] = row;
      }
      return found;
    };
    const first = await hashes();
    assert.ok(tables.length > 25, `only ${tables.length} tables`);
    const again = await run('extract', 'bulk', '--cycle', '2020', '--from', sampleDir);
    assert.equal(again.code, 0, again.stderr);
    const rebuilt = await run('runner', 'build');
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    assert.deepEqual(await hashes(), first);
  });
});
