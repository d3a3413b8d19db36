// Manifest, graph, selection and catalog -> Plan. Pure: the same input gives the same plan.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type {
  Buildable,
  Manifest,
  Model,
  Node,
  NodeId,
  RelationName,
  Snapshot,
  Test,
  UnitTest,
} from '../compile/types.ts';
import type { Graph } from '../graph/types.ts';
import { schemaGrants } from './grants.ts';
import { deltaPlanner } from './incremental.ts';
import { completeStage, mergeOf, stageMerge, stageWhole } from './merges.ts';
import { planFinish } from './plan-finish.ts';
import { planPublication } from './publication.ts';
import { postHooksOf, seedOptions } from './stage.ts';
import {
  dropRelation,
  fillMaterializedView,
  finishingOf,
  kindOfStep,
  nodesOf,
  quoteRelation,
  testQuery,
} from './statements.ts';
import type {
  BuildStep,
  Catalog,
  Plan,
  PublishedStep,
  RelationState,
  Statement,
  Step,
  TestStep,
  UnitTestStep,
} from './types.ts';

/** What a plan is made from. */
export interface PlanInput {
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly selected: ReadonlySet<NodeId>;
  readonly catalog: Catalog;
  /** `run` builds models, `seed` seeds, `test` only tests, `build` all three. */
  readonly verb: 'build' | 'run' | 'test' | 'seed' | 'snapshot';
}

/** Tests by the way in which the plan runs them. */
interface TestPlaces {
  /** Tests on the stage of the node that owns them. */
  readonly audits: ReadonlyMap<NodeId, readonly Test[]>;
  /** Tests on published relations. */
  readonly standing: readonly Test[];
}

/** Makes the plan of a run; a node that is not in its selection is never touched. */
export function makePlan(input: PlanInput): Plan {
  const { manifest, graph } = input;
  const built = graph.order
    .map((id) => manifest.nodes.get(id))
    .filter((node) => node !== undefined)
    .filter((node): node is Buildable => isBuilt(node, input));
  const builtIds = new Set(built.map((node) => node.uniqueId));
  const tests = placeTests(input, builtIds);
  const gates = gatesOf(input, tests.standing, builtIds);
  const names = built.map((node) => quoteRelation(node.relation));
  const steps: Step[] = built.map((node, index) =>
    planBuild(input, node, {
      audits: tests.audits.get(node.uniqueId) ?? [],
      after: afterOf(node.uniqueId, input, builtIds, tests, gates),
      pending: new Set(names.slice(index + 1)),
    }),
  );
  steps.push(...planTests(input, tests.standing, builtIds));
  steps.push(...unitTestsOf(input).map((test) => planUnitTest(input, test, builtIds)));
  return {
    cleanup: planCleanup(input),
    schemas: [
      ...planSchemas(
        [...built.map(({ relation }) => relation), ...storedRelations(tests)],
        input.catalog,
      ),
      ...schemaGrants(built, input.catalog),
    ],
    steps: orderSteps(steps, graph),
  };
}

function isBuilt(node: Node, { selected, verb }: PlanInput): boolean {
  if (!selected.has(node.uniqueId) || verb === 'test') return false;
  if (node.kind === 'model') {
    return (verb === 'build' || verb === 'run') && node.materialized !== 'ephemeral';
  }
  return verb === 'build' ? isBuildable(node) : node.kind === verb;
}

function isBuildable(node: Node): node is Buildable {
  return node.kind === 'model' || node.kind === 'seed' || node.kind === 'snapshot';
}

/** A test on nodes of this run belongs to the last of them: by then the others are published. */
function placeTests(input: PlanInput, builtIds: ReadonlySet<NodeId>): TestPlaces {
  const audits = new Map<NodeId, Test[]>();
  const standing: Test[] = [];
  if (input.verb !== 'build' && input.verb !== 'test') return { audits, standing };
  for (const id of input.graph.order) {
    const node = input.manifest.nodes.get(id);
    if (node?.kind !== 'test' || !input.selected.has(id)) continue;
    const owner = input.graph.order.findLast(
      (parent) => builtIds.has(parent) && node.dependsOn.includes(parent),
    );
    if (owner === undefined) standing.push(node);
    else audits.set(owner, [...(audits.get(owner) ?? []), node]);
  }
  return { audits, standing };
}

/** For each node below a parent of a standing test of severity error: the tests that it waits for. */
function gatesOf(
  { graph, verb }: PlanInput,
  standing: readonly Test[],
  builtIds: ReadonlySet<NodeId>,
): ReadonlyMap<NodeId, readonly NodeId[]> {
  const rank = new Map(graph.order.map((id, index) => [id, index]));
  const gates = new Map<NodeId, NodeId[]>();
  if (verb !== 'build') return gates;
  for (const test of standing) {
    if (test.severity !== 'error') continue;
    const awaited = [...nearestBuilt([test.uniqueId], graph, builtIds)];
    const last = Math.max(-1, ...awaited.map((id) => rank.get(id) ?? -1));
    for (const id of reach(test.dependsOn, graph.children)) {
      // What the test waits for cannot wait for the test: gates lead only up the order.
      if ((rank.get(id) ?? -1) <= last) continue;
      gates.set(id, [...(gates.get(id) ?? []), test.uniqueId]);
    }
  }
  return gates;
}

function afterOf(
  id: NodeId,
  input: PlanInput,
  builtIds: ReadonlySet<NodeId>,
  tests: TestPlaces,
  gates: ReadonlyMap<NodeId, readonly NodeId[]>,
): readonly NodeId[] {
  const { graph } = input;
  const after = new Set(nearestBuilt([id], graph, builtIds));
  for (const test of tests.audits.get(id) ?? []) {
    for (const ancestor of nearestBuilt([test.uniqueId], graph, builtIds)) after.add(ancestor);
  }
  for (const gate of gates.get(id) ?? []) after.add(gate);
  for (const test of unitTestsOf(input)) if (test.model === id) after.add(test.uniqueId);
  after.delete(id);
  return [...after].sort();
}

/** Walks up from nodes to the nearest that the run builds, through those that it does not. */
function nearestBuilt(
  from: readonly NodeId[],
  graph: Graph,
  builtIds: ReadonlySet<NodeId>,
): ReadonlySet<NodeId> {
  const found = new Set<NodeId>();
  const seen = new Set<NodeId>();
  const open = from.flatMap((id) => graph.parents.get(id) ?? []);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (builtIds.has(id)) found.add(id);
    else open.push(...(graph.parents.get(id) ?? []));
  }
  return found;
}

function reach(
  from: readonly NodeId[],
  next: ReadonlyMap<NodeId, readonly NodeId[]>,
): ReadonlySet<NodeId> {
  const seen = new Set<NodeId>();
  const open = from.flatMap((id) => next.get(id) ?? []);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(next.get(id) ?? []));
  }
  return seen;
}

function planBuild(
  { catalog }: PlanInput,
  node: Buildable,
  links: {
    readonly audits: readonly Test[];
    readonly after: readonly NodeId[];
    readonly pending: ReadonlySet<string>;
  },
): BuildStep {
  const current = catalog.relations.get(quoteRelation(node.relation));
  const isModel = node.kind === 'model';
  const materialized = materializationOf(node);
  const kind = kindOfStep({ materialized });
  const published: PublishedStep = {
    node: node.uniqueId,
    relation: node.relation,
    staged: node.staged,
    retired: node.retired,
    materialized,
    finishing: finishingOf(node),
    viewSql: viewSqlOf(node),
    publishInPlace: node.publishInPlace ?? false,
    onConfigurationChange: (isModel ? node.onConfigurationChange : undefined) ?? 'apply',
  };
  const common = {
    kind: 'build',
    ...published,
    after: links.after,
    ...(node.isLate && { isLate: true as const }),
    discard: [dropRelation(node.staged, kind, 'drop the stage')],
    isFullRefresh: isModel && node.isFullRefresh === true,
    ...postHooksOf(published),
    fill: isModel && materialized === 'materialized-view' ? [fillMaterializedView(node)] : [],
  } as const;
  if (isModel && node.isOwnKind) return planOwnKind(common, links.audits);
  const delta = mergeOf(node, current);
  if (delta !== undefined && current !== undefined) {
    const input = { step: published, delta, current, staged: undefined, facts: undefined };
    const facts = deltaPlanner.askFacts(input);
    return {
      ...common,
      ...stageMerge(node, delta),
      ...(node.isLate && { stage: [] }),
      load: undefined,
      finish: facts === undefined ? [] : [facts],
      // The table itself is tested, once the rows are in it and before the commit.
      audits: links.audits.map((test) => testQuery(test)),
      auditsInPlace: [],
      publication: deltaPlanner.planMerge(input),
    };
  }
  return {
    ...common,
    ...stageWhole(node, published, current),
    ...(node.isLate && { stage: [] }),
    load:
      node.kind === 'seed'
        ? {
            path: node.path,
            delimiter: node.delimiter,
            columnTypes: node.columnTypes,
            isQuoted: node.isQuoted ?? false,
            ...seedOptions(published, current),
          }
        : undefined,
    finish: planFinish(published, current, undefined),
    audits: links.audits.map((test) => testQuery(test, node.uniqueId)),
    auditsInPlace:
      materialized === 'materialized-view' ? links.audits.map((test) => testQuery(test)) : [],
    publication: planPublication({
      step: published,
      current,
      staged: undefined,
      retired: stillRead(catalog, node),
      pending: links.pending,
      preferInPlace: false,
    }),
  };
}

function materializationOf(node: Buildable): BuildStep['materialized'] {
  if (node.kind === 'seed') return 'seed';
  if (node.kind === 'snapshot') return 'table';
  return materializations.get(node.materialized) ?? 'table';
}

/** What it does is known only once its materialization runs. */
function planOwnKind(
  common: Omit<
    BuildStep,
    'stage' | 'load' | 'finish' | 'audits' | 'auditsInPlace' | 'publication' | 'postHooks'
  >,
  audits: readonly Test[],
): BuildStep {
  return {
    ...common,
    isOwnKind: true,
    stage: [],
    load: undefined,
    finish: [],
    audits: audits.map((test) => testQuery(test)),
    auditsInPlace: [],
    publication: { kind: 'create', prepare: [], statements: [] },
    discard: [],
  };
}

/** Any other materialization is refused before a plan is made. */
const materializations: ReadonlyMap<string, BuildStep['materialized']> = new Map([
  ['view', 'view'],
  ['table', 'table'],
  ['incremental', 'table'],
  ['materialized_view', 'materialized-view'],
]);

const unitTests = new WeakMap<PlanInput, readonly UnitTest[]>();

/** The unit tests of a run; asked for once for each node. */
function unitTestsOf(input: PlanInput): readonly UnitTest[] {
  const known = unitTests.get(input);
  if (known !== undefined) return known;
  const { manifest, selected, verb } = input;
  const isRun = verb === 'build' || verb === 'test';
  const found = [...manifest.nodes.values()].filter(
    (node): node is UnitTest => isRun && node.kind === 'unit-test' && selected.has(node.uniqueId),
  );
  unitTests.set(input, found);
  return found;
}

/** Before its model, and after what the model reads: from there it knows the types of columns. */
function planUnitTest(
  { graph }: PlanInput,
  { uniqueId, model, compiledSql, isLate }: UnitTest,
  builtIds: ReadonlySet<NodeId>,
): UnitTestStep {
  const after = [...nearestBuilt([model], graph, builtIds)].sort();
  return { kind: 'unit-test', node: uniqueId, after, sql: compiledSql, isLate };
}

function viewSqlOf(node: Buildable): string | undefined {
  return node.kind === 'model' && node.materialized === 'view' ? node.compiledSql : undefined;
}

/**
 * Gives a late step the SQL that was made for it.
 * @throws {UserError} where the SQL was made for another state of the table than the plan was.
 */
export function completeBuild(
  step: BuildStep,
  node: Model | Snapshot,
  current: RelationState | undefined,
): BuildStep {
  const { isLate: _, ...rest } = step;
  if (step.isOwnKind) return rest;
  const staging = completeStage(step, node, current);
  return { ...rest, ...staging, viewSql: viewSqlOf(node) };
}

/** Tests of one relation that wait for the same steps are one step, so that they share a scan. */
function planTests(
  { graph }: PlanInput,
  standing: readonly Test[],
  builtIds: ReadonlySet<NodeId>,
): readonly TestStep[] {
  const groups = new Map<string, TestStep>();
  for (const test of standing) {
    const after = [...nearestBuilt([test.uniqueId], graph, builtIds)].sort();
    const query = testQuery(test);
    const key = JSON.stringify([query.shape?.from ?? test.uniqueId, after]);
    const group = groups.get(key);
    groups.set(key, {
      kind: 'test',
      node: group?.node ?? test.uniqueId,
      after,
      queries: [...(group?.queries ?? []), query],
    });
  }
  return [...groups.values()];
}

/** Left-overs of any node, selected or not: a stage that reads a relation would hinder its swap. */
function planCleanup({ manifest, catalog, verb }: PlanInput): readonly Statement[] {
  const drops: { readonly order: number; readonly statement: Statement }[] = [];
  for (const node of manifest.nodes.values()) {
    const built = node.kind === 'test' ? node.stored : 'staged' in node ? node : undefined;
    // A run of tests writes nothing but what its tests keep.
    if (built === undefined || (verb === 'test' && node.kind !== 'test')) continue;
    for (const relation of [built.staged, built.retired]) {
      const state = catalog.relations.get(quoteRelation(relation));
      if (state === undefined) continue;
      if (relation === built.retired && stillRead(catalog, built)) continue;
      const statement = dropRelation(relation, state.kind, 'drop what a killed run left');
      // Views first: a staged view may read a staged or retired table.
      drops.push({ order: state.kind === 'table' ? 1 : 0, statement });
    }
  }
  return drops.sort((a, b) => a.order - b.order).map((drop) => drop.statement);
}

/** The retired relation of a node, where something that is no left-over itself still reads it. */
function stillRead(catalog: Catalog, node: Pick<Buildable, 'retired'>): RelationState | undefined {
  const retired = catalog.relations.get(quoteRelation(node.retired));
  return retired && retired.dependents.length > 0 ? retired : undefined;
}

/** The relations in which the tests of this run keep failing rows. */
function storedRelations({ audits, standing }: TestPlaces): readonly RelationName[] {
  return [...[...audits.values()].flat(), ...standing].flatMap(({ stored }) =>
    stored === undefined ? [] : [stored.relation],
  );
}

function planSchemas(relations: readonly RelationName[], catalog: Catalog): readonly Statement[] {
  const schemas = new Set(relations.map(({ schema }) => schema));
  return [...schemas]
    .filter((schema) => !catalog.schemas.has(schema))
    .sort()
    .map((schema) => ({
      sql: `create schema if not exists ${quoteIdentifier(schema)}`,
      purpose: `schema ${schema}`,
    }));
}

/** Orders steps so that each follows those it needs, and else as the graph has them. */
function orderSteps(steps: readonly Step[], graph: Graph): readonly Step[] {
  const rank = new Map(graph.order.map((id, index) => [id, index]));
  const waiting = [...steps].sort((a, b) => (rank.get(a.node) ?? 0) - (rank.get(b.node) ?? 0));
  const ids = new Set(steps.flatMap(nodesOf));
  const done = new Set<NodeId>();
  const ordered: Step[] = [];
  while (waiting.length > 0) {
    const at = waiting.findIndex((step) => step.after.every((id) => done.has(id) || !ids.has(id)));
    const [step] = waiting.splice(Math.max(at, 0), 1);
    if (step === undefined) break;
    ordered.push(step);
    for (const id of nodesOf(step)) done.add(id);
  }
  return ordered;
}
