// ls: the nodes of a selection, one a line on stdout.

import type { ExitCode, ProgramContext } from '../../core/program.ts';
import type { Node } from '../compile/types.ts';
import { loadProject, selectFrom } from './load-project.ts';
import type { SelectionOptions } from './types.ts';

/** How a node is printed. */
export type LsOutput = 'selector' | 'name' | 'path' | 'json';

/** Options of ls. */
export interface LsOptions extends SelectionOptions {
  readonly output: LsOutput;
  /** Kinds to list; empty for all. */
  readonly resourceTypes: readonly string[];
}

/** Lists nodes in dependency order. */
export async function ls(context: ProgramContext, options: LsOptions): Promise<ExitCode> {
  const project = await loadProject(context, options, { WHICH: 'list' });
  const selected = selectFrom(project, options, context);
  for (const id of project.graph.order) {
    const node = project.manifest.nodes.get(id);
    if (node === undefined || !selected.has(id)) continue;
    if (options.resourceTypes.length > 0 && !options.resourceTypes.includes(node.kind)) continue;
    context.reporter.result(formatNode(node, options.output));
  }
  return 0;
}

function formatNode(node: Node, output: LsOutput): string {
  switch (output) {
    case 'name':
      return node.name;
    case 'path':
      return node.path;
    case 'selector':
      return node.kind === 'source'
        ? `source:${node.packageName}.${node.sourceName}.${node.name}`
        : node.fqn.join('.');
    case 'json':
      return JSON.stringify({
        unique_id: node.uniqueId,
        name: node.name,
        resource_type: node.kind,
        package_name: node.packageName,
        original_file_path: node.path,
        tags: node.tags,
        depends_on: { nodes: node.dependsOn },
        ...(node.kind === 'model' ? { config: { materialized: node.materialized } } : {}),
      });
  }
}
