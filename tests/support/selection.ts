// What a selection is evaluated against, for projects written in a test.

import type { CompiledProject } from '../../runner/compile/compile-project.ts';
import { describeProject } from '../../runner/compile/describe-project.ts';
import { parseSelectors } from '../../runner/graph/parse-selectors.ts';
import { edgesBetween, selectablesOf } from '../../runner/graph/selectables.ts';
import type { SelectionProject } from '../../runner/graph/types.ts';
import { parseSelectorsFile } from '../../runner/project/selectors-file.ts';
import type { ParsedProject } from '../../runner/project/types.ts';

/** Makes it for a compiled project; `selectors` is the text of selectors.yml. */
export function selectionOf(
  parsed: ParsedProject,
  compiled: CompiledProject,
  selectors = 'selectors: []',
): SelectionProject {
  const nodes = selectablesOf(describeProject(parsed, compiled).nodes);
  const file = parseSelectorsFile(selectors, { vars: {}, env: {} });
  return {
    projectName: parsed.file.name,
    nodes,
    edges: edgesBetween(nodes),
    selectors: parseSelectors(file, 'eager'),
  };
}
