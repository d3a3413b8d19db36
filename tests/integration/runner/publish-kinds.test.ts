// Each kind of relation, built, rebuilt, changed, failed, cancelled and killed under readers and a view.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Node } from '../../../runner/compile/types.ts';
import { startScript, waitForEnd } from '../../support/child.ts';
import { useDatabase } from '../../support/database.ts';
import { incrementalModel } from '../../support/incremental.ts';
import { dataTest, model, modelId, seed, testId } from '../../support/manifest.ts';
import { pollWhile } from '../../support/poll.ts';
import { outcomeOf, runNodes } from '../../support/run-plan.ts';

const schema = 'shop';
const rows = 300;
const key = { columns: ['id'], unique: true, type: undefined };

/** How a relation looks in one version: every row has its number. */
interface Version {
  readonly version: number;
  /** A column more than the versions before had. */
  readonly isWider?: boolean;
  /** Its query fails at the last row. */
  readonly isBroken?: boolean;
  /** Its query takes so long that it can be cancelled. */
  readonly isSlow?: boolean;
}

function query({ version, isWider, isBroken, isSlow }: Version): string {
  const wider = isWider ? `, 'new'::text as extra` : '';
  const broken = isBroken ? ` + 1 / (${rows} - id)` : '';
  const slow = isSlow ? ', pg_sleep(20) as slept' : '';
  return `select id, ${version}${broken} as version${wider} from generate_series(1, ${rows}) as id${slow}`;
}

interface Kind {
  readonly name: string;
  /** SQL to run before a version is built. */
  prepare?(version: Version): string;
  /** Makes the node of a version. */
  node(version: Version): Node;
  /** Fault points that a build over an existing relation passes. */
  readonly points: readonly string[];
  /** Whether a column may come in without a full refresh. */
  readonly canWiden: boolean;
}

const swapPoints = [
  'after-stage',
  'before-publish',
  'in-publish',
  'after-publish',
  'before-retire',
];
const indexes = [key];
const kinds: readonly Kind[] = [
  {
    name: 'table',
    node: (version) => model('it', { schema, sql: query(version), indexes }),
    points: swapPoints,
    canWiden: true,
  },
  {
    name: 'table with `publish: in_place`',
    node: (version) => model('it', { schema, sql: query(version), indexes, publishInPlace: true }),
    points: ['in-publish'],
    canWiden: true,
  },
  {
    name: 'view',
    node: (version) => model('it', { schema, sql: query(version), materialized: 'view' }),
    points: ['before-publish', 'in-publish'],
    canWiden: true,
  },
  {
    name: 'materialized view of a changing definition',
    node: (version) =>
      model('it', { schema, sql: query(version), indexes, materialized: 'materialized_view' }),
    points: ['in-publish'],
    canWiden: true,
  },
  {
    name: 'materialized view of changing rows',
    prepare: ({ version, isBroken, isSlow }) =>
      `create table if not exists public.raw (id int, version int, divisor int, delay int);
       truncate public.raw;
       insert into public.raw select id, ${version} as version, ${isBroken ? 'id - 1' : '1'},
         ${isSlow ? 'id' : '0'} from generate_series(1, ${rows}) as id`,
    node: ({ isWider }) => {
      const extra = isWider ? `, 'new'::text as extra` : '';
      const sql = `select id, version / divisor as version${extra} from public.raw where pg_sleep(delay) is not null`;
      return model('it', { schema, sql, indexes, materialized: 'materialized_view' });
    },
    points: ['before-publish', 'in-publish', 'after-publish'],
    canWiden: true,
  },
  {
    name: 'incremental model',
    node: (version) =>
      incrementalModel(
        'it',
        { schema, sql: query(version), indexes },
        { onSchemaChange: 'append_new_columns' },
      ),
    points: ['after-stage', 'before-merge', 'in-merge', 'after-merge'],
    canWiden: true,
  },
  {
    name: 'incremental model by merge',
    node: (version) =>
      incrementalModel(
        'it',
        { schema, sql: query(version), indexes },
        { strategy: 'merge', onSchemaChange: 'append_new_columns' },
      ),
    points: ['before-merge', 'in-merge'],
    canWiden: true,
  },
];

describe('runner/execute: every kind under readers', () => {
  const database = useDatabase();
  const one = async (sql: string) => Object.values((await database.query(sql))[0] ?? {})[0];
  const id = modelId('it');

  beforeEach(async () => {
    await database.query(`drop schema if exists ${schema} cascade`);
    await database.query('drop table if exists public.raw');
  });

  /** Whole is: all rows, of one version, and never an older one than before. */
  const poll = () =>
    pollWhile(
      database.connection,
      ['it', 'above', 'above'].map(
        (name) =>
          `select count(*)::int as n, count(distinct version)::int as versions, max(version)::int as version from ${schema}.${name}`,
      ),
      (row, before) =>
        row['n'] === rows &&
        row['versions'] === 1 &&
        Number(row['version']) >= Number(before?.['version'] ?? 0),
    );

  const leftovers = () =>
    database.query(
      `select relname from pg_class where relnamespace = '${schema}'::regnamespace
         and relname ~ '__(staged|retired|next|old)_' order by 1`,
    );

  for (const kind of kinds) {
    describe(kind.name, () => {
      const versionNow = () => one(`select max(version)::int from ${schema}.it`);
      const prepare = async (version: Version) => {
        if (kind.prepare) await database.query(kind.prepare(version));
        return kind.node(version);
      };
      const build = async (version: Version, parts: Parameters<typeof runNodes>[2] = {}) =>
        runNodes(database.connection, [await prepare(version)], parts);
      const buildWell = async (version: Version) => {
        const outcome = outcomeOf(await build(version), id);
        equal(outcome.error, undefined);
        equal(outcome.status, 'success');
        equal(await versionNow(), version.version);
      };

      beforeEach(async () => {
        await buildWell({ version: 1 });
        await database.query(`create view ${schema}.above as select * from ${schema}.it`);
      });

      it('shows whole versions while it is built again, changed, failed and cancelled', async function () {
        this.timeout(120_000);
        const polling = poll();
        await buildWell({ version: 2 });
        await buildWell({ version: 3 });

        const broken = outcomeOf(await build({ version: 4, isBroken: true }), id);
        // What a view computes fails when it is read: here by the test.
        const held = dataTest('no_rows', 'select * from {it}', [model('it', { schema, sql: '' })]);
        const audited = await runNodes(database.connection, [await prepare({ version: 5 }), held]);
        equal(outcomeOf(audited, testId('no_rows')).failures, rows);
        equal(outcomeOf(audited, id).status, 'skipped');
        if (kind.name !== 'view') {
          equal(broken.error?.message.includes('division by zero'), true);
          equal(await versionNow(), 3);
          const controller = new AbortController();
          const running = build({ version: 6, isSlow: true }, { signal: controller.signal });
          await sleep(400);
          controller.abort();
          equal(outcomeOf(await running, id).skippedBecause, 'interrupted');
          equal(await versionNow(), 3);
        }
        await buildWell({ version: 7, isWider: kind.canWiden });
        await buildWell({ version: 8, isWider: kind.canWiden });
        const { errors, broken: halves, reads } = await polling.stop();
        deepEqual(kind.name === 'view' ? [] : errors, []);
        deepEqual(halves, []);
        ok(reads > 30, `${reads} reads`);
        deepEqual(await leftovers(), []);
      });

      it('is whole after SIGKILL at each point, and clean after the next run', async function () {
        this.timeout(180_000);
        const polling = poll();
        let version = 1;
        for (const point of kind.points) {
          version += 1;
          const nodes = [await prepare({ version })];
          const child = startScript('build-nodes.ts', [], { FUNDLENS_FAULT: `runner:${point}` });
          child.stdin.end(JSON.stringify({ connection: database.connection, nodes }));
          const { signal, err } = await waitForEnd(child);
          equal(signal, 'SIGKILL', `${point}: ${err}`);
          const seen = await versionNow();
          ok(seen === version || seen === version - 1, `${point}: version ${seen}`);
          await buildWell({ version });
          deepEqual(await leftovers(), [], point);
          equal(await one(`select max(version)::int from ${schema}.above`), version);
        }
        const { errors, broken } = await polling.stop();
        deepEqual(errors, []);
        deepEqual(broken, []);
      });
    });
  }

  describe('seed', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fundlens-seed-kind-'));
    });
    after(() => rm(folder, { recursive: true }));

    const write = (version: number, extra = '') =>
      writeFile(
        join(folder, 'it.csv'),
        `id,version\n${Array.from({ length: rows }, (_, index) => `${index + 1},${version}\n`).join('')}${extra}`,
      );
    const node = seed('it', schema, { path: 'it.csv' });
    const build = () => runNodes(database.connection, [node], { projectDir: folder });

    it('shows whole versions while it is loaded again, fails and is killed', async function () {
      this.timeout(120_000);
      await write(1);
      await build();
      await database.query(`create view ${schema}.above as select * from ${schema}.it`);
      const polling = poll();
      await write(2);
      equal(outcomeOf(await build(), node.uniqueId).error, undefined);
      await write(3, 'too,many,fields\n');
      equal(outcomeOf(await build(), node.uniqueId).status, 'error');
      equal(await one(`select max(version) from ${schema}.it`), 2);
      await write(4);
      for (const point of ['after-stage', 'in-publish']) {
        const child = startScript('build-nodes.ts', [], { FUNDLENS_FAULT: `runner:${point}` });
        const given = { connection: database.connection, nodes: [node], projectDir: folder };
        child.stdin.end(JSON.stringify(given));
        equal((await waitForEnd(child)).signal, 'SIGKILL', point);
      }
      equal(outcomeOf(await build(), node.uniqueId).error, undefined);
      equal(await one(`select max(version) from ${schema}.above`), 4);
      const { errors, broken } = await polling.stop();
      deepEqual(errors, []);
      deepEqual(broken, []);
      deepEqual(await leftovers(), []);
    });
  });
});
