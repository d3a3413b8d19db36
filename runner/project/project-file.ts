// dbt_project.yml: the keys this runner acts on, and a clear word on those it does not yet.

import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { parseYaml, validateYaml, type YamlFile } from '../../core/yaml.ts';
import type { ConfigTree, ProjectFile } from './types.ts';

const name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name has letters, digits and underscores only');
const folders = z.array(z.string(), 'expected a list of folders');
const tree = z.record(z.string(), z.unknown(), 'expected a map of folders and configs').nullish();

const projectFile = z.strictObject({
  name,
  version: z.union([z.string(), z.number()]).transform(String).optional(),
  'config-version': z.literal(2, 'only config-version 2 exists').optional(),
  profile: z.string('expected the name of a profile'),
  'require-dbt-version': z.union([z.string(), z.array(z.string())]).optional(),
  'model-paths': folders.default(['models']),
  'seed-paths': folders.default(['seeds']),
  'test-paths': folders.default(['tests']),
  'macro-paths': folders.default(['macros']),
  'analysis-paths': folders.optional(),
  'snapshot-paths': folders.optional(),
  'docs-paths': folders.optional(),
  'asset-paths': folders.optional(),
  'target-path': z.string().default('target'),
  'log-path': z.string().optional(),
  'clean-targets': folders.optional(),
  'packages-install-path': z.string().optional(),
  flags: z.record(z.string(), z.unknown()).optional(),
  vars: tree,
  models: tree,
  seeds: tree,
  sources: tree,
  tests: tree,
  data_tests: tree,
});

/** Keys that dbt acts on and this runner does not yet: refused, never passed over. */
const unsupportedKeys = [
  'on-run-start',
  'on-run-end',
  'dispatch',
  'snapshots',
  'query-comment',
  'quoting',
  'exposures',
  'metrics',
  'semantic-models',
  'saved-queries',
  'unit_tests',
  'functions',
  'function-paths',
  'restrict-access',
  'dbt-cloud',
];

/**
 * Parses dbt_project.yml.
 * @throws {UserErrors} with every fault of the file.
 */
export function parseProjectFile(text: string): ProjectFile {
  const yaml = parseYaml({ path: 'dbt_project.yml', text });
  refuseUnsupported(yaml);
  const data = validateYaml(yaml, projectFile, [], Object.keys(projectFile.shape));
  const asTree = (key: string, value: Record<string, unknown> | null | undefined) =>
    value ? ({ key, value } satisfies ConfigTree) : undefined;
  return {
    name: data.name,
    version: data.version,
    profile: data.profile,
    paths: {
      models: data['model-paths'],
      seeds: data['seed-paths'],
      tests: data['test-paths'],
      macros: data['macro-paths'],
      target: data['target-path'],
    },
    vars: data.vars ?? {},
    configTrees: {
      models: asTree('models', data.models),
      seeds: asTree('seeds', data.seeds),
      sources: asTree('sources', data.sources),
      data_tests: asTree('data_tests', data.data_tests) ?? asTree('tests', data.tests),
    },
    yaml,
  };
}

function refuseUnsupported(yaml: YamlFile): void {
  const keys = typeof yaml.value === 'object' && yaml.value !== null ? Object.keys(yaml.value) : [];
  for (const key of keys) {
    if (!unsupportedKeys.includes(key)) continue;
    throw new UserError(`\`${key}\` is not supported yet`, {
      where: yaml.placeOfKey([key]),
      hint: 'remove it: the runner refuses what it would otherwise pass over',
    });
  }
}
