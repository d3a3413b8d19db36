// packages.yml and dependencies.yml: where the packages of a project come from.

import { z } from 'zod';
import { boolean, list, name, object, text } from './values.ts';

const revision = z.union([z.string(), z.number()], 'expected a tag, a branch or a commit');
const constraint = z.union([z.string(), z.number()], 'expected a version such as `1.3.0`');
const versions = z.union(
  [constraint, z.array(constraint)],
  'expected a version, or a list such as `[">=1.0.0", "<2.0.0"]`',
);
const git = {
  revision: revision.optional(),
  subdirectory: text.optional(),
  'warn-unpinned': boolean.optional(),
  warn_unpinned: boolean.optional(),
};
const common = { name: name.optional() };

/** A package by where it comes from: exactly one of these. */
export const packageSchema = z.union(
  [
    object({
      package: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'expected `owner/package`'),
      version: versions,
      'install-prerelease': boolean.optional(),
      install_prerelease: boolean.optional(),
      ...common,
    }),
    object({ git: text, ...git, ...common }),
    object({ private: text, provider: text.optional(), ...git, ...common }),
    object({ local: text, ...common }),
    object({ tarball: text, name }),
  ],
  'expected `package` with `version`, or `git`, `local`, `tarball` or `private`',
);

/** The schema of packages.yml. */
export const packagesFileSchema = object({ packages: list(packageSchema).nullish() });

/** The schema of dependencies.yml. */
export const dependenciesFileSchema = object({
  packages: list(packageSchema).nullish(),
  projects: list(object({ name })).nullish(),
});
