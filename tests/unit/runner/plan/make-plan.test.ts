import { deepEqual, equal } from 'node:assert/strict';
import type { Node, NodeId } from '../../../../runner/compile/types.ts';
import { makePlan, type PlanInput } from '../../../../runner/plan/make-plan.ts';
import type { BuildStep, Catalog, Plan, RelationState } from '../../../../runner/plan/types.ts';
import {
  dataTest,
  model,
  modelId,
  project,
  seed,
  source,
  testId,
} from '../../../support/manifest.ts';

const nothing: Catalog = { schemas: new Set(), relations: new Map() };
const state: RelationState = {
  oid: 1,
  kind: 'table',
  columns: [],
  indexes: [],
  constraints: [],
  dependents: [],
  grants: [],
  owner: 'me',
  comment: undefined,
  options: [],
  definition: undefined,
};

function plan(nodes: readonly Node[], parts: Partial<PlanInput> & { only?: NodeId[] } = {}): Plan {
  const selected = new Set(parts.only ?? nodes.map((node) => node.uniqueId));
  return makePlan({ ...project(nodes), selected, catalog: nothing, verb: 'build', ...parts });
}

/** Each step with what it waits for and what it audits, shortened to names. */
function outline(made: Plan): string[] {
  const short = (id: NodeId) => id.replace(/^\w+\.shop\./, '');
  return made.steps.map((step) => {
    const after = step.after.length > 0 ? ` after ${step.after.map(short).join(' ')}` : '';
    const audits = step.kind === 'build' ? step.audits.map((audit) => short(audit.test)) : [];
    return `${step.kind} ${short(step.node)}${after}${audits.length > 0 ? ` audits ${audits.join(' ')}` : ''}`;
  });
}

function buildStep(made: Plan, id: NodeId): BuildStep {
  const step = made.steps.find((candidate) => candidate.node === id);
  if (step?.kind !== 'build') throw new Error(`no build step ${id}`);
  return step;
}

describe('runner/plan/make-plan', () => {
  const raw = source('raw', 'bronze');
  const codes = seed('codes', 'silver');
  const a = model('a', { schema: 'silver', sql: 'select 1', dependsOn: [raw.uniqueId] });
  const b = model('b', {
    schema: 'silver',
    sql: 'select 2',
    materialized: 'view',
    dependsOn: [a.uniqueId, codes.uniqueId],
  });
  const c = model('c', { schema: 'gold', sql: 'select 3', dependsOn: [b.uniqueId] });
  const onA = dataTest('on_a', 'select * from {a}', [a]);
  const onBoth = dataTest('on_both', 'select * from {a} join {c}', [a, c]);
  const onRaw = dataTest('on_raw', 'select * from {raw}', [raw]);
  const nodes = [raw, codes, a, b, c, onRaw, onA, onBoth];

  it('audits each test on the last of its parents and gates with tests on what it does not build', () => {
    deepEqual(outline(plan(nodes)), [
      'build codes',
      'test on_raw',
      'build a after on_raw audits on_a',
      'build b after a codes on_raw',
      'build c after a b on_raw audits on_both',
    ]);
  });

  it('reads the stage of the owner and the published relation of the other parents', () => {
    const [audit] = buildStep(plan(nodes), modelId('c')).audits;
    equal(audit?.rowsSql, `select * from "silver"."a" join "gold"."${c.staged.identifier}"`);
    equal(
      audit?.sql,
      '/* {"app":"fundlens","node_id":"test.shop.on_both"} */ select count(*) as failures, ' +
        'count(*) != 0 as should_warn, count(*) != 0 as should_error\nfrom (\n' +
        `select * from "silver"."a" join "gold"."${c.staged.identifier}"\n) as dbt_internal_test`,
    );
    equal(audit?.sql.slice(audit.bodyOffset).startsWith('select * from "silver"'), true);
  });

  it('builds models only with `run`, seeds only with `seed`, nothing with `test`', () => {
    deepEqual(outline(plan(nodes, { verb: 'run' })), [
      'build a',
      'build b after a',
      'build c after b',
    ]);
    deepEqual(outline(plan(nodes, { verb: 'seed' })), ['build codes']);
    deepEqual(outline(plan(nodes, { verb: 'test' })), ['test on_raw', 'test on_a', 'test on_both']);
  });

  it('waits for the nearest selected ancestor through nodes that are not selected', () => {
    const only = [a.uniqueId, c.uniqueId, onBoth.uniqueId];
    deepEqual(outline(plan(nodes, { only })), ['build a', 'build c after a audits on_both']);
  });

  it('gates only with severity error, and never what the test itself waits for', () => {
    const warned = { ...onRaw, severity: 'warn' as const };
    deepEqual(outline(plan([raw, a, warned])), ['build a', 'test on_raw']);
    const unbuilt = model('u', { schema: 'silver', sql: 'select 1', dependsOn: [a.uniqueId] });
    const below = model('w', { schema: 'silver', sql: 'select 1', dependsOn: [unbuilt.uniqueId] });
    const onU = dataTest('on_u', 'select * from {u}', [unbuilt]);
    const only = [a.uniqueId, below.uniqueId, onU.uniqueId];
    deepEqual(outline(plan([a, unbuilt, below, onU], { only })), [
      'build a',
      'test on_u after a',
      'build w after a on_u',
    ]);
  });

  it('creates schemas that are missing and drops left-overs of any node first, views before tables', () => {
    const relations = new Map([
      [`"silver"."${a.staged.identifier}"`, state],
      [`"silver"."${b.staged.identifier}"`, { ...state, kind: 'view' as const }],
      [
        `"gold"."${c.retired.identifier}"`,
        { ...state, dependents: [{ kind: 'other' as const, description: 'view x' }] },
      ],
    ]);
    const made = plan(nodes, {
      only: [c.uniqueId],
      catalog: { schemas: new Set(['silver']), relations },
    });
    deepEqual(
      made.schemas.map(({ sql }) => sql),
      ['create schema if not exists "gold"'],
    );
    deepEqual(
      made.cleanup.map(({ sql }) => sql),
      [
        `drop view if exists "silver"."${b.staged.identifier}"`,
        `drop table if exists "silver"."${a.staged.identifier}"`,
      ],
    );
  });

  it('stages a table with the storage options that the published one has', () => {
    const relations = new Map([['"silver"."a"', { ...state, options: ['fillfactor=70'] }]]);
    const catalog = { schemas: new Set(['silver']), relations };
    equal(
      buildStep(plan([a], { catalog }), a.uniqueId).stage[0]?.sql,
      `/* {"app":"fundlens","node_id":"model.shop.a"} */ create table "silver"."${a.staged.identifier}" with ("fillfactor" = '70') as\nselect 1`,
    );
  });

  it('gives the same plan for the same input', () => {
    deepEqual(plan(nodes), plan(nodes));
    equal(testId('on_a'), onA.uniqueId);
  });
});
