// Manifest, graph, selection and catalog -> Plan. Pure: the same input gives the same plan.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { Buildable, Manifest, Node, NodeId, Test } from '../compile/types.ts';
import type { Graph } from '../graph/types.ts';
import { schemaGrants } from './grants.ts';
import { planFinish } from './plan-finish.ts';
import { planPublication } from './publication.ts';
import { postHooksOf, seedOptions, seedStage, stageStatements } from './stage.ts';
import { dropRelation, finishingOf, quoteRelation, testQuery } from './statements.ts';
import type {
  BuildStep,
  Catalog,
  Plan,
  PublishedStep,
  RelationState,
  Statement,
  Step,
  TestStep,
} from './types.ts';

/** What a plan is made from. */
export interface PlanInput {
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly selected: ReadonlySet<NodeId>;
  readonly catalog: Catalog;
  /** `run` builds models, `seed` seeds, `test` only tests, `build` all three. */
  readonly verb: 'build' | 'run' | 'test' | 'seed';
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
  for (const test of tests.standing) steps.push(planTest(input, test, builtIds));
  return {
    cleanup: planCleanup(input),
    schemas: [...planSchemas(built, input.catalog), ...schemaGrants(built, input.catalog)],
    steps: orderSteps(steps, graph),
  };
}

function isBuilt(node: Node, { selected, verb }: PlanInput): boolean {
  if (!selected.has(node.uniqueId) || verb === 'test') return false;
  if (node.kind === 'model') return verb !== 'seed';
  return node.kind === 'seed' && verb !== 'run';
}

/** A test on nodes of this run belongs to the last of them: by then the others are published. */
function placeTests(input: PlanInput, builtIds: ReadonlySet<NodeId>): TestPlaces {
  const audits = new Map<NodeId, Test[]>();
  const standing: Test[] = [];
  if (input.verb === 'run' || input.verb === 'seed') return { audits, standing };
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
  { graph }: PlanInput,
  builtIds: ReadonlySet<NodeId>,
  tests: TestPlaces,
  gates: ReadonlyMap<NodeId, readonly NodeId[]>,
): readonly NodeId[] {
  const after = new Set(nearestBuilt([id], graph, builtIds));
  for (const test of tests.audits.get(id) ?? []) {
    for (const ancestor of nearestBuilt([test.uniqueId], graph, builtIds)) after.add(ancestor);
  }
  for (const gate of gates.get(id) ?? []) after.add(gate);
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
  // Any other materialization is refused before a plan is made.
  const ofModel = isModel && node.materialized === 'view' ? 'view' : 'table';
  const materialized = isModel ? ofModel : 'seed';
  const published: PublishedStep = {
    node: node.uniqueId,
    relation: node.relation,
    staged: node.staged,
    retired: node.retired,
    materialized,
    finishing: finishingOf(node),
    viewSql: isModel && node.materialized === 'view' ? node.compiledSql : undefined,
  };
  return {
    kind: 'build',
    ...published,
    after: links.after,
    stage: isModel ? stageStatements(node, published, current) : seedStage(published),
    load: isModel
      ? undefined
      : {
          path: node.path,
          delimiter: node.delimiter,
          columnTypes: node.columnTypes,
          ...seedOptions(published, current),
        },
    finish: planFinish(published, current, undefined),
    audits: links.audits.map((test) =>
      testQuery(test, test.stagedSql[node.uniqueId] ?? test.compiledSql),
    ),
    ...postHooksOf(published),
    publication: planPublication({
      step: published,
      current,
      staged: undefined,
      retired: stillRead(catalog, node),
      pending: links.pending,
      preferInPlace: false,
    }),
    discard: [
      dropRelation(node.staged, materialized === 'view' ? 'view' : 'table', 'drop the stage'),
    ],
  };
}

function planTest(input: PlanInput, test: Test, builtIds: ReadonlySet<NodeId>): TestStep {
  return {
    kind: 'test',
    node: test.uniqueId,
    after: [...nearestBuilt([test.uniqueId], input.graph, builtIds)].sort(),
    query: testQuery(test, test.compiledSql),
  };
}

/** Left-overs of any node, selected or not: a stage that reads a relation would hinder its swap. */
function planCleanup({ manifest, catalog, verb }: PlanInput): readonly Statement[] {
  if (verb === 'test') return [];
  const drops: { readonly order: number; readonly statement: Statement }[] = [];
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'model' && node.kind !== 'seed') continue;
    for (const relation of [node.staged, node.retired]) {
      const state = catalog.relations.get(quoteRelation(relation));
      if (state === undefined) continue;
      if (relation === node.retired && stillRead(catalog, node)) continue;
      const statement = dropRelation(relation, state.kind, 'drop what a killed run left');
      // Views first: a staged view may read a staged or retired table.
      drops.push({ order: state.kind === 'view' ? 0 : 1, statement });
    }
  }
  return drops.sort((a, b) => a.order - b.order).map((drop) => drop.statement);
}

/** The retired relation of a node, where something that is no left-over itself still reads it. */
function stillRead(catalog: Catalog, node: Buildable): RelationState | undefined {
  const retired = catalog.relations.get(quoteRelation(node.retired));
  return retired && retired.dependents.length > 0 ? retired : undefined;
}

function planSchemas(built: readonly Buildable[], catalog: Catalog): readonly Statement[] {
  const schemas = new Set(built.map((node) => node.relation.schema));
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
  const ids = new Set(steps.map((step) => step.node));
  const done = new Set<NodeId>();
  const ordered: Step[] = [];
  while (waiting.length > 0) {
    const at = waiting.findIndex((step) => step.after.every((id) => done.has(id) || !ids.has(id)));
    const [step] = waiting.splice(Math.max(at, 0), 1);
    if (step === undefined) break;
    ordered.push(step);
    done.add(step.node);
  }
  return ordered;
}
