// Kills at seeded places of a build, then a clean one: the same tables as if nothing had happened.

import assert from 'node:assert/strict';
import type { Connection } from '../../core/connection.ts';
import { copyFecProject, runCli } from '../support/cli.ts';
import { createDatabase, useDatabase } from '../support/database.ts';
import { runBulk, sampleDir, urlOf } from '../support/extract.ts';
import { queryOnce } from '../support/query.ts';
import { createRandom, killCount } from '../support/random.ts';

const points = [
  'runner:after-stage',
  'runner:before-publish',
  'runner:in-publish',
  'runner:after-publish',
  'runner:before-retire',
];
const kills = killCount();
/** Relations that a build of the FEC project publishes: seeds, Silver, Gold. */
const relationCount = 23;

async function contents(connection: Connection): Promise<Record<string, unknown>> {
  const relations = await queryOnce(
    connection,
    `select format('%I.%I', nspname, relname) as name from pg_class
     join pg_namespace on pg_namespace.oid = relnamespace
     where nspname in ('silver', 'gold') and relkind in ('r', 'v') order by 1`,
  );
  const found: Record<string, unknown> = {};
  for (const { name } of relations) {
    const [row] = await queryOnce(
      connection,
      `select count(*)::int as rows, md5(string_agg(row::text, '' order by row::text)) as hash
       from ${String(name)} as row`,
    );
    found[String(name)] = row;
  }
  return found;
}

describe('runner build under SIGKILL', function () {
  this.timeout(120_000 + kills * 30_000);
  useDatabase();

  it('publishes whole tables only, and ends as an undisturbed build does', async () => {
    const project = await copyFecProject();
    const build = (connection: Connection, fault?: string) =>
      runCli('runner', ['build', '--project-dir', project], {
        env: { DATABASE_URL: urlOf(connection), ...(fault ? { FUNDLENS_FAULT: fault } : {}) },
      });
    const undisturbed = await createDatabase();
    assert.equal((await runBulk(undisturbed, { from: sampleDir })).code, 0);
    assert.equal((await build(undisturbed)).code, 0);
    const expected = await contents(undisturbed);
    assert.equal(Object.keys(expected).length, relationCount);

    const disturbed = await createDatabase();
    assert.equal((await runBulk(disturbed, { from: sampleDir })).code, 0);
    const random = createRandom(20190317);
    for (let kill = 0; kill < kills; kill += 1) {
      const point = points[random(points.length)] ?? '';
      const nth = point === 'runner:before-retire' ? 1 : 1 + random(relationCount);
      const fault = `${point}:${nth}`;
      const run = await build(disturbed, fault);
      assert.equal(run.signal, 'SIGKILL', `${fault}\n${run.stderr}`);
      for (const [name, content] of Object.entries(await contents(disturbed))) {
        if (name.includes('__staged_') || name.includes('__retired_')) continue;
        assert.deepEqual(content, expected[name], `${name} after ${fault}`);
      }
    }
    const clean = await build(disturbed);
    assert.equal(clean.code, 0, clean.stderr);
    assert.deepEqual(await contents(disturbed), expected);
  });
});
