import assert from 'node:assert/strict';
import { type ExistingTable, planTables } from '../../../../extract/bronze/tables.ts';
import type { Dataset } from '../../../../extract/datasets/types.ts';

const links: Dataset = {
  name: 'links',
  description: 'One link.',
  table: 'fec_links',
  sourceUrl: 'https://example.org/',
  zip: 'links{yy}.zip',
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
    ['_load_id', 'The load in bronze.loads that brought the line.'],
    ['_line', 'Line number in the file, from 1.'],
  ]),
  indexes: ['fec_links_key_idx'],
};

describe('extract/bronze/tables', () => {
  it('creates a table that is missing, with its index and its comments', () => {
    assert.deepEqual(planTables([links], []), [
      'create table "bronze"."fec_links" ("id" text, "amount" text, "cycle" integer not null, "_load_id" bigint not null, "_line" bigint not null) partition by list (cycle)',
      'create index "fec_links_key_idx" on "bronze"."fec_links" ("id")',
      'comment on table "bronze"."fec_links" is \'One link. https://example.org/\'',
      'comment on column "bronze"."fec_links"."id" is \'The link\'\'s number. FEC type NUMBER(9).\'',
      'comment on column "bronze"."fec_links"."amount" is \'Amount. FEC type NUMBER(14,2), US dollars.\'',
      'comment on column "bronze"."fec_links"."cycle" is \'The even year of the bulk file: 2020 for indiv20.zip.\'',
      'comment on column "bronze"."fec_links"."_load_id" is \'The load in bronze.loads that brought the line.\'',
      'comment on column "bronze"."fec_links"."_line" is \'Line number in the file, from 1.\'',
    ]);
  });

  it('plans nothing for a table that is as the catalog has it', () => {
    assert.deepEqual(planTables([links], [upToDate]), []);
  });

  it('adds what a table lacks and drops nothing of what it has more', () => {
    const columns = new Map<string, string | null>([...upToDate.columns, ['old', null]]);
    columns.delete('amount');
    columns.set('id', 'Another text.');
    assert.deepEqual(planTables([links], [{ ...upToDate, columns, indexes: [] }]), [
      'alter table "bronze"."fec_links" add column "amount" text',
      'create index "fec_links_key_idx" on "bronze"."fec_links" ("id")',
      'comment on column "bronze"."fec_links"."id" is \'The link\'\'s number. FEC type NUMBER(9).\'',
      'comment on column "bronze"."fec_links"."amount" is \'Amount. FEC type NUMBER(14,2), US dollars.\'',
    ]);
  });
});
