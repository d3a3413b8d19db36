// Runs hand-made nodes against a real database, as a command would.

import type { Connection } from '../../core/connection.ts';
import { type Database, openDatabase } from '../../core/database.ts';
import type { Node, NodeId } from '../../runner/compile/types.ts';
import type { AroundOptions } from '../../runner/execute/around.ts';
import { type ExecuteOptions, executePlan } from '../../runner/execute/execute-plan.ts';
import { readCatalog } from '../../runner/execute/read-catalog.ts';
import type { Outcome, RunResult } from '../../runner/execute/types.ts';
import { compareContract, describeTypes } from '../../runner/plan/contract.ts';
import { deltaPlanner } from '../../runner/plan/incremental.ts';
import { makePlan, type PlanInput } from '../../runner/plan/make-plan.ts';
import { planPartitions } from '../../runner/plan/partitions.ts';
import { planFinish } from '../../runner/plan/plan-finish.ts';
import { planPublication } from '../../runner/plan/publication.ts';
import { planRefresh } from '../../runner/plan/refresh.ts';
import { testPlanning } from '../../runner/plan/stored-failures.ts';
import type { Plan } from '../../runner/plan/types.ts';
import { project } from './manifest.ts';

/** How a test's run differs from `build` of everything. */
export interface RunParts extends Partial<ExecuteOptions> {
  readonly verb?: PlanInput['verb'];
  readonly only?: readonly NodeId[];
}

/** Reads the catalog and makes the plan of a run. */
export async function planNodes(
  database: Database,
  nodes: readonly Node[],
  { verb = 'build', only }: RunParts = {},
): Promise<Plan> {
  const { manifest, graph } = project(nodes);
  const selected = new Set(only ?? nodes.map((node) => node.uniqueId));
  const catalog = await database.withClient((client) => readCatalog(client, manifest));
  return makePlan({ manifest, graph, selected, catalog, verb });
}

/** Hooks of nodes made by hand are plain SQL. */
export const plainAround: AroundOptions = {
  newJournal: () => ({ add: () => undefined, replay: () => new Map() }),
  renderHook: ({ sql }) => ({ kind: 'done', value: sql }),
  materialize: () => ({ kind: 'done', value: undefined }),
  compareContract,
  describeTypes,
  planPartitions,
};

/** Builds nodes, all of them and with their tests where not told otherwise. */
export async function runNodes(
  connection: Connection,
  nodes: readonly Node[],
  parts: RunParts = {},
): Promise<RunResult> {
  const database = openDatabase(connection, {
    applicationName: 'fundlens:test-run',
    maxClients: 6,
    signal: parts.signal,
  });
  try {
    const plan = await planNodes(database, nodes, parts);
    return await executePlan(plan, {
      database,
      manifest: project(nodes).manifest,
      threads: 2,
      planPublication,
      planFinish,
      planRefresh,
      deltaPlanner,
      testPlanning,
      around: plainAround,
      projectDir: '/nonexistent',
      compiledPath: (id) => `target/compiled/${id}.sql`,
      ...parts,
    });
  } finally {
    await database.close();
  }
}

/** Returns the outcome of a node; a test that asks for one that is not there is wrong. */
export function outcomeOf(result: RunResult, node: NodeId): Outcome {
  const found = result.outcomes.find((outcome) => outcome.node === node);
  if (found === undefined) throw new Error(`no outcome for ${node}`);
  return found;
}

/** Returns each node's status, by the order in which they ended. */
export function statuses(result: RunResult): Record<NodeId, string> {
  return Object.fromEntries(result.outcomes.map(({ node, status }) => [node, status]));
}
