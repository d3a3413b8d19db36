// --select and its like: what a command works on.

import { UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { parseSelectors } from '../graph/parse-selectors.ts';
import { parseStateManifest } from '../graph/parse-state.ts';
import { selectNodes } from '../graph/select.ts';
import { edgesBetween, selectablesOf } from '../graph/selectables.ts';
import type { IndirectMode, ResourceType, SelectionProject } from '../graph/types.ts';
import { describedProject, readSelectors } from './describe-loaded.ts';
import type { LoadedProject } from './load-project.ts';
import { manifestOf } from './make-manifest.ts';
import { readSourceStatus, readState } from './read-state.ts';
import type { SelectionOptions } from './types.ts';

/**
 * Evaluates the selection of a command line.
 * @throws {UserError} where nothing is selected because a criterion matches nothing.
 */
export function selectFrom(
  project: LoadedProject,
  options: SelectionOptions,
  context: ProgramContext,
): ReadonlySet<string> {
  if (options.ids !== undefined) return knownIds(project, options.ids);
  const selection = selectionProject(project, options);
  const { indirectSelection: indirect } = options;
  const { nodes, unmatched } = selectNodes(selection, { ...options, indirect });
  for (const { criterion, nearest } of unmatched) {
    const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\`?`;
    context.reporter.warn(`\`${criterion}\` matches no node${hint}`);
  }
  const chosen = ofTypes(selection, options, nodes);
  if (chosen.size > 0) return chosen;
  if (nodes.size > 0 || comparesRuns(options)) {
    // Nothing has changed since, or there is nothing of the kind: that is an answer, and no mistake.
    context.reporter.info('nothing is selected, and nothing is done');
    return chosen;
  }
  throw new UserError('the selection is empty: there is nothing to do', {
    where: options.selector === undefined ? '--select' : '--selector',
    hint: 'see what there is with `runner ls`',
  });
}

/** A node that the project has no more needs no second try. */
function knownIds({ manifest }: LoadedProject, ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.filter((id) => manifest.nodes.has(id)));
}

/** Whether what is selected depends on an earlier run: then nothing may be right. */
function comparesRuns({ select, selector }: SelectionOptions): boolean {
  return (
    selector !== undefined || select.some((text) => /(state|result|source_status):/.test(text))
  );
}

function ofTypes(
  { nodes }: SelectionProject,
  options: SelectionOptions,
  chosen: ReadonlySet<string>,
): ReadonlySet<string> {
  const { resourceTypes = [], excludeResourceTypes = [] } = options;
  if (resourceTypes.length === 0 && excludeResourceTypes.length === 0) return chosen;
  const isOfType = (type: ResourceType | undefined): boolean => {
    if (type === undefined || excludeResourceTypes.includes(type)) return false;
    return resourceTypes.length === 0 || resourceTypes.includes(type);
  };
  return new Set([...chosen].filter((id) => isOfType(nodes.get(id)?.resourceType)));
}

function selectionProject(project: LoadedProject, options: SelectionOptions): SelectionProject {
  const nodes = selectablesOf(describedProject(project).nodes);
  const indirect: IndirectMode = options.indirectSelection ?? 'eager';
  const file = readSelectors(project);
  const { projectDir } = project;
  return {
    projectName: project.file.name,
    nodes,
    edges: edgesBetween(nodes),
    selectors: file === undefined ? new Map() : parseSelectors(file, indirect),
    previous: options.state === undefined ? undefined : readState(projectDir, options.state),
    current: () => parseStateManifest(manifestOf(project, options)),
    currentSources: readSourceStatus(projectDir, project.file.paths.target),
  };
}
