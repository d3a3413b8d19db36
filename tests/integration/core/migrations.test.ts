import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../../core/connection.ts';
import { migrate, type OwnedSchema } from '../../../core/migrations.ts';
import { startScript, waitForEnd } from '../../support/child.ts';
import { useDatabase } from '../../support/database.ts';
import { faultsOfAsync } from '../../support/faults.ts';

describe('core/migrations', () => {
  const server = useDatabase();
  let count = 0;

  /** Migrations of a schema that no other test has. */
  const own = (...steps: readonly (readonly string[])[]): OwnedSchema => {
    count += 1;
    return {
      schema: `Owned "${count}"`,
      migrations: steps.map((statements, index) => ({
        version: index + 1,
        name: `step_${index + 1}`,
        statements,
      })),
    };
  };
  const quoted = (owned: OwnedSchema): string => `"${owned.schema.replaceAll('"', '""')}"`;
  const appliedTo = async (owned: OwnedSchema): Promise<string[]> => {
    const ledger = `${quoted(owned)}.schema_migrations`;
    const rows = await server.query<{ name: string }>(`select name from ${ledger} order by name`);
    return rows.map(({ name }) => name);
  };
  const hasTable = async (owned: OwnedSchema, table: string): Promise<boolean> => {
    const rows = await server.query<{ found: boolean }>(
      'select to_regclass($1) is not null as found',
      [`${quoted(owned)}.${table}`],
    );
    return rows[0]?.found === true;
  };
  /** Two steps in the schema that the next call of `own` names. */
  const twoSteps = (): OwnedSchema => {
    const schema = `"Owned ""${count + 1}"""`;
    return own(
      [`create table ${schema}.a (n int)`, `create table ${schema}.b (n int)`],
      [`create table ${schema}.c (n int)`],
    );
  };

  it('runs every step once, in order', async () => {
    const owned = twoSteps();
    await migrate(server.connection, owned);
    assert.deepEqual(await appliedTo(owned), ['0001_step_1', '0002_step_2']);
    assert.ok(await hasTable(owned, 'c'));
    await migrate(server.connection, owned);
    assert.deepEqual(await appliedTo(owned), ['0001_step_1', '0002_step_2']);
  });

  it('goes on from the step that a database has', async () => {
    const owned = twoSteps();
    await migrate(server.connection, { ...owned, migrations: owned.migrations.slice(0, 1) });
    assert.equal(await hasTable(owned, 'c'), false);
    await migrate(server.connection, owned);
    assert.ok(await hasTable(owned, 'c'));
  });

  it('leaves nothing of what it did when one statement fails', async () => {
    const schema = `"Owned ""${count + 1}"""`;
    const owned = own(
      [`create table ${schema}.first (n int)`],
      [`create table ${schema}.second (n int)`, 'select 1 / 0'],
    );
    await assert.rejects(migrate(server.connection, owned), { code: '22012' });
    assert.deepEqual(await appliedTo(owned), []);
    assert.deepEqual(
      [await hasTable(owned, 'first'), await hasTable(owned, 'second')],
      [false, false],
    );
  });

  it('lets two processes migrate at once', async () => {
    const schema = `"Owned ""${count + 1}"""`;
    const owned = own(
      ['select pg_sleep(0.5)', `create table ${schema}.a (n int)`],
      ['select pg_sleep(0.2)'],
    );
    const args = [JSON.stringify(server.connection), JSON.stringify(owned)];
    const ended = await Promise.all(
      [1, 2].map(() => waitForEnd(startScript('migrate-once.ts', args))),
    );
    assert.deepEqual(
      ended.map(({ code, err }) => [code, err]),
      [
        [0, ''],
        [0, ''],
      ],
    );
    assert.deepEqual(await appliedTo(owned), ['0001_step_1', '0002_step_2']);
  });

  it('does not load knex where there is nothing to do', async () => {
    const owned = twoSteps();
    const args = [JSON.stringify(server.connection), JSON.stringify(owned)];
    const first = await waitForEnd(startScript('migrate-once.ts', args));
    const second = await waitForEnd(startScript('migrate-once.ts', args));
    assert.deepEqual([first.out, second.out], ['knex', 'no knex']);
  });

  it('refuses a database that is newer than the program, and says what to do', async () => {
    const owned = twoSteps();
    await migrate(server.connection, owned);
    const older = { ...owned, migrations: owned.migrations.slice(0, 1) };
    assert.deepEqual(await faultsOfAsync(() => migrate(server.connection, older)), [
      `${quoted(owned)}."schema_migrations": schema \`${owned.schema}\` was migrated by a newer program: ` +
        'it has `0002_step_2` (update FundLens before running it on this database)',
    ]);
  });

  it('goes on after a run that was killed under the lock', async () => {
    const schema = `"Owned ""${count + 1}"""`;
    const slow = own(['select 1'], ['select pg_sleep(60)']);
    const child = startScript('migrate-once.ts', [
      JSON.stringify(server.connection),
      JSON.stringify(slow),
    ]);
    const application = `fundlens:migrate:${slow.schema}`;
    const isAtWork = async (): Promise<boolean> => {
      const rows = await server.query(
        "select 1 from pg_stat_activity where application_name = $1 and query like '%pg_sleep(60)%'",
        [application],
      );
      return rows.length > 0;
    };
    while (!(await isAtWork())) await sleep(20);
    child.kill('SIGKILL');
    await once(child, 'close');
    await server.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1',
      [application],
    );
    // knex writes its row in a transaction of its own where a migration asks for none.
    const lock = `${quoted(slow)}.schema_migrations_lock`;
    await server.query(`update ${lock} set is_locked = 1`);
    assert.deepEqual(await appliedTo(slow), []);
    const [first] = slow.migrations;
    assert.ok(first);
    const repaired = {
      ...slow,
      migrations: [
        first,
        { version: 2, name: 'step_2', statements: [`create table ${schema}.done (n int)`] },
      ],
    };
    await migrate(server.connection, repaired);
    assert.ok(await hasTable(slow, 'done'));
  });

  it('takes question marks as they stand', async () => {
    const schema = `"Owned ""${count + 1}"""`;
    const owned = own([
      `create table ${schema}.marks as select 'why? ??' as text, '{"a": 1}'::jsonb ? 'a' as has, ':name' as name`,
    ]);
    await migrate(server.connection, owned);
    assert.deepEqual(await server.query(`select * from ${quoted(owned)}.marks`), [
      { text: 'why? ??', has: true, name: ':name' },
    ]);
  });

  it('refuses a question mark that knex would alter', async () => {
    await assert.rejects(migrate(server.connection, own([`select 'a' ~ '\\?'`])), /write `\[\?\]`/);
  });

  it('says which right is missing', async () => {
    const role = `fundlens_limited_${process.pid}`;
    await server.query(`create role ${role}`);
    try {
      const limited: Connection = { ...server.connection, role };
      const owned = twoSteps();
      assert.deepEqual(await faultsOfAsync(() => migrate(limited, owned)), [
        `database ${server.connection.database}: user \`${role}\` may not create schema \`${owned.schema}\` and its ` +
          `tables (have its owner run \`grant create on database "${server.connection.database}" to "${role}"\`)`,
      ]);
    } finally {
      await server.query(`drop role ${role}`);
    }
  });
});
