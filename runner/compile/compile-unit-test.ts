// Unit tests: the query of a model, rendered so that made-up rows stand where it reads.

import { throwFaults, UserError } from '../../core/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { FixtureFile, ParsedProject, ParsedUnitTest, UnitTestRows } from '../project/types.ts';
import { resolveConfig } from './config.ts';
import { nodeContext } from './context.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import type { ResolvedModel, Resolver } from './resolve.ts';
import { scopeOf, withNames } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { RelationName, UnitInput, UnitRows, UnitTest } from './types.ts';
import { overriddenFacts, overriddenNames } from './unit-test-overrides.ts';
import { inputRelation, unusableThis } from './unit-test-relations.ts';

/** A unit test and one model that it tests: of a model with versions, each version by itself. */
export interface UnitTestTarget {
  readonly test: ParsedUnitTest;
  readonly model: ResolvedModel;
}

/** Returns the models that the project's own unit tests test; packages are tested where they are made. */
export function unitTestTargets(
  { unitTests, file }: Pick<ParsedProject, 'unitTests' | 'file'>,
  resolver: Resolver,
): readonly UnitTestTarget[] {
  return unitTests
    .filter((test) => test.packageName === file.name)
    .flatMap((test) => {
      const named = resolver.models.filter(({ parsed }) => parsed.name === test.model);
      const own = named.filter(({ parsed }) => parsed.packageName === test.packageName);
      return (own.length > 0 ? own : named)
        .filter(({ parsed }) => isMeant(test.versions, parsed.version))
        .map((model) => ({ test, model }));
    });
}

function isMeant(
  { include, exclude }: ParsedUnitTest['versions'],
  version: string | number | undefined,
): boolean {
  if (version === undefined) return true;
  const has = (list: readonly (string | number)[]) => list.map(String).includes(String(version));
  return include === undefined ? !has(exclude ?? []) : has(include);
}

/**
 * Compiles a unit test; undefined where it is disabled. A fault is the outcome of the test, and keeps no
 * model from being built that has no tests to run.
 */
export function compileUnitTest(
  resolver: Resolver,
  { test, model }: UnitTestTarget,
  fixtures: readonly FixtureFile[],
): UnitTest | undefined {
  const known = unitTestFields({ test, model });
  if (known === undefined) return undefined;
  try {
    const inputs = inputsOf(resolver, { test, model }, fixtures);
    const { text, map } = renderModel(resolver, { test, model }, inputs);
    const expected = rowsOf(resolver, test, test.expect, fixtures);
    return { ...known, inputs, expected, compiledSql: text, sqlMap: map, fault: undefined };
  } catch (fault) {
    if (!(fault instanceof UserError)) throw fault;
    return { ...known, ...unmade(test), fault };
  }
}

/** A unit test whose model asks the database: its inputs and its query are made when its turn comes. */
export function lateUnitTest(target: UnitTestTarget): UnitTest | undefined {
  const known = unitTestFields(target);
  return known && { ...known, ...unmade(target.test), fault: undefined, isLate: true };
}

function unmade({ expect }: ParsedUnitTest) {
  const expected: UnitRows = { kind: 'dict', rows: [], place: expect.place };
  return { inputs: [], expected, compiledSql: '', sqlMap: [] };
}

function unitTestFields({ test, model }: UnitTestTarget) {
  const faults: UserError[] = [];
  const config = resolveConfig('unitTest', test.layers, faults);
  throwFaults(faults);
  if (config === undefined || config.enabled === false) return undefined;
  const { version } = model.parsed;
  const name = version === undefined ? test.name : `${test.name}_v${version}`;
  return {
    kind: 'unit-test' as const,
    uniqueId: `unit_test.${test.packageName}.${test.model}.${name}`,
    name,
    packageName: test.packageName,
    path: test.path,
    fqn: version === undefined ? test.fqn : [...test.fqn.slice(0, -1), name],
    tags: config.tags ?? [],
    description: test.properties?.description ?? '',
    columns: [],
    meta: config.meta ?? {},
    dependsOn: [model.uniqueId],
    model: model.uniqueId,
  };
}

function inputsOf(
  resolver: Resolver,
  { test, model }: UnitTestTarget,
  fixtures: readonly FixtureFile[],
): readonly UnitInput[] {
  const taken = new Set<string>();
  return test.given.map((given) => {
    const written = given.input ?? '';
    const { node, relation } = readOf(resolver, { test, model }, given);
    // Two inputs of one name come from different schemas; below them all is one schema.
    let table = relation.identifier;
    for (let count = 2; taken.has(table); count += 1) table = `${relation.identifier}_${count}`;
    taken.add(table);
    return { written, node, table, rows: rowsOf(resolver, test, given, fixtures) };
  });
}

/** The node that an input stands for. */
function readOf(
  resolver: Resolver,
  { test, model }: UnitTestTarget,
  given: UnitTestRows,
): { readonly node: string; readonly relation: RelationName } {
  const written = given.input ?? '';
  if (written.trim() === 'this') return { node: model.uniqueId, relation: model.relation };
  const from = model.parsed.packageName;
  const found: { readonly node: string; readonly relation: RelationName }[] = [];
  const hear = ({ uniqueId, relation }: { uniqueId: string; relation: RelationName }) => {
    found.push({ node: uniqueId, relation });
    return '';
  };
  const context = nodeContext(
    resolver.facts,
    { relation: undefined, model: null, execute: false, packageName: from },
    {
      ref: (packageName, name, _site, version) =>
        hear(resolver.findRef(packageName, name, { from, version })),
      source: (source, table) => hear(resolver.findSource(source, table, { from })),
      config: () => undefined,
      readConfig: () => undefined,
    },
  );
  const { path, line } = given.place;
  renderTemplate(
    parseTemplate({ path, text: `{{ ${written} }}`, firstLine: line ?? 1 }),
    scopeOf(context),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new UserError(`the input \`${written}\` of unit test \`${test.name}\` names no node`, {
    where: given.place,
    hint: "write ref('model'), source('source', 'table') or this",
  });
}

function rowsOf(
  resolver: Resolver,
  test: ParsedUnitTest,
  given: UnitTestRows,
  fixtures: readonly FixtureFile[],
): UnitRows {
  const { place, format } = given;
  if (given.fixture !== undefined) {
    const file = findFixture(test, given.fixture, given, fixtures);
    return textRows(resolver, test, format, { text: file.text, place: { path: file.path } });
  }
  const { rows } = given;
  if (typeof rows === 'string') return textRows(resolver, test, format, { text: rows, place });
  if (format !== 'dict' && rows !== undefined && rows.length > 0) {
    throw new UserError(`rows of format \`${format}\` are text`, {
      where: place,
      hint: 'write them as a block of text, or leave `format` out',
    });
  }
  return { kind: 'dict', rows: rows ?? [], place };
}

function textRows(
  resolver: Resolver,
  test: ParsedUnitTest,
  format: UnitTestRows['format'],
  { text, place }: { readonly text: string; readonly place: UnitTestRows['place'] },
): UnitRows {
  if (format === 'csv') return { kind: 'csv', text, place };
  if (format === 'sql') return { kind: 'sql', sql: renderRows(resolver, test, text, place), place };
  throw new UserError('rows of format `dict` are a list of maps', {
    where: place,
    hint: 'say `format: csv` or `format: sql`',
  });
}

/** SQL of rows may hold templates, as that of a model does; it reads no node. */
function renderRows(
  resolver: Resolver,
  test: ParsedUnitTest,
  text: string,
  place: UnitTestRows['place'],
): string {
  const refuse = (): never => {
    throw new UserError('rows of a unit test read no node', {
      where: place,
      hint: 'write the values themselves',
    });
  };
  const context = nodeContext(
    resolver.facts,
    { relation: undefined, model: null, execute: true, packageName: test.packageName },
    { ref: refuse, source: refuse, config: refuse, readConfig: () => undefined },
  );
  const template = parseTemplate({ path: place.path, text, firstLine: place.line ?? 1 });
  return trimSql(renderTemplate(template, scopeOf(context))).text;
}

function findFixture(
  test: ParsedUnitTest,
  name: string,
  { place, format }: UnitTestRows,
  fixtures: readonly FixtureFile[],
): FixtureFile {
  const ending = format === 'sql' ? '.sql' : '.csv';
  const found = fixtures.filter(
    (file) => file.packageName === test.packageName && file.path.endsWith(ending),
  );
  const file = found.find((it) => it.name === name.replace(/\.(csv|sql)$/, ''));
  if (file !== undefined) return file;
  throw new UserError(`there is no fixture \`${name}${name.endsWith(ending) ? '' : ending}\``, {
    where: place,
    hint: `put it into the folder \`fixtures\` of a test folder${
      found.length === 0 ? '' : `; there are ${found.map((it) => it.name).join(', ')}`
    }`,
  });
}

function renderModel(
  resolver: Resolver,
  { test, model }: UnitTestTarget,
  inputs: readonly UnitInput[],
): Rendered {
  const { config, relation, parsed, captured } = model;
  const from = parsed.packageName;
  const facts = overriddenFacts(resolver.facts, test.overrides);
  const { database } = facts.inputs.target;
  const described = madeOnce(() =>
    nodeValue({ ...parsed, database, schema: relation.schema, alias: relation.identifier, config }),
  );
  const readInput = (node: string, read: RelationName, call: string) => {
    const input = inputs.find((it) => it.node === node);
    if (input !== undefined) return inputRelation(database, read, input.table);
    throw new UserError(`unit test \`${test.name}\` gives no rows of \`${call}\``, {
      where: test.place,
      hint: `add \`- input: ${call}\` below \`given\`, with \`rows: []\` where they do not matter`,
    });
  };
  const ofThis = inputs.find(({ node, written }) => node === model.uniqueId && written === 'this');
  const context = nodeContext(
    facts,
    {
      relation: ofThis
        ? inputRelation(database, relation, ofThis.table)
        : unusableThis(database, relation, test.name),
      get model() {
        return described();
      },
      execute: true,
      packageName: from,
    },
    {
      ref: (packageName, name, _site, version) => {
        const found = resolver.findRef(packageName, name, { from, version });
        return readInput(found.uniqueId, found.relation, `ref('${name}')`);
      },
      source: (source, table) => {
        const found = resolver.findSource(source, table, { from });
        return readInput(found.uniqueId, found.relation, `source('${source}', '${table}')`);
      },
      config: () => undefined,
      readConfig: (name) => {
        const value = Object.hasOwn(config, name) ? Reflect.get(config, name) : undefined;
        return value === undefined ? undefined : fromJson(value);
      },
    },
  );
  const scope = withNames(scopeOf(context), overriddenNames(scopeOf(context), test.overrides));
  return trimSql(renderTemplate(captured.template, scope));
}
