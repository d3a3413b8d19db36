// Generic tests: a macro called with the model, the column and the arguments of the YAML.

import { nearestName, type Place, throwFaults, UserError } from '../../core/errors.ts';
import { DictValue } from '../../core/template/dict.ts';
import { fromJson, toJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { toText } from '../../core/template/python-text.ts';
import { evaluateTemplate, renderTemplate } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import { type CallSite, ListValue, type Value } from '../../core/template/values.ts';
import type { ConfigLayer, ParsedGenericTest } from '../project/types.ts';
import {
  captureTestQueries,
  compileTestQueries,
  type MakeQueries,
  type TestQueryMaker,
  testConfigFields,
} from './compile-test.ts';
import { type Config, resolveConfig } from './config.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import type { Resolver } from './resolve.ts';
import { withNames } from './scope.ts';
import { builtInTest, isCountOfRows, shapeOf } from './test-shape.ts';
import type { NodeId, RelationName, Test } from './types.ts';

/** Compiles one generic test; undefined where it, or what it tests, is disabled. */
export function compileGenericTest(
  resolver: Resolver,
  test: ParsedGenericTest,
  makeQueries: MakeQueries = compileTestQueries,
): Test | undefined {
  if (test.on.kind === 'ref' && resolver.isDisabled(test.on.name)) return undefined;
  const config = resolveTestConfig(resolver, test, test.layers);
  if (config === undefined || config.enabled === false) return undefined;
  const macro = findMacro(resolver, test);
  const builtIn = isCountOfRows(config) ? builtInTest(resolver.facts.macros, test) : undefined;
  const subject = findSubject(resolver, test);
  const { database, schema } = resolver.facts.inputs.target;
  const call = parseTemplate({
    path: test.path,
    text: `{{ ${macro}(model=get_where_subquery(_test_model), **_test_arguments) }}`,
    firstLine: test.place.line ?? 1,
  });
  const makerOf = (own: Config<'test'>, hear: TestQueryMaker['hear']): TestQueryMaker => ({
    model: madeOnce(() =>
      nodeValue({ ...test, database, schema, alias: own.alias ?? test.alias, config: own }),
    ),
    config: own,
    packageName: test.packageName,
    hear,
    render: (scope, relationOf) => {
      // dbt reads the arguments before the model, which decides the order of CTEs.
      const args = argumentValues(test, scope);
      const value = subjectValue(scope, test.on);
      const names = new Map<string, Value>([
        ['_test_arguments', DictValue.of(args)],
        ['_test_model', value],
      ]);
      const sql = renderTemplate(call, withNames(scope, names));
      const relation = relationOf(subject.uniqueId, subject.relation);
      const from = { subject: relation, from: toText(value) };
      return { sql, shape: builtIn && shapeOf(builtIn, { ...from, where: own.where, args }) };
    },
  });
  let isConfigured = false;
  const queries = makeQueries(
    resolver,
    makerOf(config, () => {
      isConfigured = true;
    }),
  );
  const made = testOf(test, { config, subject, rawSql: call.source.text, layers: test.layers });
  if (!isConfigured) return { ...made, ...testConfigFields(resolver, test, config), ...queries };
  // The macro configures its tests, as dbt_utils does with `fail_calc`: heard as dbt hears it, then used.
  const heard = hearConfig(test);
  captureTestQueries(resolver, makerOf(config, heard.hear));
  const { layers: given, folderLayers } = test;
  const layers = [...given.slice(0, folderLayers), heard.layer, ...given.slice(folderLayers)];
  const whole = resolveTestConfig(resolver, test, layers);
  if (whole === undefined || whole.enabled === false) return undefined;
  return {
    ...testOf(test, { config: whole, subject, rawSql: call.source.text, layers }),
    ...testConfigFields(resolver, test, whole),
    ...makeQueries(resolver, makerOf(whole, undefined)),
  };
}

function resolveTestConfig(
  resolver: Resolver,
  test: ParsedGenericTest,
  layers: readonly ConfigLayer[],
): Config<'test'> | undefined {
  const faults: UserError[] = [];
  const report = resolver.facts.configReport?.(test.packageName);
  const config = resolveConfig('test', layers, faults, report);
  throwFaults(faults);
  return config;
}

/** Keeps what the macro of a test says to `config`. */
function hearConfig(test: ParsedGenericTest) {
  const values: Record<string, unknown> = {};
  const places = new Map<string, Place>();
  const layer: ConfigLayer = { values, placeOf: (key) => places.get(key) ?? test.place };
  const hear = (given: ReadonlyMap<string, Value>, site: CallSite): void => {
    for (const [key, value] of given) {
      values[key] = toJson(value);
      places.set(key, site.place);
    }
  };
  return { layer, hear };
}

function testOf(
  test: ParsedGenericTest,
  parts: {
    readonly config: Config<'test'>;
    readonly subject: { readonly uniqueId: NodeId };
    readonly rawSql: string;
    readonly layers: readonly ConfigLayer[];
  },
) {
  const { config, subject, rawSql, layers } = parts;
  return {
    kind: 'test' as const,
    testKind: 'generic' as const,
    uniqueId: `test.${test.packageName}.${test.name}.${test.hash}`,
    name: test.name,
    alias: config.alias ?? test.alias,
    packageName: test.packageName,
    path: test.path,
    fqn: test.fqn,
    description: test.properties?.description ?? '',
    columns: [],
    testName: test.testName.split('.').at(-1),
    attachedTo: subject.uniqueId,
    columnName: test.columnName,
    rawSql,
    refusals: refusalsOf(config, layers, test.path),
  };
}

function findMacro(resolver: Resolver, test: ParsedGenericTest): string {
  const parts = test.testName.split('.');
  const macro = `test_${parts.at(-1)}`;
  const { definitions, find } = resolver.facts.macros;
  const packageName = parts.length > 1 ? parts[0] : undefined;
  if (find(test.packageName, packageName, macro)) return [...parts.slice(0, -1), macro].join('.');
  const known = [...definitions.keys()]
    .filter((name) => name.startsWith('test_'))
    .map((name) => name.slice('test_'.length));
  const nearest = nearestName(test.testName, known);
  throw new UserError(`there is no generic test \`${test.testName}\``, {
    where: test.place,
    hint: nearest
      ? `did you mean \`${nearest}\`?`
      : `define it with {% test ${test.testName}(model, column_name) %} in a macro folder`,
  });
}

function findSubject(
  resolver: Resolver,
  test: ParsedGenericTest,
): { readonly uniqueId: NodeId; readonly relation: RelationName } {
  const from = test.packageName;
  return test.on.kind === 'ref'
    ? resolver.findRef(undefined, test.on.name, { from, version: test.on.version })
    : resolver.findSource(test.on.source, test.on.table, { from });
}

const refCall = parseTemplate({ path: 'ref', text: '{{ ref(_name) }}' });
const versionedRefCall = parseTemplate({ path: 'ref', text: '{{ ref(_name, v=_version) }}' });
const sourceCall = parseTemplate({ path: 'source', text: '{{ source(_source, _table) }}' });

/** Through `ref` and `source`, so that the subject is among the parents. */
function subjectValue(scope: RenderScope, on: ParsedGenericTest['on']): Value {
  if (on.kind === 'source') {
    const names = { _source: on.source, _table: on.table };
    return evaluateTemplate(sourceCall, withNames(scope, new Map(Object.entries(names))));
  }
  const names = new Map<string, Value>([['_name', on.name]]);
  if (on.version !== undefined) names.set('_version', fromJson(on.version));
  return evaluateTemplate(names.size === 1 ? refCall : versionedRefCall, withNames(scope, names));
}

/** dbt reads a text such as `ref('x')` in an argument as a call; other text may hold templates. */
const callLike = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

function argumentValues(test: ParsedGenericTest, scope: RenderScope): [string, Value][] {
  const evaluate = (value: unknown): Value => {
    if (typeof value === 'string') {
      const text = callLike.test(value) ? `{{ ${value} }}` : value;
      if (!text.includes('{{') && !text.includes('{%')) return value;
      const line = test.place.line ?? 1;
      return evaluateTemplate(parseTemplate({ path: test.path, text, firstLine: line }), scope);
    }
    if (Array.isArray(value)) return new ListValue(value.map(evaluate));
    return fromJson(value);
  };
  const args = Object.entries(test.args).map(([key, value]): [string, Value] => [
    key,
    evaluate(value),
  ]);
  const column = test.columnName;
  return column === undefined || 'column_name' in test.args
    ? args
    : [['column_name', column], ...args];
}
