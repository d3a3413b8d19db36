// build, run, test, seed, snapshot: compile, select, plan, execute, report.

import { join } from 'node:path';
import { openDatabase } from '../../core/database.ts';
import { withLease } from '../../core/locks.ts';
import { migrate } from '../../core/migrations.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import type { Manifest } from '../compile/types.ts';
import { executePlan } from '../execute/execute-plan.ts';
import { readCatalog } from '../execute/read-catalog.ts';
import { deltaPlanner } from '../plan/incremental.ts';
import { makePlan } from '../plan/make-plan.ts';
import { planFinish } from '../plan/plan-finish.ts';
import { planPublication } from '../plan/publication.ts';
import { planRefresh } from '../plan/refresh.ts';
import { testPlanning } from '../plan/stored-failures.ts';
import type { Plan } from '../plan/types.ts';
import { compiledPath } from '../report/artifacts.ts';
import { formatPlan } from '../report/plan.ts';
import { isGood, reportProgress, reportResult } from '../report/progress.ts';
import { runnerSchema } from '../state/schema.ts';
import { selectFrom } from './choose-nodes.ts';
import { builtBy, deferReads } from './defer.ts';
import { lateRun } from './late-steps.ts';
import { loadProject } from './load-project.ts';
import { aroundOptions, projectHooks } from './project-hooks.ts';
import { recordRun } from './record-run.ts';
import { refuseUnbuildable } from './refuse-unbuildable.ts';
import type { SelectionOptions } from './types.ts';
import {
  writeCompiled,
  writeCompiledNode,
  writeManifest,
  writeRunResults,
} from './write-artifacts.ts';

/** Which kinds of node a command works on. */
export type Verb = 'build' | 'run' | 'test' | 'seed' | 'snapshot';

/** Options of the commands that execute a plan. */
export interface RunOptions extends SelectionOptions {
  /** Print the plan and do nothing. */
  readonly dryRun: boolean;
  /** Start no node after the first failure. */
  readonly failFast: boolean;
  /** A test that warns counts as one that fails. */
  readonly warnError?: boolean;
}

/** Runs the selected nodes of a project in dependency order. */
export async function runNodes(
  context: ProgramContext,
  verb: Verb,
  options: RunOptions,
): Promise<ExitCode> {
  const loaded = await loadProject(context, options, {
    WHICH: verb,
    FAIL_FAST: options.failFast,
  });
  const selected = selectFrom(loaded, options, context);
  const project = await deferReads(context, loaded, options, builtBy(verb, loaded, selected));
  const { parsed, manifest } = project;
  refuseUnbuildable({ parsed, manifest, selected, verb });
  const artifacts = await writeCompiled(project, options, selected);
  return withTarget<ExitCode>(project.request, async (target) => {
    const threads = options.threads ?? target.threads;
    const database = openDatabase(target.connection, {
      applicationName: `fundlens:runner:${verb}`,
      // One connection for the lease beside those of the threads.
      maxClients: threads + 2,
      signal: context.signal,
    });
    try {
      const perform = async (): Promise<ExitCode> => {
        const { graph } = project;
        const catalog = await database.withClient((client) => readCatalog(client, manifest));
        const plan = makePlan({ manifest, graph, selected, catalog, verb });
        if (options.dryRun) {
          context.reporter.result(formatPlan(plan, context.reporter.format));
          return 0;
        }
        if (remembersBatches(plan, manifest)) await migrate(target.connection, runnerSchema);
        const late = lateRun(project, selected, catalog, (node) =>
          writeCompiledNode(project, node),
        );
        const { manifest: compiled } = late;
        const ran = { ...project, manifest: compiled };
        const record = await recordRun(plan, reportProgress(manifest, context.reporter), (result) =>
          writeRunResults(ran, options, result),
        );
        const result = await executePlan(plan, {
          database,
          manifest: compiled,
          late: late.steps,
          threads,
          failFast: options.failFast,
          signal: context.signal,
          listener: record.listener,
          planPublication,
          planFinish,
          planRefresh,
          deltaPlanner,
          testPlanning,
          around: aroundOptions(project, compiled),
          runHooks: projectHooks(project, plan),
          projectDir: project.projectDir,
          compiledPath: (id) => artifacts.shownPath(compiledPath(manifest, id)),
        });
        await record.close();
        if (late.hasFinished()) await writeManifest(ran, options);
        await writeRunResults(ran, options, result);
        reportResult(manifest, result, context.reporter);
        if (result.interrupted) return 130;
        const warned = result.outcomes.some(({ status }) => status === 'warn');
        return isGood(result) && !(warned && options.warnError === true) ? 0 : 1;
      };
      // A dry run writes nothing and need not wait for one that does.
      return options.dryRun ? await perform() : await withLease(database, 'runner', perform);
    } finally {
      await database.close();
    }
  });
}

/** What is built of a microbatch model is remembered in a schema of the runner's own. */
function remembersBatches(plan: Plan, manifest: Manifest): boolean {
  return plan.steps.some((step) => {
    const node = manifest.nodes.get(step.node);
    return node?.kind === 'model' && node.incremental?.strategy === 'microbatch';
  });
}

/** Folder of a project's artifacts. */
export function targetFolder(projectDir: string, targetPath: string): string {
  return join(projectDir, targetPath);
}
