// The sample as file A, then B and C made from it by edits counted by hand and by diff's own tools.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import pg from 'pg';
import type { Connection } from '../../../core/connection.ts';
import { clientConfig, openDatabase } from '../../../core/database.ts';
import { recordState } from '../../../extract/bronze/state.ts';
import type { Load } from '../../../extract/bronze/types.ts';
import { cm } from '../../../extract/datasets/cm.ts';
import { indiv } from '../../../extract/datasets/indiv.ts';
import type { Dataset } from '../../../extract/datasets/types.ts';
import { buildZip } from '../../support/build-zip.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { runBulk, sampleDir, writeFolder } from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';

const key = (line: string): string => line.slice(line.lastIndexOf('|') + 1);

/** Packs lines as the only file of an FEC zip. */
function zipOf(member: string, lines: readonly string[]): Buffer {
  return buildZip([{ name: member, data: Buffer.from(lines.map((line) => `${line}\n`).join('')) }]);
}

/** Reads the lines of a zip of the sample without the program under test. */
function sampleLines(zip: string): readonly string[] {
  const bytes = readFileSync(join(sampleDir, zip));
  const start = 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  return inflateRawSync(bytes.subarray(start)).toString('latin1').trimEnd().split('\n');
}

/** Counts by comm(1) and awk(1) what became of the lines between two files whose last field is a unique key. */
function diffCounts(before: readonly string[], after: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'fundlens-diff-'));
  const shell = (command: string): number =>
    Number(
      execFileSync('bash', ['-c', command], { cwd: folder, env: { ...process.env, LC_ALL: 'C' } }),
    );
  try {
    writeFileSync(join(folder, 'a'), before.map((line) => `${line}\n`).join(''), 'latin1');
    writeFileSync(join(folder, 'b'), after.map((line) => `${line}\n`).join(''), 'latin1');
    const keys = (file: string): string => `<(awk -F'|' '{print $NF}' ${file} | sort)`;
    const both = shell(`comm -12 ${keys('a')} ${keys('b')} | wc -l`);
    const unchanged = shell('comm -12 <(sort a) <(sort b) | wc -l');
    return {
      inserted: shell(`comm -13 ${keys('a')} ${keys('b')} | wc -l`),
      updated: both - unchanged,
      withdrawn: shell(`comm -23 ${keys('a')} ${keys('b')} | wc -l`),
      unchanged,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function lastCounts(connection: Connection, dataset: string) {
  const [row] = await queryOnce(
    connection,
    `select rows_inserted::int as inserted, rows_updated::int as updated,
            rows_withdrawn::int as withdrawn, rows_unchanged::int as unchanged
       from bronze.loads where dataset = '${dataset}' order by load_id desc limit 1`,
  );
  return row;
}

/** Returns the live rows of a dataset as lines, sorted: the FEC's columns alone. */
async function liveLines(connection: Connection, dataset: Dataset): Promise<readonly string[]> {
  const fields = dataset.columns.map(({ name }) => `coalesce("${name}", '')`).join(", '|', ");
  const rows = await queryOnce(
    connection,
    `select concat(${fields}) as line from bronze.${dataset.table} where _withdrawn is null`,
  );
  return rows.map(({ line }) => String(line)).sort();
}

const withField = (line: string, field: number, value: string): string =>
  line
    .split('|')
    .map((text, index) => (index === field ? value : text))
    .join('|');

describe('extract bulk, one file after another', function () {
  this.timeout(60_000);
  useDatabase();
  let connection: Connection;
  const a = sampleLines('indiv20.zip');
  // B: ten amended, one dated after the file itself, seven withdrawn, three added.
  const b = [
    ...a.slice(0, 10).map((line) => withField(line, 14, '999')),
    withField(a[10] ?? '', 13, '01152029'),
    ...a.slice(11, -7),
    ...[1, 2, 3].map((n) => withField(a[20] ?? '', 20, `900000000000000000${n}`)),
  ];
  // C: of the seven two return as they were and one otherwise; five of the amended are as they were in A.
  const c = [
    ...a.slice(0, 5),
    ...b.slice(5),
    ...a.slice(-7, -5),
    withField(a.at(-5) ?? '', 7, 'RETURNED, OTHERWISE'),
  ].reverse();
  const load = async (lines: readonly string[]) =>
    runBulk(connection, {
      from: writeFolder({ 'indiv20.zip': zipOf('itcont.txt', lines) }),
    });

  before(async () => {
    connection = await createDatabase();
    for (const lines of [a, b, c]) {
      const run = await load(lines);
      assert.equal(run.code, 0, run.err);
    }
  });

  it('counts what diff counts', async () => {
    const rows = await queryOnce(
      connection,
      `select rows_inserted::int as inserted, rows_updated::int as updated,
              rows_withdrawn::int as withdrawn, rows_unchanged::int as unchanged,
              rows_returned::int as returned from bronze.loads order by load_id`,
    );
    assert.deepEqual(rows, [
      { inserted: 70_671, updated: 0, withdrawn: 0, unchanged: 0, returned: 0 },
      { inserted: 3, updated: 11, withdrawn: 7, unchanged: 70_653, returned: 0 },
      { inserted: 3, updated: 5, withdrawn: 0, unchanged: 70_662, returned: 3 },
    ]);
    for (const [index, [before, after]] of [[a, b] as const, [b, c] as const].entries()) {
      const { returned: _, ...counted } = rows[index + 1] ?? {};
      assert.deepEqual(counted, diffCounts(before, after));
    }
  });

  it('has as live rows what a fresh load of the last file has', async () => {
    assert.deepEqual(await liveLines(connection, indiv), [...c].sort());
  });

  it('keeps the load and the line that first brought each version', async () => {
    const rows = await queryOnce(
      connection,
      `select sub_id, _load_id::int as load, _line::int as line from bronze.fec_indiv
        where _withdrawn is null`,
    );
    const linesOf = (lines: readonly string[]) =>
      new Map(lines.map((line, index) => [key(line), { line, number: index + 1 }]));
    const [inA, inB] = [linesOf(a), linesOf(b)];
    const expected = new Map<string, string>();
    for (const [index, line] of c.entries()) {
      const earlier = inB.get(key(line));
      const first = inA.get(key(line));
      // In C a version is B's when B has it; a withdrawn one that returns as it was is still A's.
      if (earlier?.line === line && first?.line !== line)
        expected.set(key(line), `2:${earlier.number}`);
      else if ((earlier === undefined || earlier.line === line) && first?.line === line) {
        expected.set(key(line), `1:${first.number}`);
      } else expected.set(key(line), `3:${index + 1}`);
    }
    for (const row of rows) {
      const id = String(row['sub_id']);
      assert.equal(`${row['load']}:${row['line']}`, expected.get(id), id);
    }
    assert.equal(rows.length, expected.size);
  });

  it('keeps every version that was ever live', async () => {
    const fields = indiv.columns.map(({ name }) => `coalesce("${name}", '')`).join(", '|', ");
    const rows = await queryOnce(
      connection,
      `select concat(${fields}) as line from bronze.fec_indiv
       union select concat(${fields}) from bronze.fec_indiv_history`,
    );
    assert.deepEqual(
      rows.map(({ line }) => String(line)).sort(),
      [...new Set([...a, ...b, ...c])].sort(),
    );
  });

  it('marks what stays away with the load that no longer had it, and says when the others left', async () => {
    const gone = await queryOnce(
      connection,
      'select sub_id, _withdrawn::int as load from bronze.fec_indiv where _withdrawn is not null order by 1',
    );
    const away = a.slice(-4).map((line) => ({ sub_id: key(line), load: 2 }));
    assert.deepEqual(
      gone,
      away.sort((one, two) => (one.sub_id < two.sub_id ? -1 : 1)),
    );
    const history = await queryOnce(
      connection,
      `select _withdrawn::int as withdrawn, _superseded_by::int as by, count(*)::int as rows
         from bronze.fec_indiv_history group by 1, 2 order by 1, 2`,
    );
    assert.deepEqual(history, [
      { withdrawn: 2, by: 3, rows: 3 },
      { withdrawn: null, by: 2, rows: 11 },
      { withdrawn: null, by: 3, rows: 5 },
    ]);
  });

  it('keeps the state of each committee, and is not misled by a date of the future', async () => {
    const ofFile = new Map<string, { rows: number; last: string | null }>();
    for (const line of c) {
      const fields = line.split('|');
      const id = fields[0] ?? '';
      const date = /^(\d\d)(\d\d)(20\d\d)$/.exec(fields[13] ?? '');
      const day = date ? `${date[3]}-${date[1]}-${date[2]}` : null;
      const state = ofFile.get(id) ?? { rows: 0, last: null };
      // The file was written on 17 March 2019.
      const counts =
        day !== null && day <= '2019-03-17' && (state.last === null || day > state.last);
      ofFile.set(id, { rows: state.rows + 1, last: counts ? day : state.last });
    }
    const rows = await queryOnce(
      connection,
      `select substr(scope, 11) as id, row_count::int as rows, last_contribution_date::text as last
         from bronze.extraction_state where scope like 'committee:%' and row_count > 0`,
    );
    assert.equal(rows.length, ofFile.size);
    for (const { id, rows: count, last } of rows) {
      const expected = ofFile.get(String(id));
      // Dates of another century than the files' own are left to the regular expression's own test.
      assert.deepEqual({ rows: count, last }, expected, String(id));
    }
    const [national] = await queryOnce(
      connection,
      `select row_count::int as rows, last_load_id::int as load,
              (watermark at time zone 'America/New_York')::text as watermark
         from bronze.extraction_state where scope = 'national'`,
    );
    assert.deepEqual(national, { rows: c.length, load: 3, watermark: '2019-03-16 20:09:12' });
    const touched = await queryOnce(
      connection,
      `select count(*)::int as committees from bronze.extraction_state
        where scope like 'committee:%' and last_load_id > 1`,
    );
    const changed = [...a, ...b, ...c].filter(
      (line) => !(inAll(a, line) && inAll(b, line) && inAll(c, line)),
    );
    assert.equal(
      touched[0]?.['committees'],
      new Set(changed.map((line) => line.split('|')[0])).size,
    );
  });

  it('keeps the same state where the committees are counted in Bronze', async () => {
    const states = () =>
      queryOnce(
        connection,
        `select scope, row_count::int as rows, last_contribution_date::text as last
           from bronze.extraction_state where row_count > 0 order by scope`,
      );
    const counted = await states();
    const [row] = await queryOnce(
      connection,
      `select watermark::text, load_id::int as id from bronze.loads where load_id = 3`,
    );
    const database = openDatabase(connection, { applicationName: 'test:state', maxClients: 1 });
    try {
      await database.withTransaction(async (client) => {
        const load = loadOf(Number(row?.['id']), String(row?.['watermark']));
        const unknown = { counts: undefined, changed: undefined };
        await recordState(client, indiv, load, unknown, false);
      });
    } finally {
      await database.close();
    }
    assert.deepEqual(await states(), counted);
  });

  /** A load that changed every row: its state is worked out anew for all committees. */
  function loadOf(loadId: number, watermark: string): Load {
    return {
      dataset: 'indiv',
      cycle: 2020,
      scope: 'national',
      source: 'indiv20.zip',
      loadId,
      attemptId: loadId,
      sha256: '',
      bytes: 0,
      member: 'itcont.txt',
      memberBytes: 0,
      memberModifiedAt: '',
      lineEnding: 'lf',
      endsWithNewline: true,
      rowsRead: c.length,
      rowsInserted: c.length,
      rowsUpdated: 0,
      rowsWithdrawn: 0,
      rowsUnchanged: 0,
      rowsReturned: 0,
      rowsRejected: 0,
      rowsRepaired: 0,
      hashAlgorithm: '',
      watermark: new Date(watermark),
      startedAt: new Date(),
      programVersion: '',
    };
  }

  const sets = new Map<readonly string[], ReadonlySet<string>>();
  function inAll(lines: readonly string[], line: string): boolean {
    const set = sets.get(lines) ?? new Set(lines);
    sets.set(lines, set);
    return set.has(line);
  }
});

const cmLine = (id: string, name: string): string => `${id}|${name}|||||||||||||`;

describe('extract bulk, masters and repeated keys', function () {
  this.timeout(120_000);
  useDatabase();

  it('compares masters as multisets', async () => {
    const connection = await createDatabase();
    const load = async (lines: readonly string[]) => {
      const from = writeFolder({ 'cm20.zip': zipOf('cm.txt', lines) });
      const run = await runBulk(connection, { from, accept: true });
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(await liveLines(connection, cm), [...lines].sort());
      return lastCounts(connection, 'cm');
    };
    const [one, two, three] = [cmLine('C1', 'A'), cmLine('C1', 'A'), cmLine('C2', 'B')];
    await load([one, two, three]);
    assert.deepEqual(await load([three, one]), {
      inserted: 0,
      updated: 0,
      withdrawn: 1,
      unchanged: 2,
    });
    assert.deepEqual(await load([one, one, cmLine('C2', 'C')]), {
      inserted: 1,
      updated: 1,
      withdrawn: 0,
      unchanged: 1,
    });
    const other = cmLine('C2', 'C');
    assert.deepEqual(await load([cmLine('C1', 'X'), one, one, other]), {
      inserted: 1,
      updated: 0,
      withdrawn: 0,
      unchanged: 3,
    });
    // As many lines as before, and each of them is in Bronze: only how often tells the files apart.
    assert.deepEqual(await load([cmLine('C1', 'X'), one, other, other]), {
      inserted: 1,
      updated: 0,
      withdrawn: 1,
      unchanged: 3,
    });
  });

  it('takes a sub_id that stands twice in a file as two rows', async () => {
    const connection = await createDatabase();
    const line = (id: string, name: string) =>
      `C1|N|Q1|P|1|15|IND|${name}|||||||5||T|1||| ${id}`.replace('| ', '|');
    const load = async (lines: readonly string[]) => {
      const from = writeFolder({ 'indiv20.zip': zipOf('itcont.txt', lines) });
      const run = await runBulk(connection, { from, accept: true });
      assert.equal(run.code, 0, run.err);
      assert.deepEqual(await liveLines(connection, indiv), [...lines].sort());
      return lastCounts(connection, 'indiv');
    };
    await load([line('7', 'A'), line('7', 'B'), line('8', 'C')]);
    assert.deepEqual(await load([line('8', 'C'), line('7', 'B'), line('7', 'A'), line('', 'N')]), {
      inserted: 1,
      updated: 0,
      withdrawn: 0,
      unchanged: 3,
    });
    assert.deepEqual(await load([line('8', 'C'), line('7', 'D'), line('', 'N')]), {
      inserted: 0,
      updated: 1,
      withdrawn: 1,
      unchanged: 2,
    });
  });

  it('ends in the rows of the last file after any sequence of files', async () => {
    const connection = await createDatabase();
    const row = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('A', 'B', 'C'));
    const file = fc.array(row, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 4 }), async (files) => {
        let live: readonly string[] = (await readLive(connection)) ?? [];
        for (const rows of files) {
          const lines = rows.map(([id, name]) => cmLine(`C${id}`, name));
          const from = writeFolder({ 'cm20.zip': zipOf('cm.txt', lines) });
          const run = await runBulk(connection, { from, accept: true });
          assert.equal(run.code, 0, run.err);
          if (/unchanged, passed over/.test(run.err)) continue;
          assert.deepEqual(await liveLines(connection, cm), [...lines].sort());
          assert.deepEqual(await lastCounts(connection, 'cm'), multisetCounts(live, lines));
          live = lines;
        }
      }),
      { numRuns: 12, seed: 20200317 },
    );
    const [sums] = await queryOnce(
      connection,
      `select (select sum(rows_inserted - rows_withdrawn)::int from bronze.loads) as counted,
              (select count(*)::int from bronze.fec_cm where _withdrawn is null) as live`,
    );
    assert.equal(sums?.['counted'], sums?.['live']);
  });
});

async function readLive(connection: Connection): Promise<readonly string[] | undefined> {
  const [table] = await queryOnce(
    connection,
    "select to_regclass('bronze.fec_cm') is not null as is",
  );
  return table?.['is'] ? liveLines(connection, cm) : undefined;
}

/** Takes away what both files have, line by line; the rest is paired key by key. */
function multisetCounts(before: readonly string[], after: readonly string[]) {
  const old = [...before];
  const fresh: string[] = [];
  let unchanged = 0;
  for (const line of after) {
    const at = old.indexOf(line);
    if (at < 0) fresh.push(line);
    else {
      old.splice(at, 1);
      unchanged += 1;
    }
  }
  let updated = 0;
  for (const line of fresh) {
    const at = old.findIndex((other) => other.split('|')[0] === line.split('|')[0]);
    if (at < 0) continue;
    old.splice(at, 1);
    updated += 1;
  }
  return { inserted: fresh.length - updated, updated, withdrawn: old.length, unchanged };
}

describe('extract bulk, guarded', function () {
  this.timeout(30_000);
  useDatabase();
  const many = Array.from({ length: 1000 }, (_, index) => cmLine(`C${index}`, 'A'));

  async function attempt(second: readonly string[], accept: boolean) {
    const connection = await createDatabase();
    const folder = (lines: readonly string[]) =>
      writeFolder({ 'cm20.zip': zipOf('cm.txt', lines) });
    assert.equal((await runBulk(connection, { from: folder(many) })).code, 0);
    const run = await runBulk(connection, { from: folder(second), accept });
    return { run, live: await liveLines(connection, cm) };
  }

  it('stops before more than a twentieth of a cycle is withdrawn, and keeps Bronze', async () => {
    const { run, live } = await attempt(many.slice(51), false);
    assert.equal(run.code, 1);
    assert.match(run.err, /cm20\.zip: would withdraw 51 of 1,000 rows \(5\.1 %\)[\s\S]*--accept/);
    assert.deepEqual(live, [...many].sort());
    assert.equal((await attempt(many.slice(50), false)).run.code, 0);
    const accepted = await attempt(many.slice(51), true);
    assert.deepEqual([accepted.run.code, accepted.live.length], [0, 949]);
  });

  it('stops at more than a thousandth and more than ten lines rejected', async () => {
    const bad = (count: number) => [...many, ...Array.from({ length: count }, () => 'x')];
    const { run, live } = await attempt(bad(11), false);
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /11 of 1,011 lines do not fit: 11 × 1 field instead of 15 fields[\s\S]*--accept/,
    );
    assert.deepEqual(live, [...many].sort());
    assert.equal((await attempt(bad(10), false)).run.code, 0);
    assert.equal((await attempt(bad(11), true)).run.code, 0);
  });

  it('names a changed number of fields as a changed layout, of a small file too, and says what to do', async () => {
    const wider = many.map((line) => `${line}|new`);
    for (const second of [wider, wider.slice(0, 3), [...wider.slice(0, 3), many[0] ?? '']]) {
      const { run, live } = await attempt(second, false);
      assert.equal(run.code, 1);
      assert.match(
        run.err,
        /cm20\.zip: the layout changed: lines have `16` fields, more than the `15` that FundLens knows \([\d,]+ of [\d,]+ lines do not fit\)\n {2}hint: Bronze is as it was; see https:\S+ for what changed/,
      );
      assert.deepEqual(live, [...many].sort());
    }
    const { run } = await attempt(
      many.map((line) => line.slice(0, -1)),
      true,
    );
    assert.match(run.err, /`14` fields, fewer than the `15`/);
    assert.doesNotMatch(run.err, /--accept/);
  });

  it('tells listeners of each load when it is committed, and only then', async () => {
    const connection = await createDatabase();
    const listener = new pg.Client(clientConfig(connection, 'test:listener'));
    await listener.connect();
    const heard: unknown[] = [];
    listener.on('notification', ({ payload }) => heard.push(JSON.parse(payload ?? '')));
    await listener.query('listen fundlens_load');
    try {
      const from = writeFolder({ 'cm20.zip': zipOf('cm.txt', many) });
      assert.equal((await runBulk(connection, { from })).code, 0);
      const less = writeFolder({ 'cm20.zip': zipOf('cm.txt', many.slice(500)) });
      assert.equal((await runBulk(connection, { from: less })).code, 1);
      await listener.query('select');
    } finally {
      await listener.end();
    }
    assert.deepEqual(heard, [
      {
        load: 1,
        dataset: 'cm',
        cycle: 2020,
        scope: 'national',
        inserted: 1000,
        updated: 0,
        withdrawn: 0,
        unchanged: 0,
        rejected: 0,
      },
    ]);
  });

  it('makes the hashes anew where an older program let the server make others', async () => {
    const connection = await createDatabase();
    const from = writeFolder({ 'cm20.zip': zipOf('cm.txt', many) });
    await runBulk(connection, { from });
    const columns = cm.columns.map(({ name }) => `"${name}"`).join(', ');
    await queryOnce(
      connection,
      `alter table bronze.fec_cm drop column _hash,
         add column _hash bigint
           generated always as (hash_record_extended(row(${columns}), 0)) stored`,
    );
    await queryOnce(
      connection,
      "update bronze.loads set hash_algorithm = 'hash_record_extended/pg9'",
    );
    const next = writeFolder({ 'cm20.zip': zipOf('cm.txt', [...many, cmLine('D', 'B')]) });
    const run = await runBulk(connection, { from: next });
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(await lastCounts(connection, 'cm'), {
      inserted: 1,
      updated: 0,
      withdrawn: 0,
      unchanged: 1000,
    });
  });

  it('loads the same bytes again where an older program knew fewer columns', async () => {
    const connection = await createDatabase();
    const from = writeFolder({ 'cm20.zip': zipOf('cm.txt', ['C1|B|||||||||||T|ORG|']) });
    await runBulk(connection, { from });
    await queryOnce(
      connection,
      "update bronze.loads set hash_algorithm = 'hashtextextended/14 columns'",
    );
    await queryOnce(connection, 'alter table bronze.fec_cm drop column connected_org_nm');
    const run = await runBulk(connection, { from });
    assert.equal(run.code, 0, run.err);
    const rows = await queryOnce(
      connection,
      'select connected_org_nm as org from bronze.fec_cm where _withdrawn is null',
    );
    assert.deepEqual(rows, [{ org: 'ORG' }]);
    assert.match((await runBulk(connection, { from })).out, /^0 files loaded, 1 unchanged/);
  });

  it('puts the version of the file in the place of a row whose hash was taken away', async () => {
    const connection = await createDatabase();
    const load = (lines: readonly string[]) =>
      runBulk(connection, { from: writeFolder({ 'cm20.zip': zipOf('cm.txt', lines) }) });
    await load(many);
    await queryOnce(
      connection,
      "update bronze.fec_cm set cmte_nm = 'BY HAND', _hash = null where cmte_id = 'C7'",
    );
    const next = [...many, cmLine('D', 'B')];
    const run = await load(next);
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(await liveLines(connection, cm), [...next].sort());
  });

  it('leaves a committee without rows when its last one goes to another', async () => {
    const connection = await createDatabase();
    const line = (committee: string, id: number) =>
      `${committee}|N|Q1|P|1|15|IND|A||||||02012019|5||T|1|||${id}`;
    const load = async (lines: readonly string[]) => {
      const from = writeFolder({ 'indiv20.zip': zipOf('itcont.txt', lines) });
      const run = await runBulk(connection, { from });
      assert.equal(run.code, 0, run.err);
    };
    await load([line('C00000001', 1), line('C00000002', 2)]);
    await load([line('C00000001', 1), line('C00000001', 2)]);
    assert.deepEqual(
      await queryOnce(
        connection,
        `select scope, row_count::int as rows, last_contribution_date::text as last
           from bronze.extraction_state order by scope`,
      ),
      [
        { scope: 'committee:C00000001', rows: 2, last: '2019-02-01' },
        { scope: 'committee:C00000002', rows: 0, last: null },
        { scope: 'national', rows: 2, last: '2019-02-01' },
      ],
    );
  });

  it('brings the indexes that people have put on a whole table to each new cycle', async () => {
    const connection = await createDatabase();
    const line = (id: number) => `C1|N|Q1|P|1|15|IND|A||||||02012019|5||T|1|||${id}`;
    const load = async (cycle: number) => {
      const zip = `indiv${String(cycle).slice(2)}.zip`;
      const from = writeFolder({ [zip]: zipOf('itcont.txt', [line(cycle)]) });
      const run = await runBulk(connection, { from, cycle });
      assert.equal(run.code, 0, run.err);
    };
    await load(2018);
    await queryOnce(connection, 'create index by_sub_id on bronze.fec_indiv (sub_id)');
    await load(2020);
    const rows = await queryOnce(
      connection,
      `select indexrelid::regclass::text as index, indisvalid as valid from pg_index
        where indrelid in (select inhrelid from pg_inherits
                            where inhparent = 'bronze.fec_indiv'::regclass) order by 1`,
    );
    assert.deepEqual(
      rows,
      [2018, 2020].map((cycle) => ({ index: `bronze.fec_indiv_${cycle}_sub_id_idx`, valid: true })),
    );
  });
});
