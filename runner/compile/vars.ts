import { isMapValue } from '../../core/yaml.ts';
import type { ProjectFile } from '../project/types.ts';

type Vars = Readonly<Record<string, unknown>>;

/** Returns the vars of a project: --vars over those under the project's name over the global ones. */
export function projectVars(
  file: Pick<ProjectFile, 'name' | 'vars'>,
  given: Vars,
): ReadonlyMap<string, unknown> {
  return packageVars(file, undefined, file.name, given);
}

/**
 * Returns the vars that nodes of a package see: --vars, then what the project sets for the package,
 * then for all; then what the package's own project file sets, in the same order.
 */
export function packageVars(
  project: Pick<ProjectFile, 'vars'>,
  own: Pick<ProjectFile, 'vars'> | undefined,
  packageName: string,
  given: Vars,
): ReadonlyMap<string, unknown> {
  const layers = [own?.vars ?? {}, project.vars].map((vars) => {
    const { [packageName]: scoped, ...global } = vars;
    return { ...global, ...(isMapValue(scoped) ? scoped : {}) };
  });
  return new Map(Object.entries(Object.assign({}, ...layers, given)));
}
