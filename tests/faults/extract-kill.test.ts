// Kills at seeded places, then a clean run: the same tables as if nothing had happened.

import assert from 'node:assert/strict';
import type { Connection } from '../../core/connection.ts';
import { datasets } from '../../extract/datasets/catalog.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { runBulk, sampleDir, startExtract } from '../support/extract.ts';
import { queryOnce } from '../support/query.ts';
import { createRandom, killCount } from '../support/random.ts';

const points = [
  'extract:before-files',
  'extract:before-copy',
  'extract:after-copy',
  'extract:after-rows',
  'extract:before-commit',
  'extract:after-commit',
];
const kills = killCount();

async function contents(connection: Connection): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const { table } of datasets) {
    // Lineage included: a load that was killed leaves no trace in the numbers either.
    all.push(
      ...(await queryOnce(
        connection,
        `select '${table}' as name, count(*)::int as rows,
                md5(string_agg(row::text, '' order by cycle, _line)) as hash from bronze.${table} as row`,
      )),
    );
  }
  const loads = await queryOnce(
    connection,
    `select load_id::int, dataset, cycle, sha256, rows_read::int, rows_inserted::int,
            rows_withdrawn::int from bronze.loads order by load_id`,
  );
  return [...all, ...loads];
}

describe('extract bulk under SIGKILL', function () {
  this.timeout(60_000 + kills * 30_000);
  useDatabase();

  it('ends in the same tables after so many kills and a clean run', async () => {
    const undisturbed = await createDatabase();
    assert.equal((await runBulk(undisturbed, { from: sampleDir })).code, 0);
    const disturbed = await createDatabase();
    const random = createRandom(20200317);
    const words = ['bulk', '--cycle', '2020', '--from', sampleDir];
    for (let kill = 0; kill < kills; kill += 1) {
      const point = points[random(points.length)] ?? '';
      // The second passage lets one file through, so that the kills walk through the files.
      const nth = point === 'extract:before-files' ? 1 : 1 + random(2);
      const run = startExtract(disturbed, words, { FUNDLENS_FAULT: `${point}:${nth}` });
      const ended = await run.ended;
      assert.equal(run.child.signalCode, 'SIGKILL', `${point}:${nth}\n${ended.err}`);
      await assertWhole(disturbed, `${point}:${nth}`);
    }
    const clean = await startExtract(disturbed, words).ended;
    assert.equal(clean.code, 0, clean.err);
    assert.deepEqual(await contents(disturbed), await contents(undisturbed));
    const states = await queryOnce(
      disturbed,
      'select distinct status from bronze.attempts order by status',
    );
    assert.deepEqual(
      states.map(({ status }) => status),
      ['crashed', 'succeeded'],
    );
    const left = await queryOnce(
      disturbed,
      `select relname from pg_class where relname like 'stage_fec%'
       union all select 'staged line' from bronze.staged_lines`,
    );
    assert.deepEqual(left, []);
  });
});

/** What is in the tables is what the ledger says, at every moment. */
async function assertWhole(connection: Connection, where: string): Promise<void> {
  const [ledger] = await queryOnce(
    connection,
    "select to_regclass('bronze.fec_oppexp') is not null as found",
  );
  if (!ledger?.['found']) return;
  for (const { name, table } of datasets) {
    const [row] = await queryOnce(
      connection,
      `select (select count(*)::int from bronze.${table}) as rows,
              (select coalesce(sum(rows_inserted), 0)::int from bronze.loads where dataset = $1) as loaded`,
      [name],
    );
    assert.equal(row?.['rows'], row?.['loaded'], `${table} after ${where}`);
  }
}
