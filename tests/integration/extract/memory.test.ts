// How much memory a load takes, by the operating system's own account of the whole process.

import assert from 'node:assert/strict';
import type { Connection } from '../../../core/connection.ts';
import { buildZip } from '../../support/build-zip.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { startExtract, writeFolder } from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';

const limitMb = 200;
/**
 * Prints the peak in KB, which the system keeps: nothing has to be looked at in time. Linux counts the
 * memory of the program that started a process into its `maxRSS`, and not into its `VmHWM`.
 */
const tellPeak = `--import=data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    let peak = process.resourceUsage().maxRSS;
    if (process.platform === 'linux') {
      peak = /^VmHWM:\\s*(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
    }
    console.error('peak ' + peak);
  });
`)}`;

/** Makes a file in the shape of the FEC's; one row in a hundred is another one in another `version`. */
function fileOf(rows: number, version: number): Buffer {
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const committee = `C${String(400_000 + (row % 5_000)).padStart(8, '0')}`;
    const amount = 25 + (row % 2_775) + (row % 100 === 7 ? version : 0);
    lines.push(
      `${committee}|N|M3|P|2019032091456${row}|15|IND|SMITH, JOHN ${row % 9_973}|SPRINGFIELD|IL|627011234|SELF-EMPLOYED|ATTORNEY|03152019|${amount}||SA11AI.${row}|13${row}|||403122019${row}\n`,
    );
  }
  return buildZip([{ name: 'itcont.txt', data: Buffer.from(lines.join(''), 'latin1') }]);
}

async function peakOf(connection: Connection, zip: Buffer): Promise<number> {
  const from = writeFolder({ 'indiv20.zip': zip });
  const { ended } = startExtract(connection, ['bulk', '--cycle', '2020', '--from', from], {
    NODE_OPTIONS: tellPeak,
  });
  const run = await ended;
  assert.equal(run.code, 0, run.err);
  const peak = /^peak (\d+)$/m.exec(run.err)?.[1];
  return Number(peak) / 1024;
}

describe('extract bulk, its memory', function () {
  this.timeout(300_000);
  useDatabase();

  it('stays below 200 MB for a first load and for a changed file, and does not grow with the file', async () => {
    const peaks: { readonly rows: number; readonly first: number; readonly changed: number }[] = [];
    for (const rows of [40_000, 320_000]) {
      const connection = await createDatabase();
      const first = await peakOf(connection, fileOf(rows, 0));
      const changed = await peakOf(connection, fileOf(rows, 1));
      peaks.push({ rows, first, changed });
      const [load] = await queryOnce(
        connection,
        `select rows_updated::int as updated, rows_unchanged::int as unchanged
           from bronze.loads order by load_id desc limit 1`,
      );
      assert.deepEqual(load, { updated: rows / 100, unchanged: rows - rows / 100 });
    }
    const said = JSON.stringify(peaks);
    for (const { first, changed } of peaks) {
      assert.ok(first < limitMb && changed < limitMb, said);
    }
    const [small, large] = peaks;
    // Eight times the rows: what a program keeps of each row would show, the collector's ease does not.
    const grown = Math.max(0, (large?.changed ?? 0) - (small?.changed ?? Number.NaN));
    assert.ok(grown < 50, said);
    if (process.env['TELL_PEAKS']) process.stdout.write(`${said}\n`);
  });
});
