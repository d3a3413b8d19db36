// Generic tests: a macro called with the model, the column and the arguments of the YAML.

import { nearestName, throwFaults, UserError } from '../../core/errors.ts';
import { DictValue } from '../../core/template/dict.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { evaluateTemplate, renderTemplate } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import { ListValue, type Value } from '../../core/template/values.ts';
import type { ParsedGenericTest } from '../project/types.ts';
import {
  compileTestQueries,
  type MakeQueries,
  type RelationOf,
  testConfigFields,
} from './compile-test.ts';
import { resolveConfig } from './config.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { relationValue } from './relation-value.ts';
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
  const faults: UserError[] = [];
  const report = resolver.facts.configReport?.(test.packageName);
  const config = resolveConfig('test', test.layers, faults, report);
  throwFaults(faults);
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
  const render = (scope: RenderScope, relationOf: RelationOf) => {
    const relation = relationOf(subject.uniqueId, subject.relation);
    const model = relationValue(database, relation);
    const args = argumentValues(test, scope);
    const own = new Map<string, Value>([
      ['_test_model', model],
      ['_test_arguments', DictValue.of(args)],
    ]);
    const sql = renderTemplate(call, withNames(scope, own));
    const from = { subject: relation, from: model.toText() };
    return { sql, shape: builtIn && shapeOf(builtIn, { ...from, where: config.where, args }) };
  };
  const queries = makeQueries(resolver, {
    model: madeOnce(() =>
      nodeValue({ ...test, database, schema, alias: config.alias ?? test.alias, config }),
    ),
    config,
    packageName: test.packageName,
    render: (scope, relationOf) => {
      // Through `ref` and `source`, so that the subject is among the parents.
      touch(scope, test.on);
      return render(scope, relationOf);
    },
  });
  return {
    kind: 'test',
    testKind: 'generic',
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
    rawSql: call.source.text,
    ...testConfigFields(resolver, test, config),
    refusals: refusalsOf(config, test.layers, test.path),
    ...queries,
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

function touch(scope: RenderScope, on: ParsedGenericTest['on']): void {
  if (on.kind === 'source') {
    const names = { _source: on.source, _table: on.table };
    renderTemplate(sourceCall, withNames(scope, new Map(Object.entries(names))));
    return;
  }
  const names = new Map<string, Value>([['_name', on.name]]);
  if (on.version !== undefined) names.set('_version', fromJson(on.version));
  renderTemplate(names.size === 1 ? refCall : versionedRefCall, withNames(scope, names));
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
