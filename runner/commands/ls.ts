// ls: the nodes of a selection, one a line on stdout.

import type { ExitCode, ProgramContext } from '../../core/program.ts';
import type { DescribedNode } from '../compile/described.ts';
import type { ManifestArtifact } from '../report/manifest-types.ts';
import { selectFrom } from './choose-nodes.ts';
import { describedProject } from './describe-loaded.ts';
import { type LoadedProject, loadProject } from './load-project.ts';
import { manifestOf } from './make-manifest.ts';
import type { SelectionOptions } from './types.ts';

/** How a node is printed. */
export type LsOutput = 'selector' | 'name' | 'path' | 'json';

/** Options of ls. */
export interface LsOptions extends SelectionOptions {
  readonly output: LsOutput;
  /** Keys of the manifest's entry to print as JSON; dbt's choice where empty. */
  readonly outputKeys: readonly string[];
}

/** Lists nodes in dependency order, those that are never built at the end. */
export async function ls(context: ProgramContext, options: LsOptions): Promise<ExitCode> {
  const project = await loadProject(context, options, { WHICH: 'list' });
  const selected = selectFrom(project, options, context);
  const nodes = inOrder(project, options, selected);
  const print = printerOf(project, options);
  for (const node of nodes) context.reporter.result(print(node));
  return 0;
}

function inOrder(
  project: LoadedProject,
  options: LsOptions,
  selected: ReadonlySet<string>,
): readonly DescribedNode[] {
  const { nodes } = describedProject(project);
  const ids = new Set([...project.graph.order, ...nodes.keys()]);
  return [...ids].flatMap((id) => {
    const node = nodes.get(id);
    if (node === undefined || !selected.has(id)) return [];
    // As in dbt, for who asks for them: nothing is ever built of one.
    const isListed =
      node.resourceType !== 'analysis' || options.resourceTypes?.includes('analysis');
    return isListed ? [node] : [];
  });
}

function printerOf(project: LoadedProject, options: LsOptions): (node: DescribedNode) => string {
  switch (options.output) {
    case 'name':
      return nameOf;
    case 'path':
      return ({ parsed }) => parsed.path;
    case 'selector':
      return selectorOf;
    case 'json': {
      const manifest = manifestOf(project, options);
      const keys = options.outputKeys.length === 0 ? defaultKeys : options.outputKeys;
      return ({ uniqueId }) => {
        const entry = Object.entries(entryOf(manifest, uniqueId));
        return JSON.stringify(Object.fromEntries(entry.filter(([key]) => keys.includes(key))));
      };
    }
  }
}

/** What dbt prints where no keys are chosen. */
const defaultKeys: readonly string[] = [
  'alias',
  'name',
  'package_name',
  'depends_on',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
];

function entryOf(manifest: ManifestArtifact, id: string): object {
  const { nodes, sources, exposures, unit_tests, metrics, semantic_models, saved_queries } =
    manifest;
  const lists = [nodes, sources, exposures, unit_tests, metrics, semantic_models, saved_queries];
  for (const list of lists) {
    const entry = list[id];
    if (entry !== undefined) return entry;
  }
  throw new Error(`${id} is described and not in the manifest`);
}

function nameOf({ parsed, version }: DescribedNode): string {
  if (parsed.kind === 'source') return `${parsed.sourceName}.${parsed.name}`;
  return version === undefined ? parsed.name : `${parsed.name}.v${version}`;
}

/** The criterion that selects the node. */
function selectorOf({ resourceType, parsed, fqn }: DescribedNode): string {
  switch (resourceType) {
    case 'source': {
      const source = parsed.kind === 'source' ? `${parsed.sourceName}.` : '';
      return `source:${parsed.packageName}.${source}${parsed.name}`;
    }
    case 'exposure':
    case 'metric':
    case 'semantic_model':
    case 'saved_query':
    case 'unit_test':
      return `${resourceType}:${parsed.packageName}.${parsed.name}`;
    default:
      return fqn.join('.');
  }
}
