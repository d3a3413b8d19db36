import { deepEqual, equal, match, throws } from 'node:assert/strict';
import type { PhysicalDesign } from '../../../../runner/compile/design.ts';
import type { IndexConfig } from '../../../../runner/compile/types.ts';
import { compareContract } from '../../../../runner/plan/contract.ts';
import { columnOrSql, createIndex, indexChanges } from '../../../../runner/plan/indexes.ts';
import { makePlan } from '../../../../runner/plan/make-plan.ts';
import { configuredMark, indexHash, indexName } from '../../../../runner/plan/names.ts';
import { boundsQuery, planPartitions } from '../../../../runner/plan/partitions.ts';
import { plainDesign } from '../../../../runner/plan/plain-design.ts';
import { planReconcile } from '../../../../runner/plan/reconcile.ts';
import type { BuildStep, IndexState, RelationState } from '../../../../runner/plan/types.ts';
import { model, project } from '../../../support/manifest.ts';

const relation = { schema: 'gold', identifier: 't' };
const index = (parts: Partial<IndexConfig> = {}): IndexConfig => ({
  columns: ['a'],
  unique: false,
  type: undefined,
  ...parts,
});

function stepOf(
  design: Partial<PhysicalDesign> = {},
  indexes: readonly IndexConfig[] = [],
): BuildStep {
  const node = model('t', {
    schema: 'gold',
    sql: 'select 1 as a',
    indexes,
    design: { ...plainDesign, ...design },
  });
  const catalog = { schemas: new Set<string>(['gold']), relations: new Map() };
  const selected = new Set([node.uniqueId]);
  const [step] = makePlan({ ...project([node]), selected, catalog, verb: 'run' }).steps;
  if (step?.kind !== 'build') throw new Error('no step');
  return step;
}

const table: RelationState = {
  oid: 10,
  kind: 'table',
  columns: [{ name: 'a', type: 'integer', notNull: false, comment: undefined }],
  indexes: [],
  constraints: [],
  dependents: [],
  grants: [],
  owner: 'me',
  comment: undefined,
  options: [],
  definition: undefined,
};

describe('runner/plan: physical design', () => {
  it('writes every part of an index in the order that PostgreSQL asks', () => {
    const { sql } = createIndex(
      index({
        columns: ['a', 'lower(b)', '"C d" desc'],
        unique: true,
        type: 'btree',
        include: ['e"f'],
        nullsNotDistinct: true,
        storageParameters: { fillfactor: '70' },
        tablespace: 'fast',
        where: 'a > 0',
      }),
      'i',
      relation,
      'concurrently',
    );
    equal(
      sql,
      'create unique index concurrently "i" on "gold"."t" using "btree" ("a", lower(b), "C d" desc) ' +
        'include ("e""f") nulls not distinct with ("fillfactor" = \'70\') tablespace "fast" where a > 0',
    );
  });

  it('tells names from SQL', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['id', '"id"'],
      ['Größe', '"Größe"'],
      ['"Camel Case"', '"Camel Case"'],
      ['"a""b"', '"a""b"'],
      ['lower(a)', 'lower(a)'],
      ['a desc', 'a desc'],
    ];
    for (const [given, sql] of cases) equal(columnOrSql(given), sql);
  });

  it('gives an index a name that outlives keys it does not have, and another for each that it has', () => {
    const plain = indexName(relation, index());
    equal(plain, 't__idx_1887d48d49a6');
    equal(indexName(relation, index({ where: undefined, include: undefined })), plain);
    const others = [
      index({ where: 'a > 0' }),
      index({ where: 'a > 1' }),
      index({ include: ['a'] }),
      index({ unique: true }),
      index({ nullsNotDistinct: true }),
    ].map((one) => indexName(relation, one));
    equal(new Set([plain, ...others]).size, 6);
    equal(indexName(relation, index({ name: 'own' })), 'own');
  });

  it('makes what is missing, drops what a config made before, and leaves what it did not make', () => {
    const own = index({ name: 'own' });
    const there = (name: string, comment?: string): IndexState => ({
      name,
      unique: false,
      columns: ['a'],
      tail: 'USING btree (a)',
      comment,
    });
    const current = {
      ...table,
      indexes: [
        there('by_hand'),
        there('t__idx_000000000000'),
        there('own', configuredMark(indexHash(own))),
        there('once', configuredMark(indexHash(own))),
      ],
    };
    const kept = indexChanges(stepOf({}, [own]), current);
    deepEqual(kept.missing, []);
    deepEqual(
      kept.obsolete.map(({ name }) => name),
      ['t__idx_000000000000', 'once'],
    );
    const changed = indexChanges(stepOf({}, [{ ...own, where: 'a > 0' }]), current);
    deepEqual(
      changed.missing.map(({ name }) => name),
      ['own'],
    );
    deepEqual(
      changed.obsolete.map(({ name }) => name),
      ['t__idx_000000000000', 'own', 'once'],
    );
  });

  it('makes and drops indexes of a live table concurrently, once the rows are committed', () => {
    const name = indexName(relation, index());
    const made = planReconcile(stepOf({}, [index()]), table);
    deepEqual(made.inside, []);
    deepEqual(
      made.after.map(({ sql }) => sql),
      [
        `drop index concurrently if exists "gold"."${name}"`,
        `create index concurrently "${name}" on "gold"."t" using "btree" ("a")`,
      ],
    );
    const there = { name, unique: false, columns: ['a'], tail: 'USING btree (a)' };
    deepEqual(
      planReconcile(stepOf(), { ...table, indexes: [there] }).after.map(({ sql }) => sql),
      [`drop index concurrently if exists "gold"."${name}"`],
    );
  });

  it('changes nothing of a live table that is as the config says', () => {
    const configured = index();
    const step = stepOf({ storageParameters: { fillfactor: '70' }, grants: { select: ['ann'] } }, [
      configured,
    ]);
    const grant = { grantee: 'ann', privilege: 'select', column: undefined, grantable: false };
    const name = indexName(relation, configured);
    const current = {
      ...table,
      options: ['fillfactor=70'],
      grants: [grant],
      indexes: [{ name, unique: false, columns: ['a'], tail: 'USING btree (a)' }],
    };
    deepEqual(planReconcile(step, current), { before: [], inside: [], after: [] });
  });

  it('stages in one statement, or empty, then what comes between, then the rows', () => {
    deepEqual(
      stepOf().stage.map(({ sql }) =>
        sql
          .replace(/^\/\*.*?\*\/ /, '')
          .split(' ', 2)
          .join(' '),
      ),
      ['create table'],
    );
    const step = stepOf({
      fill: 'insert',
      columnStorage: { a: 'external' },
      afterCreate: [
        { sql: "select create_distributed_table('{{ this }}', 'a')", transaction: true },
      ],
      preHooks: [
        { sql: 'first', transaction: true },
        { sql: 'outside', transaction: false },
      ],
      sqlHeader: 'set local x = 1',
    });
    const staged = `"gold"."${step.staged.identifier}"`;
    deepEqual(
      step.stage.map(({ sql }) => sql.replace(/^\/\*.*?\*\/ /, '')),
      [
        'outside',
        'begin',
        'first',
        'set local x = 1',
        `create table ${staged} as\nselect 1 as a\nwith no data`,
        `alter table ${staged} alter column "a" set storage external`,
        "select create_distributed_table('{{ this }}', 'a')",
        `insert into ${staged}\nselect 1 as a`,
        'commit',
      ],
    );
    equal(step.stage.find(({ hook }) => hook?.on === 'staged')?.hook?.label, 'after_create');
  });

  it('asks for the bounds of partitions and makes them, the default one last', () => {
    const list = {
      type: 'list',
      column: 'a',
      interval: undefined,
      partitions: undefined,
      hasDefault: true,
    } as const;
    equal(boundsQuery(list, 'f'), 'select distinct "a"::text as value from f order by 1');
    const step = stepOf({ partitioning: list });
    deepEqual(
      planPartitions(step, list, [["O'Hara"], [null]]).map(({ sql }) =>
        sql.replace(/^.* partition of \S+ /, ''),
      ),
      ["for values in ('O''Hara')", 'for values in (null)', 'default'],
    );
    const range = { ...list, type: 'range', interval: 'quarter', hasDefault: false } as const;
    match(boundsQuery(range, 'f'), /date_trunc\('quarter', "a"\).*interval '3 months'/);
    throws(
      () => planPartitions(step, range, [[null, null]]),
      /have no `a`, and no partition takes them/,
    );
  });

  it('lets a type without a modifier stand for one with, and never one for another', () => {
    const column = (name: string, typeId: number, modifier: number, type: string) => ({
      name,
      typeId,
      modifier,
      type,
    });
    const numeric = (modifier: number) => [column('n', 1700, modifier, `numeric ${modifier}`)];
    equal(compareContract(numeric(-1), numeric(5)), undefined);
    equal(compareContract(numeric(5), numeric(-1)), undefined);
    equal(compareContract(numeric(5), numeric(5)), undefined);
    match(compareContract(numeric(5), numeric(6)) ?? '', /another length or precision/);
    match(compareContract(numeric(5), []) ?? '', /missing in the query/);
    match(compareContract([], numeric(5)) ?? '', /missing in the contract/);
    match(compareContract(numeric(-1), [column('n', 25, -1, 'text')]) ?? '', /another type/);
  });
});
