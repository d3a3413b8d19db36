import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Connection } from '../../../core/connection.ts';
import { openDatabase } from '../../../core/database.ts';
import { formatPlace, UserError } from '../../../core/errors.ts';
import { createReporter } from '../../../core/reporter.ts';
import { useDatabase } from '../../support/database.ts';

describe('core/connection-fault', () => {
  const server = useDatabase();

  const faultOf = async (connection: Connection): Promise<UserError> => {
    const database = openDatabase(connection, { applicationName: 'core-test', maxClients: 1 });
    try {
      await database.withClient((client) => client.query('select 1'));
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error;
    } finally {
      await database.close();
    }
    throw new Error('it connected');
  };
  const tell = async (change: Partial<Connection>): Promise<string[]> => {
    const fault = await faultOf({ ...server.connection, ...change });
    assert.equal(fault.exitCode, 2);
    return [formatPlace(fault.where ?? ''), fault.message, fault.hint ?? ''];
  };
  const placeOf = (change: Partial<Connection> = {}): string => {
    const { user, host, port, database } = { ...server.connection, ...change };
    return `${user}@${host}:${port}/${database}`;
  };

  /** A server that answers the first message of every connection with `answer`. */
  const withFakeServer = async (
    answer: Buffer | undefined,
    use: (port: number) => Promise<void>,
  ) => {
    const fake = createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer) socket.once('data', () => socket.end(answer));
    });
    fake.listen(0, '127.0.0.1');
    await once(fake, 'listening');
    try {
      // as: a server that listens on TCP has an address of this form
      await use((fake.address() as AddressInfo).port);
    } finally {
      fake.close();
    }
  };
  const fatal = (sqlstate: string, message: string): Buffer => {
    const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`);
    const length = Buffer.alloc(4);
    length.writeInt32BE(fields.length + 4);
    return Buffer.concat([Buffer.from('E'), length, fields]);
  };

  it('names the user of a wrong password, never the password', async () => {
    const secret = 'wrong-Horse-17';
    const fault = await faultOf({ ...server.connection, password: secret });
    assert.deepEqual(
      [formatPlace(fault.where ?? ''), fault.message, fault.hint],
      [
        placeOf(),
        `PostgreSQL refused user \`${server.connection.user}\`: ` +
          `password authentication failed for user "${server.connection.user}"`,
        'check user and password in profiles.yml or DATABASE_URL',
      ],
    );
    const printed: string[] = [];
    const sink = { write: (text: string) => printed.push(text) };
    createReporter('runner', 'text', { out: sink, err: sink }).fault(fault);
    assert.doesNotMatch(printed.join('') + fault.stack + String(fault.cause), /wrong-Horse-17/);
  });

  it('asks for a password where the server wants one and none is set', async () => {
    const saved = process.env['PGPASSWORD'];
    delete process.env['PGPASSWORD'];
    try {
      assert.deepEqual(await tell({ password: undefined }), [
        placeOf(),
        `the server at \`${server.connection.host}:${server.connection.port}\` wants a password ` +
          `of user \`${server.connection.user}\`, and none is set`,
        'set `password` in profiles.yml, or put it in DATABASE_URL or PGPASSWORD',
      ]);
    } finally {
      if (saved !== undefined) process.env['PGPASSWORD'] = saved;
    }
  });

  it('names a user that does not exist', async () => {
    const [, message] = await tell({ user: 'nobody_here' });
    assert.match(message ?? '', /^PostgreSQL refused user `nobody_here`: /);
  });

  it('names a database that does not exist, and how to make it', async () => {
    assert.deepEqual(await tell({ database: 'not_there' }), [
      placeOf({ database: 'not_there' }),
      'database `not_there` does not exist',
      'create it with `createdb not_there`, or name another in profiles.yml',
    ]);
  });

  it('names the address at which nothing listens', async () => {
    const expected = (host: string, port: number) => [
      placeOf({ host, port }),
      `no PostgreSQL answers at \`${host}:${port}\``,
      'start the server, or check host and port in profiles.yml or DATABASE_URL',
    ];
    let free = 0;
    await withFakeServer(undefined, async (port) => {
      free = port;
    });
    assert.deepEqual(await tell({ host: '127.0.0.1', port: free }), expected('127.0.0.1', free));
    assert.deepEqual(await tell({ host: 'localhost', port: free }), expected('localhost', free));
    assert.deepEqual(
      await tell({ host: '/no/such/folder', port: 5432 }),
      expected('/no/such/folder', 5432),
    );
  });

  it('names a host that nobody knows', async () => {
    assert.deepEqual(await tell({ host: 'no-such-host.invalid', port: 5432 }), [
      placeOf({ host: 'no-such-host.invalid', port: 5432 }),
      'the host name `no-such-host.invalid` is not known',
      'check host in profiles.yml or DATABASE_URL, and the network',
    ]);
  });

  it('gives up on a server that says nothing, after connect_timeout', async () => {
    await withFakeServer(undefined, async (port) => {
      const startedAtMs = Date.now();
      assert.deepEqual(await tell({ host: '127.0.0.1', port, connectTimeoutMs: 200 }), [
        placeOf({ host: '127.0.0.1', port }),
        `\`127.0.0.1:${port}\` did not answer in time`,
        'check host, port and firewall, or raise `connect_timeout` in profiles.yml',
      ]);
      // Without the setting it would be ten seconds.
      assert.ok(Date.now() - startedAtMs < 9000);
    });
  });

  it('tells that TLS is demanded here and not offered there', async () => {
    assert.deepEqual(await tell({ ssl: { rejectUnauthorized: false } }), [
      placeOf(),
      `the server at \`${server.connection.host}:${server.connection.port}\` offers no TLS, and \`sslmode\` demands it`,
      'switch TLS on at the server, or set `sslmode: disable` where the network is your own',
    ]);
  });

  it('tells that TLS is demanded there and not asked for here', async () => {
    const said =
      'no pg_hba.conf entry for host "10.0.0.7", user "me", database "db", no encryption';
    await withFakeServer(fatal('28000', said), async (port) => {
      assert.deepEqual(await tell({ host: '127.0.0.1', port }), [
        placeOf({ host: '127.0.0.1', port }),
        `the server at \`127.0.0.1:${port}\` demands TLS: ${said}`,
        'set `sslmode: require` (or `verify-full`) in profiles.yml, or add `?sslmode=require` to DATABASE_URL',
      ]);
    });
  });

  it('tells what the server said in any other case', async () => {
    await withFakeServer(fatal('53300', 'sorry, too many clients already'), async (port) => {
      assert.deepEqual(await tell({ host: '127.0.0.1', port }), [
        placeOf({ host: '127.0.0.1', port }),
        `cannot connect to \`127.0.0.1:${port}\`: sorry, too many clients already`,
        'run `runner debug` to see the settings in use',
      ]);
    });
  });

  it('tries again as often as `retries` says, where a later attempt may succeed', async () => {
    let attempts = 0;
    const fake = createServer((socket) => {
      attempts += 1;
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(fatal('57P03', 'the database system is starting up')));
    });
    fake.listen(0, '127.0.0.1');
    await once(fake, 'listening');
    try {
      // as: a server that listens on TCP has an address of this form
      const { port } = fake.address() as AddressInfo;
      await tell({ host: '127.0.0.1', port, connectRetries: 1 });
      assert.equal(attempts, 2);
    } finally {
      fake.close();
    }
  });
});
