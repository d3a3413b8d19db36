import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { copyIn, copyOut } from '../../../core/copy.ts';
import { type Client, type Database, openDatabase } from '../../../core/database.ts';
import { useDatabase } from '../../support/database.ts';

describe('core/copy', () => {
  const server = useDatabase();
  let database: Database;

  before(async () => {
    database = openDatabase(server.connection, { applicationName: 'core-test', maxClients: 1 });
    await server.query('create table copied (line int, value text)');
  });
  beforeEach(() => server.query('truncate copied'));
  after(() => database.close());

  const into = 'copy copied from stdin';
  const countRows = async (client: Client): Promise<number> => {
    const { rows } = await client.query('select count(*)::int as count from copied');
    return rows[0].count;
  };
  /** A client must answer at once after whatever happened to the COPY before. */
  const isUsable = async (client: Client): Promise<boolean> =>
    (await client.query('select 1 as one')).rows[0].one === 1;

  it('gives back the bytes that went in, and counts the rows', async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, n) => `${n}\t${randomBytes(20).toString('hex')}é\n`,
    );
    const sent = Buffer.from(lines.join(''));
    // Cut where no row ends, with empty pieces between.
    const pieces: Buffer[] = [];
    for (let at = 0; at < sent.length; at += 4099)
      pieces.push(sent.subarray(at, at + 4099), Buffer.alloc(0));
    await database.withClient(async (client) => {
      assert.equal(await copyIn(client, into, pieces), 20_000);
      const got = await buffer(
        copyOut(client, 'copy (select * from copied order by line) to stdout'),
      );
      assert.ok(got.equals(sent));
      assert.ok(await isUsable(client));
    });
  });

  it('takes iterables, async generators and streams', async () => {
    const generate = async function* () {
      yield Buffer.from('1\ta\n');
      yield Buffer.from('2\tb\n');
    };
    await database.withClient(async (client) => {
      assert.equal(await copyIn(client, into, []), 0);
      assert.equal(await copyIn(client, into, generate()), 2);
      assert.equal(await copyIn(client, into, Readable.from([Buffer.from('3\tc\n')])), 1);
      assert.equal(await countRows(client), 3);
    });
  });

  it('lands nothing and keeps the client usable when the source fails midway', async () => {
    const generate = async function* () {
      for (let n = 0; n < 5000; n += 1) yield Buffer.from(`${n}\t${'x'.repeat(100)}\n`);
      throw new Error('the file ended early');
    };
    await database.withClient(async (client) => {
      await assert.rejects(copyIn(client, into, generate()), /the file ended early/);
      assert.equal(await countRows(client), 0);
    });
  });

  it('reports a row that the server refuses, closes the source and keeps the client usable', async () => {
    let closed = false;
    const generate = async function* () {
      try {
        for (let n = 0; n < 500_000; n += 1) {
          yield Buffer.from(n === 700 ? 'not a number\tx\n' : `${n}\t${'x'.repeat(200)}\n`);
        }
      } finally {
        closed = true;
      }
    };
    await database.withClient(async (client) => {
      await assert.rejects(copyIn(client, into, generate()), { code: '22P02', where: /line 701/ });
      assert.equal(await countRows(client), 0);
      assert.equal(await copyIn(client, into, [Buffer.from('1\ta\n')]), 1);
    });
    assert.equal(closed, true);
  });

  it('reports a statement that the server refuses before the first byte', async () => {
    await database.withClient(async (client) => {
      await assert.rejects(copyIn(client, 'copy nowhere from stdin', [Buffer.from('1\n')]), {
        code: '42P01',
      });
      await assert.rejects(buffer(copyOut(client, 'copy nowhere to stdout')), { code: '42P01' });
      assert.ok(await isUsable(client));
    });
  });

  it('reports an error of the server midway through reading', async () => {
    const failing = 'copy (select 1 / (50000 - n) from generate_series(1, 60000) as n) to stdout';
    await database.withClient(async (client) => {
      await assert.rejects(buffer(copyOut(client, failing)), { code: '22012' });
      assert.ok(await isUsable(client));
    });
  });

  it('does not lend a connection again whose copy was not read to the end', async () => {
    const long = "copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout";
    await database.withClient(async (client) => {
      for await (const _chunk of copyOut(client, long)) break;
    });
    assert.ok(await database.withClient(isUsable));
  });

  it('ends with the backend, rows gone', async () => {
    const generate = async function* (pid: number) {
      yield Buffer.from('1\ta\n');
      await server.query('select pg_terminate_backend($1, 5000)', [pid]);
      for (let n = 0; n < 5000; n += 1) yield Buffer.from(`${n}\t${'x'.repeat(1000)}\n`);
    };
    await assert.rejects(
      database.withClient(async (client) => {
        const { rows } = await client.query('select pg_backend_pid() as pid');
        await copyIn(client, into, generate(rows[0].pid));
      }),
    );
    assert.equal(await database.withClient(countRows), 0);
  });
});
