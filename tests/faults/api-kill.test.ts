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
const datasets = ['committees', 'schedule_a'];
const tables = datasets.map((name) => `api_${name}`);
const ask = (names: readonly string[]): readonly string[] => [
  ...['api', '--cycle', '2020', '--full-refresh', '--dataset'],
  names.join(','),
];

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
    if (!(await hasLedger(connection))) return new Set();
    const rows = await queryOnce(connection, 'select source from bronze.loads where bytes > 0');
    return new Set(rows.map(({ source }) => new URL(String(source)).search));
  }

  it('ends in the same Bronze after so many kills, and asks for no page that is committed', async () => {
    const undisturbed = await createDatabase();
    const clean = await startExtract(undisturbed, ask(datasets), apiEnv(server)).ended;
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
    for (;;) {
      const command = await nextCommand(disturbed);
      if (command === undefined) break;
      const point = points[random(points.length)] ?? '';
      const nth = point === 'api:before-close' ? 1 : 1 + random(4);
      const fault = killed < atMost ? { FUNDLENS_FAULT: `${point}:${nth}` } : {};
      const known = await committed(disturbed);
      server.calls.length = 0;
      const run = startExtract(disturbed, command, { ...apiEnv(server), ...fault });
      const { code, err } = await run.ended;
      if (run.child.signalCode === 'SIGKILL') killed += 1;
      else assert.equal(code, 0, err);
      const again = server.calls.filter(({ query }) => known.has(`?${query}`));
      assert.deepEqual(
        again.map(({ url }) => url),
        [],
      );
      await assertWhole(disturbed);
    }
    assert.ok(killed > 0, 'a round without a kill would go on for ever');
    assert.deepEqual(await contents(disturbed), expected);
    return killed;
  }

  /** What was begun goes on; what was not is asked for whole; undefined when all is there. */
  async function nextCommand(connection: Connection): Promise<readonly string[] | undefined> {
    const known = await begun(connection);
    if (known.some(({ status }) => status === 'incomplete')) return ['retry'];
    const missing = datasets.filter((name) => !known.some(({ dataset }) => dataset === name));
    return missing.length === 0 ? undefined : ask(missing);
  }

  async function begun(
    connection: Connection,
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await hasLedger(connection))
      ? queryOnce(connection, 'select dataset, status from bronze.extraction_state')
      : [];
  }

  async function hasLedger(connection: Connection): Promise<boolean> {
    const [ledger] = await queryOnce(
      connection,
      "select to_regclass('bronze.api_calls') is not null as found",
    );
    return ledger?.['found'] === true;
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
