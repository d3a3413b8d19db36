// What the body of a macro asks for beside its parameters: `caller`, `varargs`, `kwargs`.

import type * as syntax from './syntax.ts';

/** Finds out which special names a body reads; a macro accepts only what its body reads. */
export function catchesOf(
  body: syntax.Body,
  parameters: readonly syntax.Parameter[],
): syntax.Catches {
  const found = new Set<string>();
  visit(body, found);
  const own = new Set(parameters.map((parameter) => parameter.name));
  const catches = (name: string): boolean => found.has(name) && !own.has(name);
  return { caller: found.has('caller'), varargs: catches('varargs'), kwargs: catches('kwargs') };
}

const ASSIGNING = new Set<unknown>(['set', 'set-block', 'for']);

/** Walks any part of the tree; the tree holds nothing but nodes, lists of nodes and plain values. */
function visit(part: unknown, found: Set<string>): void {
  if (Array.isArray(part)) {
    for (const element of part) visit(element, found);
    return;
  }
  if (typeof part !== 'object' || part === null) return;
  const kind = 'kind' in part ? part.kind : undefined;
  if (kind === 'name' && 'name' in part) found.add(String(part.name));
  for (const [key, child] of Object.entries(part)) {
    // What is assigned is not read; the value of a literal is no node.
    if (key === 'target' && ASSIGNING.has(kind)) continue;
    if (kind !== 'literal') visit(child, found);
  }
}
