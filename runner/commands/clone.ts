// clone: views in the target on the relations of an earlier run, where the target has none of its own.

import { openDatabase } from '../../core/database.ts';
import { quoteIdentifier } from '../../core/identifiers.ts';
import { withLease } from '../../core/locks.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import type { Buildable } from '../compile/types.ts';
import { type CloneStep, executeClones } from '../execute/clone.ts';
import { readCatalog } from '../execute/read-catalog.ts';
import { dropRelation, quoteRelation } from '../plan/statements.ts';
import type { Catalog } from '../plan/types.ts';
import { isGood, reportResult } from '../report/progress.ts';
import { selectFrom } from './choose-nodes.ts';
import { buildables, earlierRelations, sameDatabase } from './defer.ts';
import { loadProject } from './load-project.ts';
import type { SelectionOptions } from './types.ts';
import { writeManifest, writeRunResults } from './write-artifacts.ts';

/**
 * Makes a view for each selected node that the earlier run built; what is there is kept, unless all is
 * made anew.
 * @throws {UserError} where there is no earlier run
 */
export async function clone(context: ProgramContext, options: SelectionOptions): Promise<ExitCode> {
  const { reporter, signal } = context;
  const project = await loadProject(context, options, { WHICH: 'clone' });
  const selected = selectFrom(project, options, context);
  const earlier = earlierRelations(project, options);
  const nodes = buildables(project.manifest).flatMap((node) => {
    const built = selected.has(node.uniqueId) ? earlier.get(node.uniqueId) : undefined;
    if (built === undefined) return [];
    const from = sameDatabase(project, node.uniqueId, built);
    return [{ node, from: quoteRelation(from) }];
  });
  await writeManifest(project, options);
  return withTarget<ExitCode>(project.request, async (target) => {
    const applicationName = 'fundlens:runner:clone';
    const database = openDatabase(target.connection, { applicationName, maxClients: 2, signal });
    try {
      return await withLease(database, 'runner', async () => {
        const catalog = await database.withClient((client) =>
          readCatalog(client, project.manifest),
        );
        const steps = nodes.map(({ node, from }) =>
          planClone(node, from, catalog, options.fullRefresh === true),
        );
        const result = await executeClones(steps, {
          database,
          signal,
          ended: ({ node: id, status }, index) => {
            const step = nodes[index - 1];
            const name = step === undefined ? id : `${step.node.relation.schema}.${step.node.name}`;
            const isKept = steps[index - 1]?.statements.length === 0;
            const word = status !== 'success' ? status.toUpperCase() : isKept ? 'KEPT' : 'OK';
            const on = isKept ? '' : ` on ${step?.from ?? ''}`;
            const facts = { event: 'node-ended', node: id, status };
            reporter.info(`${index} of ${steps.length} ${word} ${name}${on}`, facts);
          },
        });
        await writeRunResults(project, options, result);
        reportResult(project.manifest, result, reporter);
        if (result.interrupted) return 130;
        return isGood(result) ? 0 : 1;
      });
    } finally {
      await database.close();
    }
  });
}

function planClone(
  { uniqueId: node, relation, name }: Buildable,
  from: string,
  { relations }: Catalog,
  isAnew: boolean,
): CloneStep {
  const own = quoteRelation(relation);
  const state = relations.get(own);
  // A view on itself would replace what it shows.
  if (own === from || (state !== undefined && !isAnew)) return { node, statements: [] };
  const purpose = `the clone of ${name}`;
  return {
    node,
    statements: [
      { sql: `create schema if not exists ${quoteIdentifier(relation.schema)}`, purpose },
      ...(state === undefined ? [] : [dropRelation(relation, state.kind, purpose)]),
      { sql: `create view ${own} as select * from ${from}`, purpose },
    ],
  };
}
