import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, openDatabase } from '../../../core/database.ts';
import { LeaseError, withLease } from '../../../core/locks.ts';
import { startScript } from '../../support/child.ts';
import { useDatabase } from '../../support/database.ts';

describe('core/locks', () => {
  const server = useDatabase();
  let database: Database;

  before(() => {
    database = openDatabase(server.connection, { applicationName: 'core-test', maxClients: 2 });
  });
  after(() => database.close());

  const holderPid = async (application: string): Promise<number> => {
    const rows = await server.query<{ pid: number }>(
      `select activity.pid from pg_locks join pg_stat_activity as activity using (pid)
        where locktype = 'advisory' and application_name = $1 and activity.datname = current_database()`,
      [application],
    );
    return rows[0]?.pid ?? 0;
  };

  it('gives back what was done under it, and can be taken again', async () => {
    assert.equal(await withLease(database, 'shared', async () => 'done'), 'done');
    assert.equal(await withLease(database, 'shared', async () => 'again'), 'again');
  });

  // Names whose hashes have either sign, in either half of the 64 bits.
  for (const name of ['shared', 'runner', 'extract', 'a', 'b', 'c', 'd', 'e']) {
    it(`names the holder of \`${name}\` to whoever comes second`, async () => {
      await withLease(database, name, async () => {
        const pid = await holderPid('core-test');
        await assert.rejects(
          withLease(database, name, async () => undefined),
          (error) => {
            assert.ok(error instanceof LeaseError);
            assert.match(
              error.message,
              new RegExp(
                `^\`${name}\` is already running: \`core-test\` \\(backend ${pid}, connected since 20`,
              ),
            );
            assert.equal(
              error.hint,
              `wait for it to end, or end it with \`select pg_terminate_backend(${pid})\``,
            );
            assert.equal(error.exitCode, 1);
            return true;
          },
        );
      });
    });
  }

  it('keeps two names apart', async () => {
    const both = withLease(database, 'one', () => withLease(database, 'two', async () => 2));
    assert.equal(await both, 2);
  });

  it('is given up when the work fails', async () => {
    await assert.rejects(
      withLease(database, 'shared', async () => {
        throw new Error('the work failed');
      }),
      /the work failed/,
    );
    assert.equal(await withLease(database, 'shared', async () => 1), 1);
  });

  it('is free again once its holder is killed', async () => {
    const child = startScript('hold-lease.ts', [JSON.stringify(server.connection)]);
    const ended = once(child, 'close');
    try {
      await once(child.stdout, 'data');
      await assert.rejects(
        withLease(database, 'shared', async () => 1),
        /`the other process` \(backend/,
      );
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    const giveUpAtMs = Date.now() + 5000;
    while ((await holderPid('the other process')) !== 0 && Date.now() < giveUpAtMs) await sleep(20);
    assert.equal(await withLease(database, 'shared', async () => 1), 1);
  });

  it('tells when its connection was lost meanwhile', async () => {
    await assert.rejects(
      withLease(database, 'shared', async () => {
        await server.query('select pg_terminate_backend($1, 5000)', [await holderPid('core-test')]);
        await sleep(50);
      }),
      /the connection that held the lease of `shared` was lost during the run/,
    );
    assert.equal(await withLease(database, 'shared', async () => 1), 1);
  });

  it('tells the error of the work rather than the loss of its connection', async () => {
    await assert.rejects(
      withLease(database, 'shared', async () => {
        await server.query('select pg_terminate_backend($1, 5000)', [await holderPid('core-test')]);
        throw new Error('the work failed');
      }),
      /the work failed/,
    );
  });
});
