import type { ProjectFile } from '../project/types.ts';

/** Returns the vars of a project: --vars over those under the project's name over the global ones. */
export function projectVars(
  file: ProjectFile,
  given: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> {
  const own = file.vars[file.name];
  const ownVars = typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {};
  const { [file.name]: _own, ...global } = file.vars;
  return new Map(Object.entries({ ...global, ...ownVars, ...given }));
}
