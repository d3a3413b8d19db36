// docs generate: manifest.json, and catalog.json with what is in the database.

import { openDatabase } from '../../core/database.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import { readDocumentation } from '../execute/read-documentation.ts';
import { catalogArtifact } from '../report/catalog-artifact.ts';
import { selectFrom } from './choose-nodes.ts';
import { describedProject } from './describe-loaded.ts';
import { loadProject } from './load-project.ts';
import { factsOf } from './make-manifest.ts';
import type { SelectionOptions } from './types.ts';
import { writeArtifact, writeCompiled } from './write-artifacts.ts';

/** Writes the artifacts that documentation is made of. */
export async function docsGenerate(
  context: ProgramContext,
  options: SelectionOptions,
): Promise<ExitCode> {
  const project = await loadProject(context, options, { WHICH: 'generate' });
  const selected = selectFrom(project, options, context);
  await writeCompiled(project, options, selected);
  const described = [...describedProject(project).nodes.values()];
  const nodes = described.filter(({ uniqueId }) => selected.has(uniqueId));
  const schemas = new Set(nodes.flatMap(({ relation }) => (relation ? [relation.schema] : [])));
  return withTarget<ExitCode>(project.request, async (target) => {
    const database = openDatabase(target.connection, {
      applicationName: 'fundlens:runner:docs',
      maxClients: 1,
      signal: context.signal,
    });
    try {
      const relations = await database.withClient((client) =>
        readDocumentation(client, [...schemas]),
      );
      const catalog = catalogArtifact(nodes, relations, factsOf(project, options));
      const path = await writeArtifact(project, 'catalog.json', catalog);
      const count = Object.keys(catalog.nodes).length + Object.keys(catalog.sources).length;
      context.reporter.info(`wrote ${path}: ${count} ${count === 1 ? 'relation' : 'relations'}`);
      return 0;
    } finally {
      await database.close();
    }
  });
}
