// Projects written in a test whose templates ask the database: compiled when their turn comes, and run.

import type { Connection } from '../../core/connection.ts';
import { openDatabase } from '../../core/database.ts';
import { migrate } from '../../core/migrations.ts';
import { lateRun } from '../../runner/commands/late-steps.ts';
import { prepareCompilation } from '../../runner/compile/compile-project.ts';
import type { CompileInputs } from '../../runner/compile/inputs.ts';
import type { Manifest } from '../../runner/compile/types.ts';
import { type ExecuteOptions, executePlan } from '../../runner/execute/execute-plan.ts';
import { readCatalog } from '../../runner/execute/read-catalog.ts';
import type { RunResult } from '../../runner/execute/types.ts';
import { buildGraph } from '../../runner/graph/build-graph.ts';
import { deltaPlanner } from '../../runner/plan/incremental.ts';
import { makePlan, type PlanInput } from '../../runner/plan/make-plan.ts';
import { planFinish } from '../../runner/plan/plan-finish.ts';
import { planPublication } from '../../runner/plan/publication.ts';
import { planRefresh } from '../../runner/plan/refresh.ts';
import { testPlanning } from '../../runner/plan/stored-failures.ts';
import { runnerSchema } from '../../runner/state/schema.ts';
import { type Files, parseFiles, testInputs } from './project.ts';
import { plainAround } from './run-plan.ts';

/** How a run differs from `build` of everything. */
export interface LateProjectRun extends Partial<ExecuteOptions> {
  readonly inputs?: Partial<CompileInputs>;
  readonly verb?: PlanInput['verb'];
}

/** What came of a run, and the manifest that it ran. */
export interface LateProjectResult extends RunResult {
  readonly compiled: Manifest;
}

/** Compiles and builds a project; its target's schema is `dev`, and its database the connection's. */
export async function runLateProject(
  connection: Connection,
  files: Files,
  { inputs: given, verb = 'build', ...parts }: LateProjectRun = {},
): Promise<LateProjectResult> {
  const target = { ...testInputs.target, database: connection.database };
  const inputs = { ...testInputs, target, ...given };
  const database = openDatabase(connection, {
    applicationName: 'fundlens:test-run',
    maxClients: 6,
    signal: parts.signal,
  });
  try {
    const compilation = prepareCompilation(parseFiles(files, inputs), inputs, () => undefined);
    const { manifest } = compilation.project;
    const graph = buildGraph(manifest);
    const catalog = await database.withClient((client) => readCatalog(client, manifest));
    const selected = new Set(manifest.nodes.keys());
    const plan = makePlan({ manifest, graph, selected, catalog, verb });
    await migrate(connection, runnerSchema);
    const late = lateRun(
      { manifest, finish: compilation.finish },
      selected,
      catalog,
      async () => undefined,
    );
    const result = await executePlan(plan, {
      database,
      manifest: late.manifest,
      late: late.steps,
      threads: 2,
      planPublication,
      planFinish,
      deltaPlanner,
      planRefresh,
      testPlanning,
      around: plainAround,
      projectDir: '/nonexistent',
      compiledPath: (id) => `target/compiled/${id}.sql`,
      ...parts,
    });
    return { ...result, compiled: late.manifest };
  } finally {
    await database.close();
  }
}
