// Versioned migrations of our own schemas; knex runs all that are missing in one transaction.

import type { Knex } from 'knex';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { clientConfig, connectionFault, errorCode } from './database.ts';
import { UserError } from './errors.ts';
import { quoteIdentifier, quoteQualified } from './identifiers.ts';

/** One step of a schema's history; never edited once released. */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** A schema of ours and its history. */
export interface OwnedSchema {
  readonly schema: string;
  readonly migrations: readonly Migration[];
}

/**
 * Brings a schema of ours to the newest version that this program knows; does nothing when it is there.
 * Two programs may call it at once: an advisory lock lets one work and the other wait.
 * @throws {UserError} when the database is newer than the program.
 */
export async function migrate(connection: Connection, owned: OwnedSchema): Promise<void> {
  if ((await readVersion(connection, owned)) === owned.migrations.length) return;
  const { default: createKnex } = await import('knex');
  const knex = createKnex({
    client: 'pg',
    connection: clientConfig(
      connection,
      `fundlens:migrate:${owned.schema}`,
    ) as Knex.PgConnectionConfig,
    pool: { min: 0, max: 2 },
    // What it would print on its own comes to us as an error.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
  try {
    await migrateUnderLock(knex, owned);
  } catch (error) {
    throw errorCode(error) === '42501' ? permissionFault(error, connection, owned) : error;
  } finally {
    await knex.destroy();
  }
}

const ledgerTable = 'schema_migrations';

/** Asks over one plain connection, so that a run with nothing to migrate does not pay for loading knex. */
async function readVersion(connection: Connection, owned: OwnedSchema): Promise<number> {
  const client = new pg.Client(clientConfig(connection, `fundlens:migrate:${owned.schema}`));
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectionFault(error, connection);
  }
  try {
    const ledger = quoteQualified(owned.schema, ledgerTable);
    const exists = await client.query<{ found: boolean }>(
      'select to_regclass($1) is not null as found',
      [ledger],
    );
    if (!exists.rows[0]?.found) return 0;
    const names = await client.query<{ name: string }>(`select name from ${ledger}`);
    refuseNewer(
      owned,
      names.rows.map((row) => row.name),
    );
    return names.rows.length;
  } finally {
    await client.end();
  }
}

function refuseNewer(owned: OwnedSchema, applied: readonly string[]): void {
  const known = new Set(owned.migrations.map(migrationName));
  const unknown = applied.filter((name) => !known.has(name)).sort();
  if (unknown.length === 0) return;
  throw new UserError(
    `schema \`${owned.schema}\` was migrated by a newer program: it has \`${unknown.join('`, `')}\``,
    {
      where: quoteQualified(owned.schema, ledgerTable),
      hint: 'update FundLens before running it on this database',
    },
  );
}

function permissionFault(error: unknown, connection: Connection, owned: OwnedSchema): UserError {
  const role = connection.role ?? connection.user;
  const grant = `grant create on database ${quoteIdentifier(connection.database)} to ${quoteIdentifier(role)}`;
  return new UserError(
    `user \`${role}\` may not create schema \`${owned.schema}\` and its tables`,
    {
      where: `database ${connection.database}`,
      hint: `have its owner run \`${grant}\``,
      cause: error,
    },
  );
}

async function migrateUnderLock(knex: Knex, owned: OwnedSchema): Promise<void> {
  // knex guards with a row that a killed run leaves behind; an advisory lock goes with its session,
  // and under it a row left locked is known to be stale.
  await knex.transaction(async (guard) => {
    await guard.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [
      `fundlens:migrate:${owned.schema}`,
    ]);
    await knex.raw('create schema if not exists ??', [owned.schema]);
    const lockTable = `${ledgerTable}_lock`;
    if (await knex.schema.withSchema(owned.schema).hasTable(lockTable)) {
      await knex.withSchema(owned.schema).table(lockTable).update({ is_locked: 0 });
    }
    await knex.migrate.latest({
      migrationSource: migrationSource(owned.migrations),
      schemaName: owned.schema,
      tableName: ledgerTable,
      disableMigrationsListValidation: true,
    });
    const applied = await knex.withSchema(owned.schema).table(ledgerTable).select('name');
    refuseNewer(
      owned,
      applied.map((row: { name: string }) => row.name),
    );
  });
}

function migrationName(migration: Migration): string {
  return `${String(migration.version).padStart(4, '0')}_${migration.name}`;
}

function migrationSource(migrations: readonly Migration[]): Knex.MigrationSource<Migration> {
  return {
    getMigrations: async () => [...migrations],
    getMigrationName: migrationName,
    getMigration: async (migration) => ({
      up: async (knex) => {
        for (const statement of migration.statements) {
          await knex.raw(escapeBindings(statement));
        }
      },
      down: async () => undefined,
    }),
  };
}

/** knex reads `?` as a binding, also inside literals and operators. */
function escapeBindings(statement: string): string {
  // It drops every backslash before one that is escaped.
  if (statement.includes('\\?')) {
    throw new TypeError('a migration cannot contain `\\?`: write `[?]` in a regular expression');
  }
  return statement.replaceAll('?', '\\?');
}

function ignore(): void {}
