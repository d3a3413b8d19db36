import assert from 'node:assert/strict';
import { type ExistingTable, planTables } from '../../../../extract/bronze/tables.ts';
import type { Dataset } from '../../../../extract/datasets/types.ts';

const links: Dataset = {
  name: 'links',
  description: 'One link.',
  table: 'fec_links',
  sourceUrl: 'https://example.org/',
  format: 'pipe',
  refresh: 'daily',
  file: 'links{yy}.zip',
  member: 'links.txt',
  columns: [
    { name: 'id', fecName: 'ID', type: 'NUMBER(9)', doc: "The link's number." },
    { name: 'amount', fecName: 'AMOUNT', type: 'NUMBER(14,2)', unit: 'US dollars', doc: 'Amount.' },
  ],
  key: ['id'],
  keyIsUnique: true,
  partitionedByCycle: true,
  trailingDelimiter: false,
  firstCycle: 2000,
};

const upToDate: ExistingTable = {
  name: 'fec_links',
  comment: 'One link. https://example.org/',
  columns: new Map([
    ['id', "The link's number. FEC type NUMBER(9)."],
    ['amount', 'Amount. FEC type NUMBER(14,2), US dollars.'],
    ['cycle', 'The even year of the bulk file: 2020 for indiv20.zip.'],
    ['_load_id', 'The load in bronze.loads that first brought this version of the row.'],
    ['_line', 'Line number in the file of that load, from 1.'],
    ['_withdrawn', 'The load whose file no longer had the row; null while the FEC has it.'],
    ['_hash', "64-bit hash of the FEC's columns: tells a changed row from an unchanged one."],
  ]),
  indexes: [],
};

const history: ExistingTable = {
  name: 'fec_links_history',
  comment: 'Superseded versions of the rows of bronze.fec_links.',
  columns: new Map([
    ...[...upToDate.columns].filter(([name]) => name !== '_hash'),
    [
      '_superseded_by',
      'The load that brought the next version, or brought a withdrawn row back.',
    ] as const,
  ]),
  indexes: ['fec_links_history_key_idx'],
};

describe('extract/bronze/tables', () => {
  it('creates a table that is missing, with its comments and, being partitioned, without an index', () => {
    assert.deepEqual(planTables([links], [history]), [
      `create table "bronze"."fec_links" ("id" text, "amount" text, "cycle" integer not null, "_load_id" bigint not null, "_line" bigint not null, "_withdrawn" bigint, "_hash" bigint) partition by list (cycle)`,
      'comment on table "bronze"."fec_links" is \'One link. https://example.org/\'',
      ...[...upToDate.columns].map(
        ([name, text]) =>
          `comment on column "bronze"."fec_links"."${name}" is '${text?.replaceAll("'", "''")}'`,
      ),
    ]);
  });

  it('creates the table of superseded versions, without hashes and partitions', () => {
    assert.deepEqual(planTables([links], [upToDate]).slice(0, 2), [
      'create table "bronze"."fec_links_history" ("id" text, "amount" text, "cycle" integer not null, "_load_id" bigint not null, "_line" bigint not null, "_withdrawn" bigint, "_superseded_by" bigint not null)',
      'create index "fec_links_history_key_idx" on "bronze"."fec_links_history" ("id")',
    ]);
  });

  it('plans nothing for a table that is as the catalog has it', () => {
    assert.deepEqual(planTables([links], [upToDate, history]), []);
  });

  it('adds what a table lacks and drops nothing of what it has more', () => {
    const columns = new Map<string, string | null>([...upToDate.columns, ['old', null]]);
    columns.delete('amount');
    columns.set('id', 'Another text.');
    assert.deepEqual(planTables([links], [{ ...upToDate, columns }, history]), [
      'alter table "bronze"."fec_links" add column "amount" text',
      'comment on column "bronze"."fec_links"."id" is \'The link\'\'s number. FEC type NUMBER(9).\'',
      'comment on column "bronze"."fec_links"."amount" is \'Amount. FEC type NUMBER(14,2), US dollars.\'',
    ]);
  });

  it('gives a table that is not partitioned an index on its key', () => {
    const small = { ...links, partitionedByCycle: false };
    assert.deepEqual(planTables([small], [upToDate, history]), [
      'create index "fec_links_key_idx" on "bronze"."fec_links" ("id")',
    ]);
    const indexed = { ...upToDate, indexes: ['fec_links_key_idx'] };
    assert.deepEqual(planTables([small], [indexed, history]), []);
  });

  it('takes over hashes that an older program let the server make', () => {
    assert.deepEqual(planTables([links], [{ ...upToDate, generated: ['_hash'] }, history]), [
      'alter table "bronze"."fec_links" alter column _hash drop expression',
    ]);
  });
});
