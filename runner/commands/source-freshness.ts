// source freshness: when the newest rows of sources came, and whether that is too long ago.

import { openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import type { Source } from '../compile/types.ts';
import { readFreshness } from '../execute/source-freshness.ts';
import { reportFreshness, reportFreshnessEnd } from '../report/freshness.ts';
import { loadProject, selectFrom } from './load-project.ts';
import type { SelectionOptions } from './types.ts';
import { writeSources } from './write-artifacts.ts';

/** Options of source freshness. */
export interface FreshnessCommandOptions extends SelectionOptions {
  /** File to write, relative to the project; `sources.json` in the target folder where not given. */
  readonly output: string | undefined;
}

/** Asks the selected sources that have a freshness; stale ones and those that cannot be asked fail. */
export async function sourceFreshness(
  context: ProgramContext,
  options: FreshnessCommandOptions,
): Promise<ExitCode> {
  const project = await loadProject(context, options, { WHICH: 'freshness' });
  const selected = selectFrom(project, options, context);
  const sources = [...project.manifest.nodes.values()].filter(
    (node): node is Source =>
      node.kind === 'source' && node.freshness !== undefined && selected.has(node.uniqueId),
  );
  if (sources.length === 0) {
    throw new UserError('no selected source has a freshness', {
      where: '--select',
      hint: 'give a source `loaded_at_field` and `freshness` with `warn_after` or `error_after`',
    });
  }
  return withTarget<ExitCode>(project.request, async (target) => {
    const threads = options.threads ?? target.threads;
    const database = openDatabase(target.connection, {
      applicationName: 'fundlens:runner:freshness',
      maxClients: threads,
      signal: context.signal,
    });
    const startedAtMs = Date.now();
    const byId = new Map(sources.map((source) => [source.uniqueId, source]));
    try {
      const outcomes = await readFreshness(sources, {
        database,
        threads,
        signal: context.signal,
        ended: (outcome) => {
          const source = byId.get(outcome.source);
          if (source) reportFreshness(source, outcome, context.reporter);
        },
      });
      const run = { outcomes, elapsedMs: Date.now() - startedAtMs };
      await writeSources(project, options, run);
      reportFreshnessEnd(run, context.reporter);
      return outcomes.every(({ status }) => status === 'pass' || status === 'warn') ? 0 : 1;
    } finally {
      await database.close();
    }
  });
}
