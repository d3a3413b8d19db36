// retry: runs again what failed, was skipped or was cancelled in the run before.

import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readProject } from './load-project.ts';
import { readJson } from './read-state.ts';
import { type RunOptions, runNodes, type Verb } from './run-nodes.ts';

const verbs = ['build', 'run', 'test', 'seed', 'snapshot'] as const satisfies readonly Verb[];
const resultsSchema = z.looseObject({
  args: z.looseObject({ which: z.string(), full_refresh: z.boolean().optional() }),
  results: z.array(z.looseObject({ unique_id: z.string(), status: z.string() })),
});
const good: ReadonlySet<string> = new Set(['success', 'pass', 'warn', 'no-op']);

/**
 * Runs the command of target/run_results.json again, on what did not end well.
 * @throws {UserError} where there is no such run.
 */
export async function retry(context: ProgramContext, options: RunOptions): Promise<ExitCode> {
  const { projectDir, file } = readProject(context, options);
  const path = join(file.paths.target, 'run_results.json');
  const parsed = resultsSchema.safeParse(readJson(projectDir, join(projectDir, path)));
  const which = verbs.find((verb) => verb === parsed.data?.args.which);
  if (!parsed.success || which === undefined) {
    throw new UserError('there is no run to take up again', {
      where: { path },
      hint: 'run `runner build` first',
    });
  }
  const { args, results } = parsed.data;
  const ids = results.filter(({ status }) => !good.has(status)).map((one) => one.unique_id);
  if (ids.length === 0) {
    context.reporter.info('everything ended well: there is nothing to retry');
    return 0;
  }
  const nodes = ids.length === 1 ? 'node' : 'nodes';
  context.reporter.info(
    `runner ${which} again, on the ${ids.length} ${nodes} that did not end well`,
  );
  const fullRefresh = options.fullRefresh === true || args.full_refresh === true;
  return runNodes(context, which, { ...options, ids, fullRefresh, commandLine: which });
}
