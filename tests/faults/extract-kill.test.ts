// Kills at seeded places, then a clean run: the same tables as if nothing had happened.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../core/connection.ts';
import { datasets, fileName, memberName } from '../../extract/datasets/catalog.ts';
import { ccl } from '../../extract/datasets/ccl.ts';
import { cm } from '../../extract/datasets/cm.ts';
import { cn } from '../../extract/datasets/cn.ts';
import { independentExpenditure } from '../../extract/datasets/independent-expenditure.ts';
import { indiv } from '../../extract/datasets/indiv.ts';
import { buildZip } from '../support/build-zip.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { runBulk, sampleDir, startExtract, writeFolder } from '../support/extract.ts';
import { queryOnce } from '../support/query.ts';
import { createRandom, killCount } from '../support/random.ts';
import { unzipOnly } from '../support/unzip.ts';

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

/** Independent expenditures of version `n`: some amended, some gone, one of two lines. */
function spendingFile(n: number): Buffer {
  const header = independentExpenditure.columns.map(({ fecName }) => fecName).join(',');
  const rows = Array.from({ length: 400 }, (_, index) => {
    const purpose = index % 50 === n ? `AD ${n}\nTWO` : 'AD';
    return independentExpenditure.columns
      .map(({ name }) => (name === 'pur' ? purpose : name === 'tran_id' ? `T${index}` : 'x'))
      .map((field) => `"${field}"`)
      .join(',');
  });
  return Buffer.from(`${[header, ...rows.slice(n * 5)].join('\n')}\n`);
}

/** Makes the next version of four files of the sample: `n` lines amended, `n` withdrawn, some back again. */
function changedFolder(n: number): string {
  const files = [cm, cn, ccl, indiv].map((dataset) => {
    const name = fileName(dataset, 2020);
    const text = unzipOnly(readFileSync(join(sampleDir, name))).toString('latin1');
    const lines = text.trimEnd().split('\n');
    const changed = lines
      .slice(n === 1 ? 0 : 3, n === 1 ? -40 : -20)
      .map((line, index) => (index % 500 === n ? line.replace('|', ` ${n}|`) : line));
    const data = Buffer.from(changed.map((line) => `${line}\n`).join(''), 'latin1');
    return [name, buildZip([{ name: memberName(dataset, 2020), data }])] as const;
  });
  const spending = [fileName(independentExpenditure, 2020), spendingFile(n)] as const;
  return writeFolder(Object.fromEntries([...files, spending]));
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
    const expected = await contents(undisturbed);
    const random = createRandom(20200317);
    let killed = 0;
    // A run that no longer comes to its fault point has loaded its folder: when all are loaded and
    // kills are left, it begins anew on an empty database.
    while (killed < kills) {
      killed += await disturb(folders, random, kills - killed, expected);
    }
    assert.equal(killed, kills);
  });
});

/** Kills loads of one folder after the other on an empty database, then loads in peace; returns the kills. */
async function disturb(
  folders: readonly string[],
  random: (below: number) => number,
  atMost: number,
  expected: readonly unknown[],
): Promise<number> {
  const disturbed = await createDatabase();
  const perFolder = Math.ceil(kills / folders.length);
  let killed = 0;
  for (const folder of folders) {
    const words = ['bulk', '--cycle', '2020', '--from', folder];
    for (let kill = 0; kill < perFolder && killed < atMost; kill += 1) {
      const point = points[random(points.length)] ?? '';
      // The second passage lets one file through, so that the kills walk through the files.
      const nth = point === 'extract:before-files' ? 1 : 1 + random(2);
      const run = startExtract(disturbed, words, { FUNDLENS_FAULT: `${point}:${nth}` });
      const ended = await run.ended;
      await assertWhole(disturbed, `${point}:${nth}`);
      if (run.child.signalCode === 'SIGKILL') killed += 1;
      else {
        assert.equal(ended.code, 0, `${point}:${nth}\n${ended.err}`);
        break;
      }
    }
    const clean = await startExtract(disturbed, words).ended;
    assert.equal(clean.code, 0, clean.err);
  }
  assert.ok(killed > 0, 'a round without a kill would go on for ever');
  assert.deepEqual(await contents(disturbed), expected);
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
  return killed;
}

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
