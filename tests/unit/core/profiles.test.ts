import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Output, type ProfileRequest, readOutput } from '../../../core/profiles.ts';
import { faultsOf } from '../../support/faults.ts';

describe('core/profiles', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fundlens-profiles-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: string, request: Partial<ProfileRequest> = {}): Output => {
    writeFileSync(join(folder, 'profiles.yml'), text);
    return readOutput({
      projectDir: folder,
      profilesDir: undefined,
      profile: 'shop',
      target: undefined,
      env: {},
      ...request,
    });
  };
  /** A profile with one output whose lines, from line 5 on, are given. */
  const output = (...lines: readonly string[]): string =>
    [
      'shop:',
      '  target: dev',
      '  outputs:',
      '    dev:',
      ...lines.map((line) => `      ${line}`),
      '',
    ].join('\n');
  const least = ['type: postgres', 'host: h', 'user: u', 'dbname: d', 'schema: s'];

  it('reads every key that dbt has', () => {
    const got = read(
      output(
        'type: postgres',
        'host: db.example',
        'port: "6543"',
        'user: me',
        'password: "0123"',
        'dbname: fec',
        'schema: dev',
        'threads: 8',
        'connect_timeout: 3',
        'role: builder',
        'search_path: "a, b"',
        'keepalives_idle: 30',
        'sslmode: disable',
        'application_name: mine',
        'retries: 2',
        'autocommit: true',
      ),
    );
    assert.deepEqual(got, {
      kind: 'postgres',
      profile: 'shop',
      name: 'dev',
      schema: 'dev',
      threads: 8,
      connection: {
        host: 'db.example',
        port: 6543,
        user: 'me',
        password: '0123',
        database: 'fec',
        ssl: false,
        role: 'builder',
        searchPath: 'a, b',
        applicationName: 'mine',
        connectTimeoutMs: 3000,
        connectRetries: 2,
        keepAliveIdleMs: 30_000,
      },
    });
  });

  it('takes `pass` and `database` for `password` and `dbname`, and dbt defaults', () => {
    const got = read(
      output('type: postgres', 'host: h', 'user: u', 'pass: p', 'database: d', 'schema: s'),
    );
    assert.ok(got.kind === 'postgres');
    const { password, database, port, connectTimeoutMs } = got.connection;
    assert.deepEqual([password, database, port, connectTimeoutMs], ['p', 'd', 5432, 10_000]);
    assert.equal(got.threads, 4);
  });

  it('reads the embedded output', () => {
    assert.deepEqual(read(output('type: embedded', 'schema: public', 'threads: 2')), {
      kind: 'embedded',
      profile: 'shop',
      name: 'dev',
      schema: 'public',
      threads: 2,
    });
  });

  it('prefers the target of the command line to that of the file, and that to `default`', () => {
    const both =
      'shop:\n  target: a\n  outputs:\n    a: {type: embedded, schema: a}\n    b: {type: embedded, schema: b}\n';
    assert.equal(read(both, { target: 'b' }).name, 'b');
    assert.equal(read(both).name, 'a');
    assert.equal(read('shop: {outputs: {default: {type: embedded, schema: x}}}\n').name, 'default');
  });

  it('merges what outputs share', () => {
    const shared = `.base: &base {type: postgres, host: h, user: u, dbname: d}\nshop:\n  target: dev\n  outputs:\n    dev: {<<: *base, schema: s}\n`;
    assert.equal(read(shared).schema, 's');
  });

  describe('env_var', () => {
    const connectionWith = (env: Record<string, string>, ...lines: readonly string[]) => {
      const got = read(output(...lines), { env });
      assert.ok(got.kind === 'postgres');
      return got.connection;
    };

    it('renders names, defaults, text around it and filters', () => {
      const { host, port, user, database, password } = connectionWith(
        { HOST: 'from-env', PORT: '7777', PASS: '0042' },
        'type: postgres',
        `host: "{{ env_var('HOST') }}.example"`,
        `port: "{{ env_var('PORT') | as_number }}"`,
        `user: "{{ env_var('NOBODY', 'fallback') | as_text }}"`,
        `password: "{{ env_var('PASS') | as_number }}"`,
        `dbname: "{{ env_var('DB', default='fec') | lower }}"`,
        'schema: s',
      );
      assert.deepEqual(
        [host, port, user, database, password],
        ['from-env.example', 7777, 'fallback', 'fec', '0042'],
      );
    });

    it('takes numbers from text, `int` and `as_bool` too', () => {
      const got = read(
        output(
          ...least,
          `port: "{{ env_var('PORT') }}"`,
          `threads: "{{ env_var('THREADS') | int }}"`,
          `autocommit: "{{ env_var('AUTO') | as_bool }}"`,
        ),
        { env: { PORT: '1', THREADS: '3', AUTO: 'true' } },
      );
      assert.ok(got.kind === 'postgres');
      assert.deepEqual([got.connection.port, got.threads], [1, 3]);
    });

    it('renders the chosen output alone', () => {
      const text = `shop:\n  target: "{{ env_var('T', 'a') }}"\n  outputs:\n    a: {type: embedded, schema: a}\n    b: {type: embedded, schema: "{{ env_var('UNSET') }}"}\n`;
      assert.equal(read(text).name, 'a');
      assert.deepEqual(
        faultsOf(() => read(text, { env: { T: 'b' } })),
        [
          "profiles.yml:5:33: environment variable `UNSET` is not set (set it, or give a default: `env_var('UNSET', '…')`)",
        ],
      );
    });

    it('tells all that are missing at once', () => {
      const text = output(...least, `port: "{{ env_var('A') }}"`, `role: "{{ env_var('B') }}"`);
      assert.deepEqual(
        faultsOf(() => read(text)),
        [
          "profiles.yml:10:13: environment variable `A` is not set (set it, or give a default: `env_var('A', '…')`)",
          "profiles.yml:11:13: environment variable `B` is not set (set it, or give a default: `env_var('B', '…')`)",
        ],
      );
    });

    it('offers nothing else', () => {
      const [fault] = faultsOf(() => read(output(...least, `role: "{{ envvar('A') }}"`)));
      assert.match(
        fault ?? '',
        /^profiles\.yml:10:13: unknown name `envvar` \(did you mean `env_var`\?\)$/,
      );
      const [other] = faultsOf(() => read(output(...least, `role: "{{ process.env }}"`)));
      assert.match(other ?? '', /^profiles\.yml:10:13: unknown name `process`/);
    });

    it('names the place of a template that cannot be read', () => {
      const [fault] = faultsOf(() => read(output(...least, `role: "{{ env_var( }}"`)));
      assert.match(fault ?? '', /^profiles\.yml:10:13: /);
    });
  });

  describe('tells', () => {
    const faults: readonly (readonly [
      string,
      string,
      readonly string[],
      Partial<ProfileRequest>?,
    ])[] = [
      [
        'an unknown profile',
        'shopp:\n  outputs: {}\n',
        ['profiles.yml:1:1: profile `shop` is not in profiles.yml (did you mean `shopp`?)'],
      ],
      [
        'a profile among others',
        'alpha: {}\nomega: {}\n',
        ['profiles.yml:1:1: profile `shop` is not in profiles.yml (it has `alpha`, `omega`)'],
      ],
      [
        'a profile in an empty file',
        '',
        ['profiles.yml: profile `shop` is not in profiles.yml (it has no profile)'],
      ],
      [
        'a name of every object',
        'a: {}\n',
        ['profiles.yml:1:1: profile `__proto__` is not in profiles.yml (it has `a`)'],
        { profile: '__proto__' },
      ],
      [
        'a profile without content',
        'shop:\n',
        ['profiles.yml:1:1: `shop` is not a map of `target` and `outputs`'],
      ],
      [
        'a misspelt `outputs`',
        'shop:\n  output: {}\n',
        ['profiles.yml:2:3: profile `shop` has no `outputs` (rename `output`)'],
      ],
      [
        'absent `outputs`',
        'shop:\n  target: a\n',
        ['profiles.yml:1:1: profile `shop` has no `outputs` (list its targets under `outputs`)'],
      ],
      [
        'outputs that are a list',
        'shop:\n  outputs: [a]\n',
        ['profiles.yml:2:3: `shop.outputs` is not a map of targets'],
      ],
      [
        'an output that is text',
        'shop:\n  target: a\n  outputs:\n    a: x\n',
        ['profiles.yml:4:5: `shop.outputs.a` is not a map of the keys of a connection'],
      ],
      [
        'an unknown target of the file',
        'shop:\n  target: prd\n  outputs:\n    prod: {}\n',
        ['profiles.yml:2:11: target `prd` is not in profiles.yml (did you mean `prod`?)'],
      ],
      [
        'an unknown target of the command line',
        output(...least),
        ['profiles.yml:4:5: target `elsewhere` is not in profiles.yml (it has `dev`)'],
        { target: 'elsewhere' },
      ],
      [
        'another database',
        output('type: snowflake'),
        [
          'profiles.yml:5:13: `type` is `snowflake`: the runner speaks PostgreSQL (use `type: postgres`, or `type: embedded` for the server that comes along)',
        ],
      ],
      [
        'a missing type',
        output('host: h'),
        [
          'profiles.yml:5:7: `type` is missing: the runner speaks PostgreSQL (use `type: postgres`, or `type: embedded` for the server that comes along)',
        ],
      ],
      [
        'an unknown key',
        output(...least, 'prot: 5432'),
        ['profiles.yml:10:7: unknown key `prot` (did you mean `port`?)'],
      ],
      [
        'keys that embedded has not',
        output('type: embedded', 'schema: s', 'host: h'),
        ['profiles.yml:7:7: unknown key `host`'],
      ],
      [
        'missing keys',
        output('type: postgres', 'dbname: d', 'schema: s'),
        [
          'profiles.yml:5:7: `host` is missing: expected text, in quotes',
          'profiles.yml:5:7: `user` is missing: expected text, in quotes',
        ],
      ],
      [
        'a missing database',
        output('type: postgres', 'host: h', 'user: u', 'schema: s'),
        ['profiles.yml:5:7: `dbname` is missing: expected text, in quotes'],
      ],
      [
        'numbers where text stands',
        output('type: postgres', 'host: h', 'user: u', 'dbname: 2020', 'schema: s'),
        ['profiles.yml:8:15: `dbname` is `2020`: expected text, in quotes'],
      ],
      [
        'a port that is none',
        output(...least, 'port: 70000'),
        ['profiles.yml:10:13: `port` is `70000`: expected a whole number from 1 to 65535'],
      ],
      [
        'threads that are none',
        output(...least, 'threads: 0'),
        ['profiles.yml:10:16: `threads` is `0`: expected a whole number from 1 to 1000'],
      ],
      [
        'a mode of TLS that is none',
        output(...least, 'sslmode: required'),
        [
          'profiles.yml:10:16: `sslmode` is `"required"`: expected one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`',
        ],
      ],
      [
        'a certificate that is not there',
        output(...least, 'sslmode: verify-full', 'sslrootcert: /no/such.pem'),
        [
          'profiles.yml:11:20: the file of `sslrootcert` cannot be read: `/no/such.pem` (give the path of a PEM file that this user may read)',
        ],
      ],
      [
        'a fault of syntax',
        'shop: {\n',
        [
          'profiles.yml:2:1: YAML: Flow map in block collection must be sufficiently indented and end with a } (close the bracket)',
        ],
      ],
    ];
    for (const [what, text, expected, request] of faults) {
      it(what, () =>
        assert.deepEqual(
          faultsOf(() => read(text, request)),
          expected,
        ),
      );
    }

    it('where it looked for profiles.yml', () => {
      const request = { projectDir: folder, profile: 'shop', target: undefined, env: {} };
      const hint = '(name its folder with --profiles-dir or RUNNER_PROFILES_DIR)';
      assert.deepEqual(
        faultsOf(() => readOutput({ ...request, profilesDir: '/nowhere' })),
        [`/nowhere: no profiles.yml found ${hint}`],
      );
      assert.deepEqual(
        faultsOf(() => readOutput({ ...request, profilesDir: undefined })),
        [`${folder} or ${join(homedir(), '.dbt')}: no profiles.yml found ${hint}`],
      );
    });

    it('a profiles.yml that is no file', () => {
      mkdirSync(join(folder, 'x', 'profiles.yml'), { recursive: true });
      const request = { projectDir: folder, profile: 'shop', target: undefined, env: {} };
      assert.deepEqual(
        faultsOf(() => readOutput({ ...request, profilesDir: join(folder, 'x') })),
        ['x/profiles.yml: profiles.yml cannot be read (make it a file that this user may read)'],
      );
    });
  });

  describe('shows no secret', () => {
    const secret = 'S3cretPassphrase';
    const texts: readonly (readonly [string, readonly string[]])[] = [
      ['in a password of a wrong type', [...least, `password: [${secret}]`]],
      ['in `pass` of a wrong type', [...least, `pass: {a: ${secret}}`]],
      ['from the environment in a wrong key', [...least, `port: "{{ env_var('SECRET') }}"`]],
      ['from the environment as `type`', [`type: "{{ env_var('SECRET') }}"`]],
      [
        'from the environment in a filter',
        [...least, `port: "{{ env_var('SECRET') | as_number }}"`],
      ],
      ['from the environment in an operation', [...least, `role: "{{ env_var('SECRET') + 1 }}"`]],
      ['from the environment as a name', [...least, `role: "{{ env_var(env_var('SECRET')) }}"`]],
      ['that YAML takes for an alias', [...least, `password: *${secret}`]],
      ['that YAML takes for a tag', [...least, `password: !${secret}`]],
    ];
    for (const [what, lines] of texts) {
      it(what, () => {
        const text = output(...lines);
        const faults = faultsOf(() => read(text, { env: { SECRET: secret } }));
        assert.equal(faults.length, 1);
        assert.match(faults[0] ?? '', /^profiles\.yml:(5|10):\d+: /);
        assert.doesNotMatch(faults.join(), new RegExp(secret));
      });
    }
  });

  describe('TLS', () => {
    const sslOf = (...lines: readonly string[]) => {
      const got = read(output(...least, ...lines));
      assert.ok(got.kind === 'postgres');
      const { ssl } = got.connection;
      if (typeof ssl !== 'object') return ssl;
      // A function that accepts every host name.
      return { ...ssl, ...(ssl.checkServerIdentity ? { checkServerIdentity: 'any' } : {}) };
    };
    beforeEach(() => {
      for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `${name} as PEM`);
    });

    it('is plain text without a mode and under those that promise nothing', () => {
      for (const lines of [[], ['sslmode: disable'], ['sslmode: allow'], ['sslmode: prefer']]) {
        assert.equal(sslOf(...lines), false);
      }
    });
    it('is encrypted and unchecked under `require`', () => {
      assert.deepEqual(sslOf('sslmode: require'), { rejectUnauthorized: false });
    });
    it('checks the certificate under `require` with a root certificate, and under `verify-ca`', () => {
      const expected = { ca: 'ca as PEM', checkServerIdentity: 'any' };
      for (const mode of ['require', 'verify-ca']) {
        assert.deepEqual(sslOf(`sslmode: ${mode}`, `sslrootcert: ${join(folder, 'ca')}`), expected);
      }
    });
    it('checks certificate and host name under `verify-full`', () => {
      assert.deepEqual(sslOf('sslmode: verify-full'), {});
      assert.deepEqual(sslOf('sslmode: verify-full', 'sslrootcert: system'), {});
      const files = ['ca', 'cert', 'key'].map((name) => join(folder, name));
      assert.deepEqual(
        sslOf(
          'sslmode: verify-full',
          `sslrootcert: ${files[0]}`,
          `sslcert: ${files[1]}`,
          `sslkey: ${files[2]}`,
        ),
        { ca: 'ca as PEM', cert: 'cert as PEM', key: 'key as PEM' },
      );
    });
  });
});
