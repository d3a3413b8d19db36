import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Env } from '../../../core/settings.ts';
import { parseDatabaseUrl, readTarget } from '../../../core/target.ts';
import { faultsOf } from '../../support/faults.ts';
import { recordReporter } from '../../support/reporter.ts';

describe('core/target', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fundlens-target-'));
    writeFileSync(
      join(folder, 'profiles.yml'),
      'shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, user: u, password: from-profile, dbname: d, schema: mine, threads: 3}\n    embedded: {type: embedded, schema: public}\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (env: Env, target?: string) => {
    const recorded = recordReporter();
    const found = readTarget({
      projectDir: folder,
      profile: 'shop',
      target,
      env,
      reporter: recorded.reporter,
    });
    return { ...recorded, target: found };
  };

  it('is what the profile says', () => {
    const { target } = read({});
    assert.deepEqual([target.name, target.schema, target.threads], ['dev', 'mine', 3]);
    assert.ok(target.server.kind === 'ordinary');
    assert.equal(target.server.connection.host, 'h');
    assert.deepEqual(read({}, 'embedded').target.server, { kind: 'embedded' });
  });

  it('keeps name and schemas of the profile when DATABASE_URL replaces the connection', () => {
    for (const name of ['dev', 'embedded']) {
      const { target } = read(
        { DATABASE_URL: 'postgresql://other@elsewhere:6000/warehouse' },
        name,
      );
      assert.equal(target.name, name);
      assert.equal(target.schema, name === 'dev' ? 'mine' : 'public');
      assert.ok(target.server.kind === 'ordinary');
      const { host, port, user, password, database } = target.server.connection;
      assert.deepEqual(
        [host, port, user, database, password || undefined],
        ['elsewhere', 6000, 'other', 'warehouse', undefined],
      );
    }
  });

  it('takes an empty DATABASE_URL for none', () => {
    const { server } = read({ DATABASE_URL: '' }).target;
    assert.ok(server.kind === 'ordinary');
    assert.equal(server.connection.host, 'h');
  });

  it('makes passwords, URLs and what dbt calls secret unprintable', () => {
    const url = 'postgresql://me:p%40ss%2fword@host/db';
    const { reporter } = read({
      DATABASE_URL: url,
      DBT_ENV_SECRET_TOKEN: 'tok-1234',
      OTHER: 'plain-text',
    });
    assert.equal(
      reporter.scrub(`${url} p@ss/word p%40ss%2Fword p%40ss%2fword tok-1234 plain-text`),
      '***** ***** ***** ***** ***** plain-text',
    );
    assert.equal(read({}).reporter.scrub('from-profile'), '*****');
  });

  describe('DATABASE_URL', () => {
    const parts = (url: string) => {
      const {
        host,
        port,
        user,
        password,
        database,
        ssl,
        startupOptions,
        applicationName,
        connectTimeoutMs,
      } = parseDatabaseUrl(url);
      const shown = typeof ssl === 'object' ? Object.keys(ssl) : ssl;
      return {
        host,
        port,
        user,
        password,
        database,
        ssl: shown,
        startupOptions,
        applicationName,
        connectTimeoutMs,
      };
    };
    const plain = {
      host: 'host',
      port: 5432,
      user: 'me',
      password: '',
      database: 'db',
      ssl: false,
      startupOptions: undefined,
      applicationName: undefined,
      connectTimeoutMs: undefined,
    };

    for (const [url, expected] of [
      ['postgresql://me@host/db', {}],
      [
        'postgres://me:a%3Ab%40c%25@host:6543/my%20db',
        { port: 6543, password: 'a:b@c%', database: 'my db' },
      ],
      ['postgresql://me@[::1]:5433/db', { host: '::1', port: 5433 }],
      ['postgresql://me@/db?host=/run/postgresql', { host: '/run/postgresql' }],
      ['postgresql://me:50%off@host/db', { password: '50%off' }],
      ['postgresql:///db', { host: 'localhost', user: userInfo().username }],
      ['postgresql://me@host/db?sslmode=disable', {}],
      ['postgresql://me@host/db?sslmode=prefer', {}],
      ['postgresql://me@host/db?sslmode=require', { ssl: ['rejectUnauthorized'] }],
      ['postgresql://me@host/db?sslmode=verify-ca', { ssl: ['checkServerIdentity'] }],
      ['postgresql://me@host/db?sslmode=verify-full', { ssl: [] }],
      [
        'postgresql://me@host/db?options=-c%20work_mem%3D9MB&application_name=x&connect_timeout=3',
        { startupOptions: '-c work_mem=9MB', applicationName: 'x', connectTimeoutMs: 3000 },
      ],
    ] as const) {
      it(`reads ${url}`, () => {
        assert.deepEqual(parts(url), { ...plain, ...expected });
      });
    }

    const hint = '(write it as `postgresql://user:password@host:5432/database`)';
    for (const [url, expected] of [
      ['postgresql://me:s3#cret@host/db', `DATABASE_URL cannot be read ${hint}`],
      ['postgresql://me:s3cret@host:port/db', `DATABASE_URL cannot be read ${hint}`],
      ['postgresql://me:s3cret@host', `DATABASE_URL names no database ${hint}`],
      [
        'postgresql://me:s3cret@host/db?sslmode=s3cret',
        'DATABASE_URL has an unknown `sslmode` (use one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`)',
      ],
      [
        'postgresql://me:s3cret@host/db?sslmode=verify-ca&sslrootcert=/no/such.pem',
        'the file of `sslrootcert` cannot be read: `/no/such.pem` (give the path of a PEM file that this user may read)',
      ],
    ] as const) {
      it(`refuses ${url} without showing it`, () => {
        assert.deepEqual(
          faultsOf(() => parseDatabaseUrl(url)),
          [`environment variable DATABASE_URL: ${expected}`],
        );
      });
    }
  });
});
