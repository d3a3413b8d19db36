// The methods of the selection grammar: each makes a test for nodes from what stands after the colon.

import { nearestName, UserError } from '../../core/errors.ts';
import { globToRegExp, pathPattern } from './glob.ts';
import { fqnMatcher } from './match-fqn.ts';
import { noStateFault, sourceStatusMatcher, stateMatcher } from './match-state.ts';
import type { MatchMethod } from './method-names.ts';
import {
  type Criterion,
  type ResourceType,
  resourceTypes,
  type Selectable,
  type SelectionProject,
} from './types.ts';
import { versionMatcher } from './versions.ts';

/** Whether a node is meant. */
export type Matches = (node: Selectable) => boolean;

type Method = (value: string, criterion: Criterion, project: SelectionProject) => Matches;

/**
 * Makes the test of a criterion.
 * @throws {UserError} for a value that the method does not have.
 */
export function matcherOf(
  method: MatchMethod,
  criterion: Criterion,
  project: SelectionProject,
): Matches {
  return methods[method](String(criterion.value), criterion, project);
}

const methods: Readonly<Record<MatchMethod, Method>> = {
  fqn: (value) => fqnMatcher(value),
  tag: (value) => {
    const glob = globToRegExp(value);
    return ({ tags }) => tags.some((tag) => glob.test(tag));
  },
  group: (value) => {
    const glob = globToRegExp(value);
    return ({ group }) => group !== undefined && glob.test(group);
  },
  access: (value, criterion) => {
    oneOf(value, ['private', 'protected', 'public'], 'access level', criterion);
    return ({ resourceType, access }) => resourceType === 'model' && access === value;
  },
  source: (value, criterion) => {
    const parts = value.split('.');
    const [table, source, name] = [
      parts.length > 1 ? parts.at(-1) : '*',
      parts.length > 1 ? parts.at(-2) : parts[0],
      parts.length === 3 ? parts[0] : '*',
    ].map((part) => globToRegExp(part ?? '*'));
    if (parts.length > 3) {
      throw valueFault(criterion, 'write `source`, `source.table` or `package.source.table`');
    }
    return (node) =>
      node.resourceType === 'source' &&
      name?.test(node.packageName) === true &&
      source?.test(node.sourceName ?? '') === true &&
      table?.test(node.name) === true;
  },
  path: (value, criterion) => {
    if (value.startsWith('/') || value.split('/').includes('..')) {
      throw valueFault(criterion, 'write the path from the folder of dbt_project.yml');
    }
    const pattern = pathPattern(value);
    return ({ path, patchPath }) =>
      pattern.covers(path) || (patchPath !== undefined && pattern.isFile(patchPath));
  },
  file: (value) => {
    const glob = globToRegExp(value);
    return ({ path }) => {
      const file = path.split('/').at(-1) ?? path;
      return glob.test(file) || glob.test(file.replace(/(?<=.)\.[^.]*$/, ''));
    };
  },
  package: (value, _criterion, project) => {
    const glob = globToRegExp(value === 'this' ? project.projectName : value);
    return ({ packageName }) => glob.test(packageName);
  },
  config: (value, { methodArguments }) => configMatcher(value, methodArguments),
  test_name: (value) => {
    const glob = globToRegExp(value);
    return (node) => {
      if (node.resourceType === 'unit_test') return glob.test(node.name);
      return node.testName !== undefined && glob.test(node.testName);
    };
  },
  test_type: (value, criterion) => {
    oneOf(value, ['generic', 'singular', 'unit', 'data', 'schema'], 'type of test', criterion);
    const types =
      value === 'schema' ? ['generic'] : value === 'data' ? ['generic', 'singular'] : [value];
    return ({ resourceType, testType }) =>
      types.includes(resourceType === 'unit_test' ? 'unit' : (testType ?? ''));
  },
  resource_type: (value, criterion) => {
    oneOf(value, resourceTypes, 'type of node', criterion);
    return ({ resourceType }) => resourceType === value;
  },
  state: (value, criterion, project) => stateMatcher(value, criterion, project),
  result: (value, criterion, { previous }) => {
    const results = previous?.results;
    if (results === undefined) throw noStateFault(criterion.text, 'run_results.json');
    return ({ uniqueId }) => results.get(uniqueId) === value;
  },
  source_status: (value, criterion, project) => sourceStatusMatcher(value, criterion, project),
  exposure: (value, criterion) => namedMatcher('exposure', value, criterion),
  metric: (value, criterion) => namedMatcher('metric', value, criterion),
  semantic_model: (value, criterion) => namedMatcher('semantic_model', value, criterion),
  saved_query: (value, criterion) => namedMatcher('saved_query', value, criterion),
  unit_test: (value, criterion) => namedMatcher('unit_test', value, criterion),
  version: (value, criterion) => {
    oneOf(value, ['latest', 'prerelease', 'old', 'none'], 'kind of version', criterion);
    return versionMatcher(value);
  },
};

function namedMatcher(type: ResourceType, value: string, criterion: Criterion): Matches {
  const parts = value.split('.');
  if (parts.length > 2) throw valueFault(criterion, `write \`${type}\` or \`package.${type}\``);
  const name = globToRegExp(parts.at(-1) ?? '');
  const packageName = globToRegExp(parts.length === 2 ? (parts[0] ?? '') : '*');
  return (node) =>
    node.resourceType === type && packageName.test(node.packageName) && name.test(node.name);
}

const unconfigured: ReadonlySet<ResourceType> = new Set([
  'exposure',
  'unit_test',
  'metric',
  'semantic_model',
  'saved_query',
]);

/** `config.severity:warn`, `config.meta.owner:finance`: a value of the config, or one of its list. */
function configMatcher(value: string, path: readonly string[]): Matches {
  const isSeverity = path.length === 1 && path[0] === 'severity';
  const wanted = isSeverity ? value.toLowerCase() : value;
  const isWanted = (found: unknown): boolean => {
    if (typeof found === 'boolean') return value.toLowerCase() === String(found);
    if (typeof found === 'number') return value === String(found);
    return wanted === (isSeverity && typeof found === 'string' ? found.toLowerCase() : found);
  };
  return ({ resourceType, config }) => {
    if (unconfigured.has(resourceType)) return false;
    const found = valueAt(config, path);
    return Array.isArray(found) ? found.some(isWanted) : isWanted(found);
  };
}

function valueAt(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => {
    const isMap = typeof found === 'object' && found !== null && !Array.isArray(found);
    return isMap && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined;
  }, config);
}

function oneOf(value: string, known: readonly string[], what: string, { text }: Criterion): void {
  if (known.includes(value)) return;
  const nearest = nearestName(value, known);
  throw new UserError(`\`${text}\`: \`${value}\` is no ${what}`, {
    where: '--select',
    hint: nearest ? `did you mean \`${nearest}\`?` : `there are ${known.join(', ')}`,
  });
}

function valueFault({ text }: Criterion, hint: string): UserError {
  return new UserError(`\`${text}\` is not a selection`, { where: '--select', hint });
}
