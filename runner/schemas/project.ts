// dbt_project.yml: every key of dbt 1.10 and 1.11.

import { z } from 'zod';
import { boolean, list, map, name, object, quoting, text, textOrList } from './values.ts';

/** Names that templates give a meaning of their own, so that no project can have them. */
const reservedNames: readonly string[] = [
  ...['adapter', 'api', 'column', 'config', 'context', 'database', 'env', 'env_var', 'exceptions'],
  ...['execute', 'flags', 'fromjson', 'fromyaml', 'graph', 'invocation_id', 'load_result', 'log'],
  ...['model', 'modules', 'post_hooks', 'pre_hooks', 'ref', 'render', 'return', 'run_started_at'],
  ...['schema', 'source', 'sql', 'sql_now', 'store_result', 'target', 'this', 'tojson', 'toyaml'],
  ...['var', 'write', '_sql_results', 'load_agate_table', 'store_raw_result'],
  'try_or_compiler_error',
];

const folders = list(text);
const tree = map.nullish();
const hooks = z
  .union([text, z.array(text)], 'expected SQL, or a list of it')
  .nullish()
  .transform((given) => (given == null ? [] : [given].flat()));

/** The keys of dbt_project.yml that hold configs by folder, and the kind of node that each is for. */
export const configTreeKeys = {
  models: 'model',
  seeds: 'seed',
  snapshots: 'snapshot',
  sources: 'source',
  tests: 'test',
  data_tests: 'test',
  unit_tests: 'unitTest',
  exposures: 'exposure',
  analyses: 'analysis',
  'semantic-models': 'semanticModel',
  metrics: 'metric',
  'saved-queries': 'savedQuery',
} as const;

/** The schema of dbt_project.yml. */
export const projectFileSchema = object({
  name: z
    .string('expected a name')
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name has letters, digits and underscores only')
    .refine((given) => !reservedNames.includes(given), {
      message: 'templates give this name a meaning of their own',
    }),
  version: z
    .union([z.string(), z.number()], 'expected a version, in quotes')
    .transform(String)
    .nullish(),
  'config-version': z.literal(2, 'only config-version 2 exists').optional(),
  profile: z.string('expected the name of a profile').nullish(),
  'require-dbt-version': textOrList.nullish(),
  'model-paths': folders.default(['models']),
  'seed-paths': folders.default(['seeds']),
  'test-paths': folders.default(['tests']),
  'macro-paths': folders.default(['macros']),
  'analysis-paths': folders.default(['analyses']),
  'snapshot-paths': folders.default(['snapshots']),
  'docs-paths': folders.optional(),
  'asset-paths': folders.default([]),
  'function-paths': folders.default(['functions']),
  'target-path': text.default('target'),
  'log-path': text.default('logs'),
  'clean-targets': folders.nullish(),
  'packages-install-path': text.default('dbt_packages'),
  'on-run-start': hooks,
  'on-run-end': hooks,
  dispatch: list(object({ macro_namespace: name, search_order: list(name) })).nullish(),
  'query-comment': z
    .union(
      [
        text,
        object({
          comment: text.nullish(),
          append: boolean.optional(),
          'job-label': boolean.optional(),
        }),
      ],
      'expected text, or a map with `comment` and `append`',
    )
    .nullish(),
  quoting: quoting.nullish(),
  'restrict-access': boolean.default(false),
  'dbt-cloud': map.nullish(),
  flags: map.nullish(),
  vars: map.nullish(),
  models: tree,
  seeds: tree,
  snapshots: tree,
  sources: tree,
  tests: tree,
  data_tests: tree,
  unit_tests: tree,
  exposures: tree,
  analyses: tree,
  'semantic-models': tree,
  metrics: tree,
  'saved-queries': tree,
});

/** Keys of dbt before 1.0 and what they are called now. */
export const renamedProjectKeys: Readonly<Record<string, string>> = {
  'source-paths': 'model-paths',
  'data-paths': 'seed-paths',
  'modules-path': 'packages-install-path',
};

/** vars.yml: the vars of dbt_project.yml in a file of their own. */
export const varsFileSchema = object({ vars: map });
