// Runs a project that a test writes as files: compiled, planned and executed as a command would.

import { randomUUID } from 'node:crypto';
import type { Connection } from '../../core/connection.ts';
import { openDatabase } from '../../core/database.ts';
import type { CompileInputs } from '../../runner/compile/inputs.ts';
import type { Manifest, NodeId } from '../../runner/compile/types.ts';
import { type ExecuteOptions, executePlan } from '../../runner/execute/execute-plan.ts';
import { readCatalog } from '../../runner/execute/read-catalog.ts';
import type { Outcome, RunResult } from '../../runner/execute/types.ts';
import { buildGraph } from '../../runner/graph/build-graph.ts';
import { deltaPlanner } from '../../runner/plan/incremental.ts';
import { makePlan, type PlanInput } from '../../runner/plan/make-plan.ts';
import { planFinish } from '../../runner/plan/plan-finish.ts';
import { planPublication } from '../../runner/plan/publication.ts';
import { planRefresh } from '../../runner/plan/refresh.ts';
import { testPlanning } from '../../runner/plan/stored-failures.ts';
import { compileFiles, type Files, testInputs } from './project.ts';
import { plainAround } from './run-plan.ts';

/** How a run of files differs from `build` of everything. */
export interface ProjectParts extends Partial<ExecuteOptions> {
  readonly verb?: PlanInput['verb'];
  /** Names of the nodes to select; all where absent. */
  readonly only?: readonly string[];
  readonly inputs?: Partial<CompileInputs>;
  /** Every statement that a connection of the run was given, in order. */
  readonly heard?: string[];
}

/** What came of a run, by the names of nodes. */
export interface ProjectRun {
  readonly manifest: Manifest;
  readonly result: RunResult;
  statuses(): Record<string, string>;
  outcome(name: string): Outcome;
}

/** Compiles files for a schema of the database. */
export function compileFor(
  connection: Connection,
  schema: string,
  files: Files,
  inputs: Partial<CompileInputs> = {},
): Manifest {
  const target = { ...testInputs.target, database: connection.database, schema };
  return compileFiles(files, { target, invocationId: randomUUID(), ...inputs }).manifest;
}

/** Runs the project that the files are. */
export async function runFiles(
  connection: Connection,
  schema: string,
  files: Files,
  { verb = 'build', only, inputs, heard, ...parts }: ProjectParts = {},
): Promise<ProjectRun> {
  const manifest = compileFor(connection, schema, files, inputs);
  const database = openDatabase(connection, {
    applicationName: 'fundlens:test-run',
    maxClients: 6,
    signal: parts.signal,
  });
  const listening: typeof database = {
    ...database,
    withClient: (use) =>
      database.withClient((client) =>
        heard === undefined ? use(client) : use(hearing(client, heard)),
      ),
  };
  try {
    const graph = buildGraph(manifest);
    const nodes = [...manifest.nodes.values()];
    const chosen = nodes.filter((node) => only === undefined || only.includes(node.name));
    const selected = new Set<NodeId>(chosen.map((node) => node.uniqueId));
    const catalog = await database.withClient((client) => readCatalog(client, manifest));
    const plan = makePlan({ manifest, graph, selected, catalog, verb });
    const result = await executePlan(plan, {
      database: listening,
      manifest,
      threads: 1,
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
    return { manifest, result, ...readers(manifest, result) };
  } finally {
    await database.close();
  }
}

function readers(manifest: Manifest, result: RunResult) {
  const nameOf = (id: NodeId) => manifest.nodes.get(id)?.name ?? id;
  return {
    statuses: () =>
      Object.fromEntries(result.outcomes.map((it) => [nameOf(it.node), it.status] as const)),
    outcome: (name: string) => {
      const found = result.outcomes.find((it) => nameOf(it.node) === name);
      if (found === undefined) throw new Error(`no outcome for ${name}`);
      return found;
    },
  };
}

/** The client, whose statements are noted down. */
function hearing<Client extends { query: unknown }>(client: Client, heard: string[]): Client {
  return new Proxy(client, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key !== 'query') return value.bind(target);
      return (...args: readonly unknown[]) => {
        const [first] = args;
        const text =
          typeof first === 'object' && first !== null ? Reflect.get(first, 'text') : first;
        if (typeof text === 'string') heard.push(text);
        return Reflect.apply(value, target, args);
      };
    },
  });
}
