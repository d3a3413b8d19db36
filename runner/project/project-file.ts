// dbt_project.yml and vars.yml: read, rendered, validated.

import { nearestName, throwFaults, UserError } from '../../core/errors.ts';
import {
  isMapValue,
  parseYaml,
  validateYaml,
  type YamlFile,
  type YamlPath,
} from '../../core/yaml.ts';
import { projectFileSchema, renamedProjectKeys, varsFileSchema } from '../schemas/project.ts';
import { findUnknownKeys, toJsonSchema } from '../schemas/to-json-schema.ts';
import { unquotedTemplates } from './check-keys.ts';
import { collect, orderedFaults } from './collect-faults.ts';
import { noInputs, renderText, renderYaml, yamlScope } from './render-yaml.ts';
import type { ConfigTree, ConfiguredKind, ProjectFile, ProjectHook, YamlInputs } from './types.ts';

/** The texts that say what a project is, by path. */
export interface ProjectTexts {
  /** dbt_project.yml */
  readonly project: string;
  /** Path to name in messages, where it is not dbt_project.yml itself. */
  readonly path?: string;
  /** vars.yml, where there is one. */
  readonly vars?: string | undefined;
}

/**
 * Returns the name of the profile, which is known before the target is.
 * @throws {UserError} where there is none, or its template cannot be rendered.
 */
export function readProfileName(text: string, inputs: YamlInputs): string {
  const yaml = parseYaml({ path: 'dbt_project.yml', text });
  const given = isMapValue(yaml.value) ? yaml.value['profile'] : undefined;
  const place = yaml.placeOf(['profile']);
  const name =
    typeof given === 'string'
      ? renderText(given, place, yamlScope({ ...inputs, target: undefined }, {}))
      : given;
  if (typeof name === 'string' && name !== '') return name;
  const faults: UserError[] = [profileFault(yaml)];
  dropUnknownKeys(yaml, faults);
  throwFaults(orderedFaults(faults));
  throw new Error('a missing profile is a fault');
}

/**
 * Parses dbt_project.yml, rendered with the inputs.
 * @throws {UserErrors} with every fault of the file.
 */
export function parseProjectFile(
  given: string | ProjectTexts,
  inputs: YamlInputs = noInputs,
): ProjectFile {
  const texts = typeof given === 'string' ? { project: given } : given;
  const written = parseYaml({ path: texts.path ?? 'dbt_project.yml', text: texts.project });
  const faults: UserError[] = unquotedTemplates(written);
  const known = dropUnknownKeys(written, faults);
  // Its own vars are not to be had here, in dbt neither: only those of the command line.
  const yaml = renderYaml(known, yamlScope(inputs, {}), isRendered, faults);
  const [data] = collect(faults, () =>
    validateYaml(yaml, projectFileSchema, [], Object.keys(projectFileSchema.shape)),
  );
  if (data && texts.path === undefined && !data.profile) faults.push(profileFault(yaml));
  if (data?.tests && data.data_tests) faults.push(twoNamesFault(yaml));
  throwFaults(orderedFaults(faults));
  if (data === undefined) throw new Error('a file that cannot be read has at least one fault');
  const flags = data.flags ?? {};
  return {
    name: data.name,
    version: data.version ?? undefined,
    profile: data.profile ?? '',
    paths: pathsOf(data),
    vars: withVarsFile(yaml, data.vars ?? {}, texts.vars),
    configTrees: configTrees(data),
    yaml,
    onRunStart: hooks(yaml, 'on-run-start', data['on-run-start']),
    onRunEnd: hooks(yaml, 'on-run-end', data['on-run-end']),
    dispatch: Object.fromEntries(
      (data.dispatch ?? []).map((entry) => [entry.macro_namespace, entry.search_order]),
    ),
    flags,
    isStrict: flags['runner_strict'] === true,
    queryComment: data['query-comment'],
    quoting: booleansOf(data.quoting ?? {}),
    restrictAccess: data['restrict-access'],
    requireDbtVersion: [data['require-dbt-version'] ?? []].flat(),
    warnings: [],
  };
}

type ProjectData = ReturnType<typeof projectFileSchema.parse>;

function pathsOf(data: ProjectData): ProjectFile['paths'] {
  const [models, seeds, tests, macros] = [
    data['model-paths'],
    data['seed-paths'],
    data['test-paths'],
    data['macro-paths'],
  ];
  const [snapshots, analyses] = [data['snapshot-paths'], data['analysis-paths']];
  return {
    models,
    seeds,
    tests,
    macros,
    snapshots,
    analyses,
    docs: data['docs-paths'] ?? [
      ...new Set([...models, ...seeds, ...snapshots, ...analyses, ...macros, ...tests]),
    ],
    target: data['target-path'],
    log: data['log-path'],
    packages: data['packages-install-path'],
    clean: data['clean-targets'] ?? [data['target-path']],
  };
}

/** dbt renders hooks, the query comment and vars when they are used, not here. */
function isRendered(path: YamlPath): boolean {
  const late = ['on-run-start', 'on-run-end', 'query-comment', 'vars'];
  if (late.includes(String(path[0]))) return false;
  return !path.some((key) => /^(?:\+?(?:pre|post)[-_]hook|after_create)$/.test(String(key)));
}

function dropUnknownKeys(yaml: YamlFile, faults: UserError[]): YamlFile {
  const value = yaml.value;
  if (!isMapValue(value)) return yaml;
  const unknown = findUnknownKeys(projectKeys, value);
  faults.push(...unknown.map(({ path, key, known }) => unknownKeyFault(yaml, path, key, known)));
  const atTop = new Set(unknown.flatMap(({ path, key }) => (path.length === 0 ? [key] : [])));
  const kept = Object.entries(value).filter(([key]) => !atTop.has(key));
  return { ...yaml, value: Object.fromEntries(kept) };
}

const projectKeys = toJsonSchema(projectFileSchema, '');

function unknownKeyFault(
  yaml: YamlFile,
  path: YamlPath,
  key: string,
  known: readonly string[],
): UserError {
  const where = yaml.placeOfKey([...path, key]);
  if (path.length === 0 && key === 'functions') return functionsFault(yaml);
  const now = Object.hasOwn(renamedProjectKeys, key) ? renamedProjectKeys[key] : undefined;
  if (path.length === 0 && now !== undefined) {
    return new UserError(`\`${key}\` is not a key any more`, {
      where,
      hint: `rename it to \`${now}\``,
    });
  }
  const nearest = nearestName(key, known);
  return new UserError(
    `unknown key \`${key}\`${path.length === 0 ? '' : ` in \`${path.join('.')}\``}`,
    {
      where,
      hint: nearest === undefined ? undefined : `did you mean \`${nearest}\`?`,
    },
  );
}

function functionsFault(yaml: YamlFile): UserError {
  return new UserError('`functions` are not supported: the runner builds tables and views', {
    where: yaml.placeOfKey(['functions']),
    hint: 'create the function in an `on-run-start` hook, and remove the key',
  });
}

function profileFault(yaml: YamlFile): UserError {
  return new UserError('`profile` is missing: expected the name of a profile', {
    where: yaml.placeOf(['profile']),
    hint: 'name a profile of profiles.yml: `profile: my_profile`',
  });
}

function twoNamesFault(yaml: YamlFile): UserError {
  return new UserError('`tests` and `data_tests` are two names of one key', {
    where: yaml.placeOfKey(['tests']),
    hint: 'move what stands under `tests` to `data_tests`',
  });
}

function configTrees(data: ProjectData): ProjectFile['configTrees'] {
  const tree = (key: keyof ProjectData & string): ConfigTree | undefined => {
    const value = data[key];
    return isMapValue(value) ? { key, value } : undefined;
  };
  const kinds: readonly ConfiguredKind[] = [
    ...(['models', 'seeds', 'snapshots', 'sources', 'unit_tests', 'exposures'] as const),
    ...(['analyses', 'semantic-models', 'metrics', 'saved-queries'] as const),
  ];
  const trees = Object.fromEntries(kinds.map((kind) => [kind, tree(kind)]));
  // as: `kinds` and `data_tests` are all the keys that there are
  return {
    ...trees,
    data_tests: tree('data_tests') ?? tree('tests'),
  } as ProjectFile['configTrees'];
}

function hooks(yaml: YamlFile, key: string, texts: readonly string[]): ProjectHook[] {
  const isList = isMapValue(yaml.value) && Array.isArray(yaml.value[key]);
  return texts.map((sql, index) => ({
    sql,
    place: yaml.placeOf(isList ? [key, index] : [key]),
  }));
}

/** Vars of vars.yml; both files must not hold them, or nobody could say which holds. */
function withVarsFile(
  project: YamlFile,
  own: Readonly<Record<string, unknown>>,
  text: string | undefined,
): Readonly<Record<string, unknown>> {
  if (text === undefined) return own;
  const yaml = parseYaml({ path: 'vars.yml', text });
  if (yaml.value === null) return own;
  const { vars } = validateYaml(yaml, varsFileSchema, [], ['vars']);
  if (Object.keys(own).length === 0) return vars;
  throw new UserError('`vars` stand in dbt_project.yml and in vars.yml', {
    where: project.placeOfKey(['vars']),
    hint: 'keep them in one of the two',
  });
}

function booleansOf(quoting: Readonly<Record<string, boolean | null | undefined>>) {
  return Object.fromEntries(
    Object.entries(quoting).map(([key, value]) => [key, value ?? undefined]),
  );
}
