// retry: runs again what failed, was skipped or was cancelled in the run before.

import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readProject } from './load-project.ts';
import { readJson } from './read-state.ts';
import { type RunOptions, runNodes, type Verb } from './run-nodes.ts';

const verbs = ['build', 'run', 'test', 'seed', 'snapshot'] as const satisfies readonly Verb[];
const text = z.string().nullish();
const flag = z.boolean().nullish();
const argsSchema = z.looseObject({
  which: z.string(),
  full_refresh: flag,
  vars: z.record(z.string(), z.unknown()).nullish(),
  profile: text,
  target: text,
  store_failures: flag,
  state: text,
  defer: flag,
  defer_state: text,
  favor_state: flag,
  event_time_start: text,
  event_time_end: text,
});
const resultsSchema = z.looseObject({
  args: argsSchema,
  results: z.array(z.looseObject({ unique_id: z.string(), status: z.string() })),
});
const good: ReadonlySet<string> = new Set(['success', 'pass', 'warn', 'no-op']);

/**
 * Runs the command of target/run_results.json again, on what did not end well and with the flags that it
 * had; `asked` are those of this command line, which win.
 * @throws {UserError} where there is no such run.
 */
export async function retry(
  context: ProgramContext,
  options: RunOptions,
  asked: RunOptions,
): Promise<ExitCode> {
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
  return runNodes(context, which, {
    ...options,
    ...takenUp(args, options, asked),
    ids,
    commandLine: which,
  });
}

function takenUp(
  args: z.infer<typeof argsSchema>,
  options: RunOptions,
  asked: RunOptions,
): Partial<RunOptions> {
  const { event_time_start: start, event_time_end: end } = args;
  const before = start || end ? { start: start ?? undefined, end: end ?? undefined } : undefined;
  return {
    fullRefresh: options.fullRefresh === true || args.full_refresh === true,
    varsText: asked.varsText ?? oldVars(args.vars) ?? options.varsText,
    profile: asked.profile ?? args.profile ?? options.profile,
    target: asked.target ?? args.target ?? options.target,
    storeFailures: asked.storeFailures ?? args.store_failures ?? options.storeFailures,
    eventTime: asked.eventTime ?? before ?? options.eventTime,
    state: args.state ?? options.state,
    defer: {
      isOn: args.defer === true,
      state: args.defer_state ?? undefined,
      favorState: args.favor_state === true,
    },
  };
}

/** @throws {UserError} where one of them was a secret, which no artifact keeps */
function oldVars(vars: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  if (vars === undefined || vars === null) return undefined;
  const written = JSON.stringify(vars);
  if (!written.includes('*****')) return written;
  throw new UserError('one of the variables is a secret, which was not kept', {
    where: '--vars',
    hint: 'give them again: runner retry --vars …',
  });
}
