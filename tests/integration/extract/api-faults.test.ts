// `extract api` under faults: one at every request number, and all of them at once for as long as patience lasts.

import assert from 'node:assert/strict';
import type { Connection } from '../../../core/connection.ts';
import { hashKey } from '../../../extract/bronze/quota.ts';
import { apiEnv, quickPatience, runApi, runRetry, useOpenFec } from '../../support/api.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import type { ExtractRun } from '../../support/extract.ts';
import type { ApiFault } from '../../support/openfec-server.ts';
import { queryOnce } from '../../support/query.ts';

const masked = '{"status": 404, "message": "Could not process the request"}';

/** Faults that pass: what each of them is called, and the fault. */
const passing: readonly (readonly [name: string, fault: ApiFault])[] = [
  ['a 429 that says how long', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }],
  ['a 429 that does not', { kind: 'status', status: 429 }],
  ['a 500', { kind: 'status', status: 500, body: '<html>oops</html>' }],
  ['a 502 of the edge', { kind: 'status', status: 502, body: '<html>Bad gateway</html>' }],
  ['a 503', { kind: 'status', status: 503 }],
  [
    'a 504 of a query',
    { kind: 'status', status: 504, body: '{"message": "Query timed out", "status": 504}' },
  ],
  ['the 404 that is a fault of the server', { kind: 'status', status: 404, body: masked }],
  ['a web page with status 200', { kind: 'html' }],
  ['a body cut short', { kind: 'cut' }],
  ['JSON without its end', { kind: 'half-json' }],
  ['a body that drips', { kind: 'drip' }],
  ['silence', { kind: 'silence' }],
  ['a reset connection', { kind: 'reset' }],
];

describe('extract api under faults', function () {
  this.timeout(120_000);
  useDatabase();
  const server = useOpenFec({ receipts: 250, undatedEvery: 9 });
  let connection: Connection;
  before(async () => {
    connection = await createDatabase();
  });

  const query = (sql: string) => queryOnce(connection, sql);
  const patience = { answerMs: 250 };

  /** Forgets everything but the tables: each run begins as the first one did. */
  async function empty(): Promise<void> {
    const [table] = await query("select to_regclass('bronze.api_schedule_a') is not null as found");
    if (table?.['found'] !== true) return;
    await query(
      `truncate bronze.api_schedule_a, bronze.loads, bronze.attempts, bronze.extraction_state,
                bronze.api_seen, bronze.api_calls, bronze.api_quotas restart identity`,
    );
  }

  /** Rows with their lineage, state and ledger: all that a run leaves, but for times and counted calls. */
  async function contents(): Promise<unknown> {
    const rows = await query(
      `select count(*)::int as rows,
              md5(string_agg(md5(row::text), '' order by sub_id)) as hash from bronze.api_schedule_a as row`,
    );
    const state = await query(
      `select status, parts, cursor, pages::int, row_count::int as rows, duplicates::int, error
         from bronze.extraction_state`,
    );
    const loads = await query(
      'select load_id::int, sha256, rows_read::int, rows_inserted::int from bronze.loads order by load_id',
    );
    const seen = await query('select count(*)::int as seen from bronze.api_seen');
    return { rows, state, loads, seen };
  }

  let undisturbed: unknown;
  let requests = 0;
  async function expectation(): Promise<unknown> {
    if (undisturbed === undefined) {
      await empty();
      const run = await runApi(connection, server.current, { patience });
      assert.equal(run.code, 0, run.err);
      undisturbed = await contents();
      requests = server.current.calls.length;
    }
    return undisturbed;
  }

  for (const [name, fault] of passing) {
    it(`ends with the same rows after ${name} at each request`, async () => {
      const expected = await expectation();
      for (let number = 1; number <= requests; number += 1) {
        await empty();
        server.current.fail({ [number]: fault });
        const run = await runApi(connection, server.current, { patience });
        assert.equal(run.code, 0, `request ${number}: ${run.err}`);
        assert.deepEqual(await contents(), expected, `request ${number}`);
        assert.match(run.err, /; try 2 of 6\n/);
      }
    });
  }

  it('says what is wrong when patience ends, and goes on from there when all is well again', async () => {
    const expected = await expectation();
    await empty();
    server.current.calls.length = 0;
    const always = Array.from(
      { length: 60 },
      (_, index) => [index + 3, { kind: 'reset' }] as const,
    );
    server.current.fail(Object.fromEntries(always));
    const failed = await runApi(connection, server.current, { patience });
    assert.equal(failed.code, 1);
    assert.match(
      failed.err,
      /the connection failed: .*\n {2}hint: what was read is stored; `extract retry` goes on/,
    );
    // Two pages came; six tries at the third one, and once more for the scope.
    assert.equal(server.current.calls.length, 14);
    const [state] = await query('select status, error, calls::int from bronze.extraction_state');
    assert.equal(state?.['status'], 'incomplete');
    assert.match(String(state?.['error']), /the connection failed/);
    assert.equal(state?.['calls'], 14);
    server.current.fail({});
    const retried = await runRetry(connection, server.current, { patience });
    assert.equal(retried.code, 0, retried.err);
    assert.deepEqual(await contents(), expected);
  });

  it('does not wait a day because the API says so', async () => {
    await empty();
    server.current.fail({
      2: { kind: 'status', status: 429, headers: { 'Retry-After': '86400' } },
    });
    const run = await runApi(connection, server.current, {
      patience: { ...patience, scopeRetryMs: 1 },
    });
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /refuses calls of this key \(429\) and asks to wait 86400 s\n {2}hint: .*retry/,
    );
    assert.equal(server.current.calls.length, 2);
    // No process of the key calls before the hour is over.
    const second = await runRetry(connection, server.current, {
      patience,
      env: { FEC_API_MAX_WAIT_MINUTES: '0' },
    });
    assert.match(second.err, /refused a call of this key \(429\), and free again in 3\d\d\d s/);
    assert.equal(server.current.calls.length, 2);
  });

  it('has one quota for two runs of a key, uses it up and is never refused', async () => {
    await empty();
    await runApi(connection, server.current, { datasets: ['candidate_totals'] });
    await empty();
    const quota = 100;
    server.current.limit(quota, 3_600_000);
    server.current.calls.length = 0;
    const states = ['CA', 'NY', 'TX', 'FL', 'VA', 'MD', 'DC', 'PA', 'IL', 'OH', 'WA', 'MA', 'NJ'];
    const env = { FEC_API_MAX_WAIT_MINUTES: '0' };
    const halves = [states.slice(0, 6), states.slice(6)];
    let runs: readonly ExtractRun[] = [];
    // Each scope is read whole, again and again, until both stop for the quota.
    for (
      let round = 0;
      round < 12 && !(runs.length > 0 && runs.every(({ code }) => code === 1));
      round += 1
    ) {
      runs = await Promise.all(
        halves.map((half) =>
          runApi(connection, server.current, {
            env,
            full: true,
            scopes: half.map((state) => ({ kind: 'state', state })),
          }),
        ),
      );
    }
    for (const { err } of runs)
      assert.match(err, /the quota of 100 calls an hour is used, and free again in/);
    assert.ok(server.current.calls.every(({ status }) => status === 200));
    assert.ok(server.current.calls.length >= quota * 0.98, `${server.current.calls.length} calls`);
  });

  it('waits for the quota and goes on, in a quota that passes', async () => {
    const expected = await expectation();
    await empty();
    // The API forgets the calls that the database has just forgotten.
    server.current.limit(1_000, 3_600_000);
    // Five calls of a while ago fill the quota, and leave it some seconds from now.
    await queryOnce(
      connection,
      `insert into bronze.api_calls (key_hash, piece, calls)
       values ($1, clock_timestamp() - interval '56 s', 5)`,
      [hashKey(server.current.key)],
    );
    const run = await runApi(connection, server.current, {
      patience: { ...patience, quotaMs: 60_000 },
      env: { FEC_API_CALLS_PER_HOUR: '5' },
    });
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /the quota of 5 calls an hour is used: waiting \d\.\d s/);
    assert.ok(server.current.calls.every(({ status }) => status === 200));
    assert.deepEqual(await contents(), expected);
  });

  it('counts the calls that others make with the same key', async () => {
    await empty();
    server.current.limit(20, 3_600_000);
    // Somebody else has used eighteen of the twenty.
    for (let call = 0; call < 18; call += 1) {
      const headers = { 'X-Api-Key': server.current.key };
      await fetch(`${server.current.url}/committees/?per_page=1`, { headers });
    }
    const run = await runApi(connection, server.current, {
      patience,
      env: { ...apiEnv(server.current), FEC_API_MAX_WAIT_MINUTES: '0' },
    });
    assert.equal(run.code, 1);
    assert.match(run.err, /the quota of 20 calls an hour is used/);
    assert.ok(server.current.calls.every(({ status }) => status === 200));
    assert.equal(server.current.calls.length, 20);
  });

  it('stops at Ctrl-C within a wait, and goes on another time', async () => {
    await empty();
    const controller = new AbortController();
    const before = server.current.calls.length;
    server.current.fail({ 3: { kind: 'silence' } });
    const timer = setInterval(() => {
      if (server.current.calls.length - before === 3) controller.abort();
    }, 5);
    await assert.rejects(
      runApi(connection, server.current, {
        patience: { ...quickPatience, answerMs: 60_000 },
        signal: controller.signal,
      }),
    );
    clearInterval(timer);
    const [attempt] = await query(
      'select status from bronze.attempts order by attempt_id desc limit 1',
    );
    assert.equal(attempt?.['status'], 'interrupted');
    const run = await runRetry(connection, server.current, { patience });
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /went on where the run before stopped/);
  });
});
