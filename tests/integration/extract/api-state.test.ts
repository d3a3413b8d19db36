// The extraction state: what an overlap costs, what status tells, and what sync-state computes anew.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../../core/connection.ts';
import { packageRoot } from '../../../core/package-root.ts';
import { apiEnv, runApi, runSync, useOpenFec } from '../../support/api.ts';
import { compareCalls, followedCommittees } from '../../support/compare-calls.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { runBulk, sampleDir, startExtract } from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';

describe('extract api: state and cost', function () {
  this.timeout(180_000);
  useDatabase();
  const server = useOpenFec({ receipts: 2_000, everyLine: 60, masters: 20 });
  let connection: Connection;
  beforeEach(async () => {
    connection = await createDatabase();
  });
  const query = (sql: string) => queryOnce(connection, sql);

  /** The committee of the double that has the most receipts. */
  function busiest(): string {
    const counts = new Map<string, number>();
    for (const row of server.current.tables.schedule_a) {
      const id = String(row['committee_id']);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
  }

  it('costs a call for each day of overlap in which nothing changed, and its rows where something did', async () => {
    const now = '2019-02-22T12:00:00Z';
    assert.equal((await runApi(connection, server.current, { now })).code, 0);
    const costs: number[] = [];
    for (let lookbackDays = 0; lookbackDays <= 7; lookbackDays += 1) {
      server.current.calls.length = 0;
      const run = await runApi(connection, server.current, { now, lookbackDays });
      assert.equal(run.code, 0, run.err);
      costs.push(server.current.calls.length);
    }
    assert.deepEqual(costs, [1, 2, 3, 4, 5, 6, 7, 8]);
    // 21 February is the great day: one row less, and all of it is read again.
    const { schedule_a: table } = server.current.tables;
    const great = table.filter((row) => String(row['load_date']).startsWith('2019-02-21'));
    table.splice(table.indexOf(great[0] ?? {}), 1);
    server.current.calls.length = 0;
    const run = await runApi(connection, server.current, { now, lookbackDays: 3 });
    assert.match(run.err, /1 withdrawn/);
    assert.ok(great.length > 300);
    assert.equal(server.current.calls.length, 3 + Math.ceil((great.length - 1) / 100) + 1);
  });

  it('says in its documentation what a day costs by both schemes', () => {
    const text = readFileSync(join(packageRoot(), 'docs/extraction-state.md'), 'utf8');
    const days = compareCalls('2019-02-19', '2019-03-16', 7);
    const number = (value: number) => value.toLocaleString('en-US');
    for (const day of ['2019-02-20', '2019-02-21', '2019-02-27', '2019-03-15']) {
      const found = days.find((known) => known.day === day);
      assert.ok(found);
      const cells = [
        day,
        number(found.rows),
        number(found.perCommittee),
        `${number(found.missed)} of ${number(found.followedRows)}`,
        number(found.national),
      ];
      assert.ok(text.includes(`| ${cells.join(' | ')} |`), `| ${cells.join(' | ')} |`);
    }
    const sum = (pick: (day: (typeof days)[number]) => number) =>
      days.reduce((total, day) => total + pick(day), 0);
    const all = [
      `all ${days.length} days`,
      number(sum((day) => day.rows)),
      number(sum((day) => day.perCommittee)),
      `${number(sum((day) => day.missed))} of ${number(sum((day) => day.followedRows))}`,
      number(sum((day) => day.national)),
    ];
    assert.ok(text.includes(`| ${all.join(' | ')} |`), `| ${all.join(' | ')} |`);
    assert.ok(text.includes(`${number(followedCommittees().size)} committees`));
  });

  it('tells for each scope how far it is', async () => {
    await runApi(connection, server.current, { datasets: ['committees'] });
    await runApi(connection, server.current, {
      scopes: [{ kind: 'committee', committee: busiest() }],
      maxCalls: 1,
    });
    const told = await startExtract(connection, ['status'], apiEnv(server.current)).ended;
    assert.equal(told.code, 0, told.err);
    const [table = '', reasons] = told.out.trimEnd().split('\n\n');
    const lines = table.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      lines.map((cells) => cells.slice(0, 4)),
      [
        ['API dataset', 'cycle', 'scope', 'state'],
        ['committees', '2020', 'national', 'complete'],
        ['schedule_a', '2020', `committee:${busiest()}`, 'incomplete'],
      ],
    );
    assert.match(reasons ?? '', /: the 1 call that --max-calls allows is made/);
    const json = await startExtract(connection, ['status', '--json'], apiEnv(server.current)).ended;
    assert.equal(JSON.parse(json.out)[1].scope, `committee:${busiest()}`);
  });

  it('computes states anew: of bulk files from their rows, of the API from the ledger', async () => {
    assert.equal(
      (await runBulk(connection, { from: sampleDir, datasets: ['indiv', 'webl'] })).code,
      0,
    );
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    assert.ok((await query('select from bronze.api_schedule_a')).length > 50);
    const states = () =>
      query(
        `select dataset, cycle, scope, watermark, last_contribution_date, last_load_id, row_count
           from bronze.extraction_state order by dataset, scope`,
      );
    const right = await states();
    assert.equal(
      (await runSync(connection, server.current)).out,
      'every state is what Bronze says\n',
    );
    await query(`update bronze.extraction_state set row_count = 1, last_contribution_date = '2206-01-01'
                  where scope = 'committee:${busiest()}'`);
    await query("delete from bronze.extraction_state where dataset = 'webl'");
    await query(
      "update bronze.extraction_state set watermark = now() where dataset = 'schedule_a'",
    );
    const dry = await runSync(connection, server.current, { dryRun: true });
    assert.match(dry.out, /indiv 2020 committee:C\d{8}: last contribution 2206-01-01 -> 20/);
    assert.match(dry.out, /webl 2020 national: rows - -> 11/);
    assert.match(dry.out, /would change$/m);
    const one = await runSync(connection, server.current, { committees: [busiest()] });
    assert.match(one.out, /^2 changed$/m);
    assert.equal((await runSync(connection, server.current)).code, 0);
    assert.deepEqual(await states(), right);
    // Someone emptied the table: what was complete is to be read anew.
    await query('truncate bronze.api_schedule_a');
    await runSync(connection, server.current);
    const [state] = await query(
      "select watermark, row_count::int from bronze.extraction_state where dataset = 'schedule_a'",
    );
    assert.deepEqual(state, { watermark: null, row_count: 0 });
  });

  it('keeps bulk loads and the API out of each other', async () => {
    const { withLease } = await import('../../../core/locks.ts');
    const { openDatabase } = await import('../../../core/database.ts');
    await runApi(connection, server.current, { datasets: ['committees'] });
    const database = openDatabase(connection, { applicationName: 'test:bulk', maxClients: 1 });
    try {
      await withLease(database, 'extract', async () => {
        const run = await runApi(connection, server.current, { datasets: ['committees'] });
        assert.match(run.err, /`extract` is already running: `test:bulk`/);
      });
      const mode = 'shared';
      await withLease(
        database,
        'extract',
        async () => {
          const beside = await runApi(connection, server.current, { datasets: ['committees'] });
          assert.equal(beside.code, 0, beside.err);
          const bulk = await runBulk(connection, { from: sampleDir, datasets: ['webl'] });
          assert.match(bulk.err, /`extract` is already running/);
        },
        mode,
      );
    } finally {
      await database.close();
    }
  });
});
