// clean: removes the folders that dbt_project.yml names as its leavings.

import { rm } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';

/**
 * Removes the clean-targets of a project.
 * @throws {UserError} for one that is outside the project or holds what the project is made of.
 */
export async function clean(context: ProgramContext, options: CommonOptions): Promise<ExitCode> {
  const { projectDir, file } = readProject(context, options);
  const { models, seeds, tests, macros, snapshots, analyses } = file.paths;
  const kept = [...models, ...seeds, ...tests, ...macros, ...snapshots, ...analyses];
  const folders = file.paths.clean.map((path) => ({ path, folder: resolve(projectDir, path) }));
  for (const { path, folder } of folders) {
    const inside = relative(projectDir, folder);
    const holds = kept.find(
      (source) => !relative(folder, resolve(projectDir, source)).startsWith('..'),
    );
    if (inside === '' || inside.startsWith('..') || holds !== undefined) {
      throw new UserError(`\`${path}\` is not to be removed`, {
        where: file.yaml.placeOf(['clean-targets']),
        hint:
          holds === undefined || inside === ''
            ? 'name folders inside the project'
            : `it holds \`${holds}\`, which the project is made of`,
      });
    }
  }
  for (const { path, folder } of folders) {
    await rm(folder, { recursive: true, force: true });
    context.reporter.info(`removed ${path}`);
  }
  return 0;
}
