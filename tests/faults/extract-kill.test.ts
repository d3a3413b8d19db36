// Kills at seeded places, then a clean run: the same tables as if nothing had happened.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { Connection } from '../../core/connection.ts';
import { datasets, memberName, zipName } from '../../extract/datasets/catalog.ts';
import { ccl } from '../../extract/datasets/ccl.ts';
import { cm } from '../../extract/datasets/cm.ts';
import { cn } from '../../extract/datasets/cn.ts';
import { indiv } from '../../extract/datasets/indiv.ts';
import { buildZip } from '../support/build-zip.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { runBulk, sampleDir, startExtract, writeFolder } from '../support/extract.ts';
import { queryOnce } from '../support/query.ts';
import { createRandom, killCount } from '../support/random.ts';

const points = [
  'extract:before-files',
  'extract:before-copy',
  'extract:after-copy',
  'extract:after-compare',
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
                md5(string_agg(row::text, '' order by row::text)) as hash from bronze.${table} as row`,
      )),
      ...(await queryOnce(
        connection,
        `select count(*)::int as rows, md5(string_agg(row::text, '' order by row::text)) as hash
           from bronze.${table}_history as row`,
      )),
    );
  }
  const loads = await queryOnce(
    connection,
    `select load_id::int, dataset, cycle, sha256, rows_read::int, rows_inserted::int,
            rows_updated::int, rows_withdrawn::int, rows_unchanged::int, rows_returned::int from bronze.loads order by load_id`,
  );
  return [...all, ...loads];
}

/** Makes the next version of four files of the sample: `n` lines amended, `n` withdrawn, some back again. */
function changedFolder(n: number): string {
  const files = [cm, cn, ccl, indiv].map((dataset) => {
    const name = zipName(dataset, 2020);
    const bytes = readFileSync(join(sampleDir, name));
    const start = 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
    const lines = inflateRawSync(bytes.subarray(start)).toString('latin1').trimEnd().split('\n');
    const changed = lines
      .slice(n === 1 ? 0 : 3, n === 1 ? -40 : -20)
      .map((line, index) => (index % 500 === n ? line.replace('|', ` ${n}|`) : line));
    const data = Buffer.from(changed.map((line) => `${line}\n`).join(''), 'latin1');
    return [name, buildZip([{ name: memberName(dataset, 2020), data }])] as const;
  });
  return writeFolder(Object.fromEntries(files));
}

describe('extract bulk under SIGKILL', function () {
  this.timeout(60_000 + kills * 30_000);
  useDatabase();

  it('ends in the same tables after so many kills and a clean run', async () => {
    const undisturbed = await createDatabase();
    const folders = [sampleDir, changedFolder(1), changedFolder(2)];
    for (const from of folders) {
      assert.equal((await runBulk(undisturbed, { from })).code, 0);
    }
    const disturbed = await createDatabase();
    const random = createRandom(20200317);
    const bulk = (from: string) => ['bulk', '--cycle', '2020', '--from', from];
    // Folder after folder: a third of the kills each, then each is loaded to its end.
    const finished = new Set<string>();
    let killed = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const folder = folders[Math.floor((kill * folders.length) / kills)] ?? sampleDir;
      const before = folders[folders.indexOf(folder) - 1];
      if (before !== undefined && !finished.has(before)) {
        assert.equal((await startExtract(disturbed, bulk(before)).ended).code, 0);
        finished.add(before);
      }
      const point = points[random(points.length)] ?? '';
      // The second passage lets one file through, so that the kills walk through the files.
      const nth = point === 'extract:before-files' ? 1 : 1 + random(2);
      const run = startExtract(disturbed, bulk(folder), { FUNDLENS_FAULT: `${point}:${nth}` });
      const ended = await run.ended;
      // A run that does not come to the place any more has nothing left to do there.
      const isKilled = run.child.signalCode === 'SIGKILL';
      assert.ok(isKilled || ended.code === 0, `${point}:${nth}\n${ended.err}`);
      killed += isKilled ? 1 : 0;
      await assertWhole(disturbed, `${point}:${nth}`);
    }
    assert.ok(killed >= kills / 3, `${killed} of ${kills} were killed`);
    for (const from of folders.filter((folder) => !finished.has(folder)).slice(0, -1)) {
      assert.equal((await startExtract(disturbed, bulk(from)).ended).code, 0);
    }
    const clean = await startExtract(disturbed, bulk(folders.at(-1) ?? sampleDir)).ended;
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
      `select (select count(*)::int from bronze.${table} where _withdrawn is null) as rows,
              (select coalesce(sum(rows_inserted - rows_withdrawn), 0)::int from bronze.loads where dataset = $1) as loaded`,
      [name],
    );
    assert.equal(row?.['rows'], row?.['loaded'], `${table} after ${where}`);
  }
}
