import { deepEqual, equal, match } from 'node:assert/strict';
import { makePlan } from '../../../../runner/plan/make-plan.ts';
import { planPublication } from '../../../../runner/plan/publication.ts';
import type {
  DependentView,
  Publication,
  PublicationInput,
  RelationState,
} from '../../../../runner/plan/types.ts';
import { model, project } from '../../../support/manifest.ts';

const integer = (name: string) => ({ name, type: 'integer', notNull: false, comment: undefined });
const table: RelationState = {
  oid: 10,
  kind: 'table',
  columns: [integer('a')],
  indexes: [],
  constraints: [],
  dependents: [],
  grants: [],
  owner: 'me',
  comment: undefined,
  options: [],
  definition: undefined,
};
const reader = (identifier: string, oid: number): DependentView => ({
  kind: 'view',
  relation: { schema: 'gold', identifier },
  oid,
  owner: 'O"Hara',
  definition: ' SELECT t.a FROM gold.t',
  options: ['security_barrier=true'],
  readsColumns: ['a'],
});
const node = model('t', { schema: 'gold', sql: 'select 1 as a' });

function decide(parts: Partial<PublicationInput>): Publication {
  const selected = new Set([node.uniqueId]);
  const catalog = { schemas: new Set<string>(), relations: new Map() };
  const [step] = makePlan({ ...project([node]), selected, catalog, verb: 'run' }).steps;
  if (step?.kind !== 'build') throw new Error('no step');
  return planPublication({
    step,
    current: table,
    staged: table,
    retired: undefined,
    pending: new Set(),
    preferInPlace: false,
    ...parts,
  });
}

const staged = `"gold"."${node.staged.identifier}"`;

describe('runner/plan/publication', () => {
  it('renames the stage where nothing is there', () => {
    const made = decide({ current: undefined });
    equal(made.kind, 'create');
    deepEqual(made.kind === 'create' && made.statements.map(({ sql }) => sql), [
      "set local lock_timeout = '100ms'",
      'set local search_path = pg_catalog',
      `alter table ${staged} rename to "t"`,
    ]);
  });

  it('locks views above first, then the table, and creates direct readers again with their options', () => {
    const made = decide({
      current: { ...table, dependents: [reader('low', 11), reader('high', 12)] },
    });
    if (made.kind !== 'swap') throw new Error(made.kind);
    deepEqual(
      made.statements.map(({ sql }) => sql),
      [
        "set local lock_timeout = '100ms'",
        'set local search_path = pg_catalog',
        'alter view "gold"."high" owner to "O""Hara"',
        'alter view "gold"."low" owner to "O""Hara"',
        'lock table only "gold"."t" in access exclusive mode',
        `alter table "gold"."t" rename to "${node.retired.identifier}"`,
        `alter table ${staged} rename to "t"`,
        `create or replace view "gold"."high" with ("security_barrier" = 'true') as\n SELECT t.a FROM gold.t`,
        `create or replace view "gold"."low" with ("security_barrier" = 'true') as\n SELECT t.a FROM gold.t`,
      ],
    );
    deepEqual(
      made.retire.map(({ sql }) => sql),
      [`drop table if exists "gold"."${node.retired.identifier}"`],
    );
  });

  it('never says cascade', () => {
    const others = [{ kind: 'other' as const, description: 'materialized view gold.m' }];
    for (const dependents of [[], [reader('v', 11)], others]) {
      equal(
        JSON.stringify(decide({ current: { ...table, dependents } })).includes('cascade'),
        false,
      );
    }
  });

  it('publishes in place what a swap would lose, and refuses where columns differ', () => {
    const current: RelationState = {
      ...table,
      dependents: [{ kind: 'other', description: 'function gold.f()' }],
    };
    const made = decide({ current });
    deepEqual(made.kind === 'in-place' && made.because, ['function gold.f()']);
    const refused = decide({ current, staged: { ...table, columns: [integer('b')] } });
    match(refused.kind === 'refuse' ? refused.reason : '', /`gold\.t`.*function gold\.f\(\)/);
  });

  it('refuses to break a view, but leaves one that this run still builds on the old table', () => {
    const current: RelationState = { ...table, dependents: [reader('v', 11)] };
    const changed = { ...table, columns: [{ ...integer('a'), type: 'bigint' }] };
    const refused = decide({ current, staged: changed });
    equal(
      refused.kind === 'refuse' ? refused.reason : refused.kind,
      '`gold.t` is not published: view `gold.v` reads column `a`, which turns from integer into bigint',
    );
    const left = decide({ current, staged: changed, pending: new Set(['"gold"."v"']) });
    if (left.kind !== 'swap') throw new Error(left.kind);
    deepEqual(left.left, [{ schema: 'gold', identifier: 'v' }]);
    equal(
      left.statements.some(({ sql }) => sql.includes('"v"')),
      false,
    );
  });

  it('does not touch a foreign table', () => {
    const refused = decide({ current: { ...table, kind: 'foreign-table' } });
    match(refused.kind === 'refuse' ? refused.reason : '', /is a foreign table/);
  });
});
