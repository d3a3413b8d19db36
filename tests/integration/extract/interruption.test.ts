// Two at once, Ctrl-C, killed backends and lost connections: a load happened or it did not.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Connection } from '../../../core/connection.ts';
import { clientConfig } from '../../../core/database.ts';
import { buildZip } from '../../support/build-zip.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { runBulk, sampleDir, startExtract, writeFolder } from '../../support/extract.ts';
import { queryOnce } from '../../support/query.ts';

// The sample takes the place of a single row: more than a guard lets pass unseen.
const words = [
  'bulk',
  '--accept',
  '--cycle',
  '2020',
  '--from',
  sampleDir,
  '--dataset',
  'webl,webk',
];

describe('extract bulk, disturbed', function () {
  this.timeout(60_000);
  useDatabase();
  let connection: Connection;
  let blocker: pg.Client;

  beforeEach(async () => {
    connection = await createDatabase();
    // Tables exist, and webl has rows of an older file.
    const older = buildZip([{ name: 'webl20.txt', data: Buffer.from(`OLD${'|'.repeat(29)}\n`) }]);
    assert.equal(
      (await runBulk(connection, { from: writeFolder({ 'webl20.zip': older }) })).code,
      0,
    );
    blocker = new pg.Client(clientConfig(connection, 'fundlens:test-blocker'));
    await blocker.connect();
  });
  afterEach(() => blocker.end());

  /** Holds a table as if someone worked on it, so that a load stops where it needs it. */
  async function block(table: string): Promise<void> {
    await blocker.query('begin');
    await blocker.query(`lock table ${table} in access exclusive mode`);
  }

  async function untilWaiting(): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      const rows = await queryOnce(
        connection,
        `select from pg_stat_activity where application_name like 'extract bulk%'
          and wait_event_type = 'Lock' and datname = current_database()`,
      );
      if (rows.length > 0) return;
      await sleep(25);
    }
    throw new Error('the load does not wait');
  }

  async function backends(): Promise<number> {
    const rows = await queryOnce(
      connection,
      `select from pg_stat_activity where application_name like 'extract bulk%'
        and datname = current_database()`,
    );
    return rows.length;
  }

  async function weblNames(): Promise<readonly unknown[]> {
    const rows = await queryOnce(
      connection,
      'select cand_id from bronze.fec_webl where _withdrawn is null order by _line',
    );
    return rows.map(({ cand_id }) => cand_id);
  }

  it('refuses a second run while one is under way, and says who that is', async () => {
    await block('bronze.fec_webl');
    const first = startExtract(connection, words);
    await untilWaiting();
    const second = await runBulk(connection, { from: sampleDir, datasets: ['webk'] });
    assert.equal(second.code, 1);
    assert.match(second.err, /already running: `extract bulk 2020, pid \d+ on .*` \(backend \d+/);
    assert.match(second.err, new RegExp(`pid ${first.child.pid} on`));
    await blocker.query('rollback');
    assert.equal((await first.ended).code, 0);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`cancels its backends at ${signal}, exits 130 and leaves the tables as they were`, async () => {
      await block('bronze.fec_webl');
      const run = startExtract(connection, words);
      await untilWaiting();
      run.child.kill(signal);
      const { code, err } = await run.ended;
      await blocker.query('rollback');
      assert.equal(code, 130, err);
      assert.match(err, /interrupted/);
      assert.equal(await backends(), 0);
      assert.deepEqual(await weblNames(), ['OLD']);
      assert.deepEqual(
        await queryOnce(
          connection,
          'select status, finished_at is not null as ended from bronze.attempts order by attempt_id desc limit 1',
        ),
        [{ status: 'interrupted', ended: true }],
      );
    });
  }

  it('stops in the middle of the copying, too', async () => {
    await block('bronze.staged_lines');
    const bad = buildZip([
      { name: 'webk20.txt', data: Buffer.from('bad\n'.repeat(20_000)), stored: true },
    ]);
    const folder = writeFolder({ 'webk20.zip': bad });
    const run = startExtract(connection, ['bulk', '--cycle', '2020', '--from', folder]);
    await untilWaiting();
    run.child.kill('SIGINT');
    const { code, err } = await run.ended;
    await blocker.query('rollback');
    assert.equal(code, 130, err);
    assert.equal(await backends(), 0);
  });

  it('says so when its backend is terminated, and loads the next time', async () => {
    await block('bronze.fec_webl');
    const run = startExtract(connection, words);
    await untilWaiting();
    await queryOnce(
      connection,
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'extract bulk%' and wait_event_type = 'Lock'
          and datname = current_database()`,
    );
    const { code, err } = await run.ended;
    await blocker.query('rollback');
    assert.equal(code, 1);
    assert.match(err, /error: webl20\.zip: .*\n {2}hint: nothing of this file was loaded/);
    assert.deepEqual(await weblNames(), ['OLD']);
    assert.equal(
      (await runBulk(connection, { from: sampleDir, datasets: ['webl'], accept: true })).code,
      0,
    );
    assert.equal((await weblNames()).length, 11);
  });

  it('asks the ledger when the answer to a commit is lost', async () => {
    const proxy = await startCuttingProxy(connection, 'insert into bronze.loads', 'after-commit');
    const run = await runBulk(proxy.connection, {
      from: sampleDir,
      datasets: ['webl'],
      accept: true,
    });
    assert.equal(proxy.cuts(), 1);
    await proxy.close();
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /^1 file loaded/);
    assert.equal((await weblNames()).length, 11);
    assert.deepEqual(
      await queryOnce(
        connection,
        'select status, load_id::int from bronze.attempts order by attempt_id desc limit 1',
      ),
      [{ status: 'succeeded', load_id: 2 }],
    );
  });

  it('does not take a lost commit for a load', async () => {
    const proxy = await startCuttingProxy(connection, 'insert into bronze.loads', 'before-commit');
    const run = await runBulk(proxy.connection, {
      from: sampleDir,
      datasets: ['webl'],
      accept: true,
    });
    assert.equal(proxy.cuts(), 1);
    await proxy.close();
    assert.equal(run.code, 1, run.err);
    assert.match(run.err, /hint: nothing of this file was loaded/);
    assert.deepEqual(await weblNames(), ['OLD']);
  });

  it('never shows a reader half a file', async () => {
    const seen = new Set<number>();
    let done = false;
    const polling = (async () => {
      while (!done) {
        const [row] = await queryOnce(
          connection,
          'select count(*)::int as rows from bronze.fec_webl where _withdrawn is null',
        );
        seen.add(Number(row?.['rows']));
      }
    })();
    await runBulk(connection, { from: sampleDir, datasets: ['webl'], accept: true });
    done = true;
    await polling;
    for (const rows of seen) assert.ok([1, 11].includes(rows), `${rows} rows`);
  });
});
