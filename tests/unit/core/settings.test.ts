import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings, readEnv } from '../../../core/settings.ts';
import { faultsOf } from '../../support/faults.ts';

describe('core/settings', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fundlens-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lays the environment over `.env`', () => {
    writeFileSync(
      join(folder, '.env'),
      "# ours\nBOTH=file\nONLY_FILE='a b # c'\nexport SHOUTED=yes\nEMPTY=\n",
    );
    const env = readEnv(folder, { BOTH: 'process', ONLY_PROCESS: '1', ONLY_FILE: undefined });
    assert.deepEqual(env, {
      BOTH: 'process',
      ONLY_FILE: 'a b # c',
      SHOUTED: 'yes',
      EMPTY: '',
      ONLY_PROCESS: '1',
    });
  });

  it('lets an empty variable switch off one of `.env`', () => {
    writeFileSync(join(folder, '.env'), 'RUNNER_PROFILES_DIR=/x\n');
    assert.equal(
      parseSettings(readEnv(folder, { RUNNER_PROFILES_DIR: '' })).profilesDir,
      undefined,
    );
  });

  it('does without `.env`', () => {
    assert.deepEqual(readEnv(folder, { A: '1' }), { A: '1' });
    assert.deepEqual(readEnv(join(folder, 'nowhere'), { A: '1' }), { A: '1' });
  });

  it('does without `.env` where it is a folder, as in projects that keep several there', () => {
    mkdirSync(join(folder, '.env'));
    assert.deepEqual(readEnv(folder, { A: '1' }), { A: '1' });
  });

  it('tells that `.env` cannot be read', () => {
    symlinkSync('.env', join(folder, '.env'));
    assert.deepEqual(
      faultsOf(() => readEnv(folder, {})),
      [`${join(folder, '.env')}: \`.env\` cannot be read (make it readable, or remove it)`],
    );
  });

  it('reads every setting', () => {
    assert.deepEqual(
      parseSettings({
        DATABASE_URL: 'postgresql://me@host/db',
        RUNNER_PROFILES_DIR: '/ours',
        DBT_PROFILES_DIR: '/dbt',
        RUNNER_LOG_FORMAT: 'json',
      }),
      { databaseUrl: 'postgresql://me@host/db', profilesDir: '/ours', logFormat: 'json' },
    );
    assert.equal(parseSettings({ DBT_PROFILES_DIR: '/dbt' }).profilesDir, '/dbt');
  });

  it('tells all that is wrong at once, and no value', () => {
    assert.deepEqual(
      faultsOf(() =>
        parseSettings({ DATABASE_URL: 'mysql://me:s3cret@host/db', RUNNER_LOG_FORMAT: 'xml' }),
      ),
      [
        'environment variable DATABASE_URL: is not a URL of the form `postgresql://user:password@host:5432/database`',
        'environment variable RUNNER_LOG_FORMAT: must be `text` or `json`',
      ],
    );
  });

  it('takes the URL of a socket folder', () => {
    const url = 'postgresql://me@/db?host=/run/postgresql';
    assert.equal(parseSettings({ DATABASE_URL: url }).databaseUrl, url);
  });

  for (const url of ['s3cret', 'postgresql:', 'host=s3cret dbname=db', 'http://s3cret@host/db']) {
    it(`refuses ${url}`, () => {
      const [fault, ...more] = faultsOf(() => parseSettings({ DATABASE_URL: url }));
      assert.match(fault ?? '', /^environment variable DATABASE_URL: is not a URL/);
      assert.doesNotMatch(fault ?? '', /s3/);
      assert.deepEqual(more, []);
    });
  }
});
