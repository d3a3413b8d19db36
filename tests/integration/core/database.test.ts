import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import {
  type Client,
  countLentClients,
  type Database,
  inTransaction,
  openDatabase,
} from '../../../core/database.ts';
import { Interrupted } from '../../../core/errors.ts';
import { maxIdentifierBytes, quoteIdentifier, quoteLiteral } from '../../../core/identifiers.ts';
import { useDatabase } from '../../support/database.ts';

describe('core/database', () => {
  const server = useDatabase();
  const opened: Database[] = [];

  const open = (maxClients = 2, signal?: AbortSignal, connection = server.connection): Database => {
    const database = openDatabase(connection, { applicationName: 'core-test', maxClients, signal });
    opened.push(database);
    return database;
  };
  const askFor = async (client: Client, sql: string, values: unknown[] = []): Promise<unknown> => {
    const { rows } = await client.query({ text: sql, values, rowMode: 'array' });
    return rows[0]?.[0];
  };
  const pidOf = async (client: Client) => Number(await askFor(client, 'select pg_backend_pid()'));
  const isAlive = async (pid: number): Promise<boolean> => {
    const rows = await server.query('select 1 from pg_stat_activity where pid = $1', [pid]);
    return rows.length > 0;
  };

  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });

  it('shows the name of the application in pg_stat_activity', async () => {
    const name = await open().withClient((client) =>
      askFor(client, 'select application_name from pg_stat_activity where pid = pg_backend_pid()'),
    );
    assert.equal(name, 'core-test');
  });

  it('sets search path, role, startup options and application name of the connection', async () => {
    const role = `fundlens test ${process.pid}`;
    await server.query(`create role ${quoteIdentifier(role)}`);
    try {
      const database = open(1, undefined, {
        ...server.connection,
        searchPath: '"my schema", public',
        role,
        startupOptions: '-c work_mem=7MB',
        applicationName: 'my own name',
      });
      const shown = await database.withClient(async (client) => [
        await askFor(client, 'show search_path'),
        await askFor(client, 'select current_user'),
        await askFor(client, 'show work_mem'),
        await askFor(client, 'show application_name'),
      ]);
      assert.deepEqual(shown, ['"my schema", public', role, '7MB', 'my own name']);
    } finally {
      await server.query(`drop role ${quoteIdentifier(role)}`);
    }
  });

  it('ignores PGSSLMODE and PGCLIENTENCODING of the environment', async () => {
    Object.assign(process.env, { PGSSLMODE: 'require', PGCLIENTENCODING: 'LATIN1' });
    try {
      const encoding = await open().withClient((client) => askFor(client, 'show client_encoding'));
      assert.equal(encoding, 'UTF8');
    } finally {
      delete process.env['PGSSLMODE'];
      delete process.env['PGCLIENTENCODING'];
    }
  });

  it('keeps dates and times as the text that the server sends, in arrays too', async () => {
    const values = await open().withClient(async (client) => {
      await client.query("set time zone 'UTC'");
      const { rows } = await client.query({
        text: `select date '2020-02-29', timestamp '2020-03-08 02:30', timestamptz '2020-03-08 02:30+00',
                      time '23:59:59.5', interval '1 day', array[date '2020-02-29'],
                      array[timestamptz '2020-03-08 02:30+00'], array[timestamp '2020-03-08 02:30']`,
        rowMode: 'array',
      });
      return rows[0];
    });
    assert.deepEqual(values, [
      '2020-02-29',
      '2020-03-08 02:30:00',
      '2020-03-08 02:30:00+00',
      '23:59:59.5',
      '1 day',
      ['2020-02-29'],
      ['2020-03-08 02:30:00+00'],
      ['2020-03-08 02:30:00'],
    ]);
  });

  it('lends the same connection again after good use', async () => {
    const database = open(1);
    const first = await database.withClient(pidOf);
    assert.equal(await database.withClient(pidOf), first);
  });

  it('takes a connection back whatever is thrown', async () => {
    const database = open(1);
    const failures = [
      () => Promise.reject(new Error('ours')),
      () => Promise.reject('not an error'),
      (client: Client) => client.query('select 1 / 0'),
    ];
    for (const fail of failures) {
      await assert.rejects(
        database.withClient(fail).then(() => undefined),
        (error) => error !== undefined,
      );
      assert.equal(countLentClients(), 0);
    }
    assert.equal(await database.withClient((client) => askFor(client, 'select 1')), 1);
  });

  it('never lends a connection with an open transaction', async () => {
    const database = open(1);
    await server.query('create table left_open (n int)');
    await database.withClient(async (client) => {
      await client.query('begin');
      await client.query('insert into left_open values (1)');
    });
    await assert.rejects(
      database.withClient(async (client) => {
        await client.query('begin');
        await client.query('select 1 / 0');
      }),
    );
    assert.equal(
      await database.withClient((c) => askFor(c, 'select count(*)::int from left_open')),
      0,
    );
  });

  it('commits what resolves and rolls back what rejects', async () => {
    const database = open(1);
    await server.query('create table kept (n int)');
    await database.withTransaction((client) => client.query('insert into kept values (1)'));
    await assert.rejects(
      database.withTransaction(async (client) => {
        await client.query('insert into kept values (2)');
        throw new Error('after all, no');
      }),
      /after all, no/,
    );
    assert.deepEqual(await server.query('select n from kept'), [{ n: 1 }]);
  });

  it('does not call committed what the server rolled back', async () => {
    const database = open(1);
    await server.query('create table hidden (n int)');
    await assert.rejects(
      database.withTransaction(async (client) => {
        await client.query('insert into hidden values (1)');
        await client.query('select 1 / 0').catch(() => undefined);
      }),
      /nothing was committed/,
    );
    assert.deepEqual(await server.query('select n from hidden'), []);
  });

  it('lets a loan wait for longer than a connection attempt may take', async () => {
    const database = open(1, undefined, { ...server.connection, connectTimeoutMs: 300 });
    const slow = database.withClient((client) => client.query('select pg_sleep(0.8)'));
    assert.equal(await database.withClient((client) => askFor(client, 'select 7')), 7);
    await slow;
  });

  it('lends no more connections at once than it is told', async () => {
    const database = open(2);
    let lent = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 6 }, () =>
        database.withClient(async (client) => {
          lent += 1;
          most = Math.max(most, lent);
          await client.query('select pg_sleep(0.02)');
          lent -= 1;
        }),
      ),
    );
    assert.equal(most, 2);
  });

  describe('when it is aborted', () => {
    it('cancels a running statement and refuses later loans', async () => {
      const controller = new AbortController();
      const database = open(2, controller.signal);
      let pid = 0;
      const running = database.withClient(async (client) => {
        pid = await pidOf(client);
        await client.query('select pg_sleep(60)');
      });
      const failed = assert.rejects(running, { code: '57014' });
      while (pid === 0) await sleep(5);
      await sleep(50);
      const startedAtMs = Date.now();
      controller.abort();
      await failed;
      assert.ok(Date.now() - startedAtMs < 30_000);
      // The error is sent a moment before the backend is shown as idle.
      const isActive = async (): Promise<boolean> => {
        const [row] = await server.query<{ count: string }>(
          "select count(*) from pg_stat_activity where pid = $1 and state = 'active'",
          [pid],
        );
        return row?.count !== '0';
      };
      while ((await isActive()) && Date.now() - startedAtMs < 30_000) await sleep(20);
      assert.equal(await isActive(), false);
      await assert.rejects(database.withClient(pidOf), Interrupted);
    });

    it('cancels a statement that begins after the first cancellation', async () => {
      const controller = new AbortController();
      const database = open(1, controller.signal);
      const startedAtMs = Date.now();
      await assert.rejects(
        database.withClient(async (client) => {
          await pidOf(client);
          controller.abort();
          await sleep(100);
          await client.query('select pg_sleep(60)');
        }),
        { code: '57014' },
      );
      assert.ok(Date.now() - startedAtMs < 30_000);
    });

    it('refuses those that wait for a connection', async () => {
      const controller = new AbortController();
      const database = open(1, controller.signal);
      const running = database.withClient((client) => client.query('select pg_sleep(60)'));
      const waiting = database.withClient(pidOf);
      const ended = Promise.all([
        assert.rejects(running, { code: '57014' }),
        assert.rejects(waiting, Interrupted),
      ]);
      await sleep(100);
      controller.abort();
      await ended;
    });

    it('rolls back the transaction that was running', async () => {
      const controller = new AbortController();
      const database = open(1, controller.signal);
      await server.query('create table half (n int)');
      const running = database.withTransaction(async (client) => {
        await client.query('insert into half values (1)');
        await client.query('select pg_sleep(60)');
      });
      const failed = assert.rejects(running, { code: '57014' });
      await sleep(100);
      controller.abort();
      await failed;
      assert.deepEqual(await server.query('select n from half'), []);
    });

    it('lends nothing when the signal was aborted before', async () => {
      await assert.rejects(open(1, AbortSignal.abort()).withClient(pidOf), Interrupted);
    });
  });

  describe('when the server ends a connection', () => {
    it('replaces one that was idle', async () => {
      const database = open(1);
      const pid = await database.withClient(pidOf);
      await server.query('select pg_terminate_backend($1, 5000)', [pid]);
      await sleep(50);
      assert.notEqual(await database.withClient(pidOf), pid);
      assert.equal(await isAlive(pid), false);
    });

    it('fails the statement under way and lends a new one', async () => {
      const database = open(1);
      await assert.rejects(
        database.withClient(async (client) => {
          const pid = await pidOf(client);
          const killed = sleep(50).then(() =>
            server.query('select pg_terminate_backend($1)', [pid]),
          );
          await Promise.all([client.query('select pg_sleep(60)'), killed]);
        }),
        { code: '57P01' },
      );
      assert.equal(await database.withClient((client) => askFor(client, 'select 1')), 1);
    });

    it('survives it between two statements of a loan', async () => {
      const database = open(1);
      await assert.rejects(
        database.withClient(async (client) => {
          await server.query('select pg_terminate_backend($1, 5000)', [await pidOf(client)]);
          await sleep(50);
          await client.query('select 1');
        }),
      );
      assert.equal(await database.withClient((client) => askFor(client, 'select 1')), 1);
    });
  });

  it('may be closed twice', async () => {
    const database = open();
    await database.withClient(pidOf);
    await Promise.all([database.close(), database.close()]);
  });

  it('carries a failed rollback no further than the first error', async () => {
    const database = open(1);
    await assert.rejects(
      database.withClient((client) =>
        inTransaction(client, async () => {
          await client.end();
          throw new Error('the first');
        }),
      ),
      /the first/,
    );
  });
});

describe('core/identifiers on a server', () => {
  const server = useDatabase();

  it('gives back any text that went in as a literal, whatever standard_conforming_strings says', async () => {
    const database = openDatabase(server.connection, {
      applicationName: 'core-test',
      maxClients: 1,
    });
    try {
      await database.withClient(async (client) => {
        const property = fc.asyncProperty(
          fc.string({ unit: 'binary' }),
          fc.boolean(),
          async (text, conforming) => {
            fc.pre(!text.includes('\0'));
            await client.query(`set standard_conforming_strings = ${conforming ? 'on' : 'off'}`);
            const { rows } = await client.query(`select ${quoteLiteral(text)} as value`);
            assert.equal(rows[0].value, text);
          },
        );
        await fc.assert(property, { numRuns: 200 });
        await client.query(`select ${quoteLiteral("\\'; drop table x; --")}`);
      });
    } finally {
      await database.close();
    }
  });

  it('gives back any name of up to 63 bytes', async () => {
    const database = openDatabase(server.connection, {
      applicationName: 'core-test',
      maxClients: 1,
    });
    try {
      await database.withClient(async (client) => {
        const property = fc.asyncProperty(
          fc.string({ unit: 'binary', minLength: 1 }),
          async (name) => {
            fc.pre(!name.includes('\0') && Buffer.byteLength(name) <= maxIdentifierBytes);
            const { fields } = await client.query(`select 1 as ${quoteIdentifier(name)}`);
            assert.equal(fields[0]?.name, name);
          },
        );
        await fc.assert(property, { numRuns: 200 });
      });
    } finally {
      await database.close();
    }
  });
});
