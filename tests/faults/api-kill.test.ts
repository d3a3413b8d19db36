// Kills of `extract api` at seeded pages, then a clean run: Bronze as if nothing had happened, no page asked twice.

import assert from 'node:assert/strict';
import type { Connection } from '../../core/connection.ts';
import { apiEnv } from '../support/api.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { startExtract } from '../support/extract.ts';
import { type OpenFec, startOpenFec } from '../support/openfec-server.ts';
import { queryOnce } from '../support/query.ts';
import { createRandom, killCount } from '../support/random.ts';

const points = ['api:after-answer', 'api:before-commit', 'api:after-commit', 'api:before-close'];
const kills = killCount();
const words = ['api', '--cycle', '2020', '--dataset', 'committees,schedule_a', '--full-refresh'];
const tables = ['api_committees', 'api_schedule_a'];

describe('extract api under SIGKILL', function () {
  this.timeout(60_000 + kills * 30_000);
  useDatabase();
  let server: OpenFec;
  before(async () => {
    server = await startOpenFec({ receipts: 1_050, undatedEvery: 6, masters: 420 });
  });
  after(() => server.close());

  async function contents(connection: Connection): Promise<readonly unknown[]> {
    const all: unknown[] = [];
    for (const table of tables) {
      // Lineage included: which answer brought which row is the same, too.
      all.push(
        ...(await queryOnce(
          connection,
          `select count(*)::int as rows, md5(string_agg(md5(row::text), '' order by row::text)) as hash
             from bronze.${table} as row`,
        )),
      );
    }
    const states = await queryOnce(
      connection,
      `select dataset, cycle, scope, status, window_from, parts, cursor, pages::int, row_count::int,
              last_load_id::int, duplicates::int
         from bronze.extraction_state order by dataset, scope`,
    );
    const loads = await queryOnce(
      connection,
      `select load_id::int, dataset, source, sha256, rows_read::int, rows_inserted::int,
              rows_updated::int, rows_unchanged::int from bronze.loads order by load_id`,
    );
    const seen = await queryOnce(connection, 'select from bronze.api_seen');
    return [...all, ...states, ...loads, seen.length];
  }

  /** The pages that are in Bronze, by their addresses. */
  async function committed(connection: Connection): Promise<ReadonlySet<string>> {
    const [ledger] = await queryOnce(
      connection,
      "select to_regclass('bronze.api_calls') is not null as found",
    );
    if (ledger?.['found'] !== true) return new Set();
    const rows = await queryOnce(connection, 'select source from bronze.loads where bytes > 0');
    return new Set(rows.map(({ source }) => new URL(String(source)).search));
  }

  it('ends in the same Bronze after so many kills, and asks for no page that is committed', async () => {
    const undisturbed = await createDatabase();
    const clean = await startExtract(undisturbed, words, apiEnv(server)).ended;
    assert.equal(clean.code, 0, clean.err);
    const expected = await contents(undisturbed);
    const random = createRandom(20261124);
    let killed = 0;
    while (killed < kills) killed += await disturb(random, kills - killed, expected);
    assert.equal(killed, kills);
  });

  /** Kills runs on an empty database until it is full or enough are killed; returns the kills. */
  async function disturb(
    random: (below: number) => number,
    atMost: number,
    expected: readonly unknown[],
  ): Promise<number> {
    const disturbed = await createDatabase();
    let killed = 0;
    // What was begun goes on; asking for all of it again would begin anew.
    let command = words;
    for (let ended = false; !ended; ) {
      const point = points[random(points.length)] ?? '';
      const nth = point === 'api:before-close' ? 1 : 1 + random(4);
      const env = killed < atMost ? { FUNDLENS_FAULT: `${point}:${nth}` } : {};
      const known = await committed(disturbed);
      server.calls.length = 0;
      const run = startExtract(disturbed, command, { ...apiEnv(server), ...env });
      const { code, err } = await run.ended;
      if (run.child.signalCode === 'SIGKILL') killed += 1;
      else assert.equal(code, 0, err);
      const again = server.calls.filter(({ query }) => known.has(`?${query}`));
      assert.deepEqual(
        again.map(({ url }) => url),
        [],
      );
      await assertWhole(disturbed);
      ended = run.child.signalCode === null && command !== words && (await isComplete(disturbed));
      command = (await isComplete(disturbed)) ? command : nextCommand(await begun(disturbed));
      if (run.child.signalCode === null && (await isComplete(disturbed))) ended = true;
    }
    assert.ok(killed > 0, 'a round without a kill would go on for ever');
    assert.deepEqual(await contents(disturbed), expected);
    return killed;
  }

  /** `retry` goes on with what was begun; what was not begun yet is asked for whole. */
  function nextCommand(datasets: readonly string[]): string[] {
    if (datasets.length === 0) return words;
    return datasets.includes('schedule_a')
      ? ['retry']
      : ['api', '--cycle', '2020', '--dataset', 'committees,schedule_a'];
  }

  async function begun(connection: Connection): Promise<readonly string[]> {
    const [ledger] = await queryOnce(
      connection,
      "select to_regclass('bronze.api_calls') is not null as found",
    );
    if (ledger?.['found'] !== true) return [];
    const rows = await queryOnce(connection, 'select dataset from bronze.extraction_state');
    return rows.map(({ dataset }) => String(dataset));
  }

  async function isComplete(connection: Connection): Promise<boolean> {
    const datasets = await begun(connection);
    if (datasets.length < 2) return false;
    const open = await queryOnce(
      connection,
      "select from bronze.extraction_state where status = 'incomplete'",
    );
    return open.length === 0;
  }

  /** What is in the tables is what the ledger says, at every moment. */
  async function assertWhole(connection: Connection): Promise<void> {
    if ((await begun(connection)).length === 0) return;
    for (const table of tables) {
      const [row] = await queryOnce(
        connection,
        `select (select count(*)::int from bronze.${table}) as rows,
                (select coalesce(sum(rows_inserted), 0)::int from bronze.loads where dataset = $1) as loaded`,
        [table.replace('api_', '')],
      );
      assert.equal(row?.['rows'], row?.['loaded'], table);
    }
  }
});
