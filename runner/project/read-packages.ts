// Reads the installed packages of a project: each has a dbt_project.yml and files of its own.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { parseYaml, validateYaml } from '../../core/yaml.ts';
import { dependenciesFileSchema, packagesFileSchema } from '../schemas/packages.ts';
import { parseProjectFile } from './project-file.ts';
import { readFilesOf, readOptionalText, readProjectText } from './read-files.ts';
import { renderYaml, yamlScope } from './render-yaml.ts';
import type { ProjectFile, SourceFile, YamlInputs } from './types.ts';

/** The installed packages of a project. */
export interface InstalledPackages {
  readonly projects: readonly ProjectFile[];
  readonly files: readonly SourceFile[];
}

/**
 * Reads every package of the install folder, in the order of their folders. Paths of their files
 * start with that folder, so that a message names a file that can be opened.
 * @throws {UserError} where the project names packages that are not installed.
 */
export async function readPackages(
  projectDir: string,
  file: ProjectFile,
  inputs: YamlInputs,
): Promise<InstalledPackages> {
  const folders = packageFolders(join(projectDir, file.paths.packages));
  refuseMissing(projectDir, file, folders.length, inputs);
  const packages = await Promise.all(
    folders.map((folder) => readPackage(projectDir, join(file.paths.packages, folder), inputs)),
  );
  refuseSameNames(file, packages);
  return {
    projects: packages.map(({ project }) => project),
    files: packages.flatMap(({ files }) => files),
  };
}

/** A link counts as the folder that it leads to: local packages are links. */
function packageFolders(installDir: string): readonly string[] {
  if (!existsSync(installDir)) return [];
  return readdirSync(installDir)
    .filter((name) => !name.startsWith('.') && !name.startsWith('__'))
    .filter((name) => statSync(join(installDir, name), { throwIfNoEntry: false })?.isDirectory())
    .sort();
}

interface ReadPackage {
  readonly folder: string;
  readonly project: ProjectFile;
  readonly files: readonly SourceFile[];
}

async function readPackage(
  projectDir: string,
  folder: string,
  inputs: YamlInputs,
): Promise<ReadPackage> {
  const root = join(projectDir, folder);
  const path = join(folder, 'dbt_project.yml');
  const vars = readOptionalText(root, 'vars.yml');
  const project = parseProjectFile({ project: readProjectText(root), path, vars }, inputs);
  const own = { root, packageName: project.name, prefix: folder };
  return { folder, project, files: await readFilesOf(own, project.paths) };
}

/** As in dbt, the number decides: names are known only once a package is there. */
function refuseMissing(
  projectDir: string,
  file: ProjectFile,
  installed: number,
  inputs: YamlInputs,
): void {
  const named = ['packages.yml', 'dependencies.yml'].flatMap((path) => {
    const text = readOptionalText(projectDir, path);
    if (text === undefined) return [];
    const yaml = renderYaml(
      parseYaml({ path, text }),
      yamlScope(inputs, inputs.vars),
      () => true,
      [],
    );
    if (yaml.value === null) return [];
    const schema = path === 'packages.yml' ? packagesFileSchema : dependenciesFileSchema;
    const { packages } = validateYaml(yaml, schema);
    return (packages ?? []).map(() => path);
  });
  if (installed >= named.length) return;
  const noun = named.length === 1 ? 'package is' : 'packages are';
  throw new UserError(
    `${named.length} ${noun} named here, and \`${file.paths.packages}\` holds ${installed}`,
    {
      where: { path: named[0] ?? 'packages.yml' },
      hint: 'install what is named with `runner deps`',
    },
  );
}

function refuseSameNames(file: ProjectFile, packages: readonly ReadPackage[]): void {
  const places = new Map([[file.name, 'dbt_project.yml']]);
  for (const { folder, project } of packages) {
    const first = places.get(project.name);
    if (first !== undefined) {
      throw new UserError(`two packages are named \`${project.name}\``, {
        where: { path: join(folder, 'dbt_project.yml') },
        hint: `the other one is ${first}; remove one of them`,
      });
    }
    places.set(project.name, folder);
  }
}
