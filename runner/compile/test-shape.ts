// Which generic tests are the runner's own, and what they ask: those of one relation share one scan.

import { toText } from '../../core/template/python-text.ts';
import { elementsOf } from '../../core/template/sequence.ts';
import { asText, ListValue, type Value } from '../../core/template/values.ts';
import type { ParsedGenericTest } from '../project/types.ts';
import type { Config } from './config.ts';
import { internalPackage, type MacroLibrary } from './macro-library.ts';
import type { TestShape } from './types.ts';

const builtInTests = ['not_null', 'unique', 'accepted_values', 'relationships'] as const;

/** A generic test that comes with the runner. */
export type BuiltInTest = (typeof builtInTests)[number];

const ofPackage = new WeakMap<MacroLibrary, Map<string, ReadonlySet<BuiltInTest>>>();

/**
 * Returns which of the runner's own tests this is; undefined for any other, and where the project or
 * a package has put its own macro in the place of one that the test calls.
 */
export function builtInTest(
  macros: MacroLibrary,
  test: Pick<ParsedGenericTest, 'testName' | 'packageName'>,
): BuiltInTest | undefined {
  const [first, second] = test.testName.split('.');
  if (second !== undefined && first !== internalPackage) return undefined;
  const name = builtInTests.find((it) => it === (second ?? first));
  if (name === undefined) return undefined;
  const known = ofPackage.get(macros) ?? new Map<string, ReadonlySet<BuiltInTest>>();
  ofPackage.set(macros, known);
  const unchanged = known.get(test.packageName) ?? unchangedTests(macros, test.packageName);
  known.set(test.packageName, unchanged);
  return unchanged.has(name) ? name : undefined;
}

function unchangedTests(macros: MacroLibrary, from: string): ReadonlySet<BuiltInTest> {
  const isOwn = (name: string): boolean => {
    const own = macros.find(internalPackage, internalPackage, name);
    const made = macros.internal.getAttribute(`default__${name}`);
    return (
      own !== undefined &&
      macros.find(from, undefined, name) === own &&
      macros.dispatch(from, name, internalPackage) === made
    );
  };
  if (!isOwn('get_where_subquery')) return new Set();
  return new Set(builtInTests.filter((name) => isOwn(`test_${name}`)));
}

/** Whether a test counts its rows, and not something that it reckons from them. */
export function isCountOfRows(config: Pick<Config<'test'>, 'fail_calc'>): boolean {
  return /^\s*count\s*\(\s*\*\s*\)\s*$/i.test(config.fail_calc);
}

/** What a test is about, and what it was given. */
export interface ShapeInput extends Pick<TestShape, 'subject' | 'from' | 'where'> {
  readonly args: readonly (readonly [string, Value])[];
}

/** Returns what a test asks; undefined where its arguments are not those that its macro has. */
export function shapeOf(test: BuiltInTest, { args, ...input }: ShapeInput): TestShape | undefined {
  const given = new Map(args);
  const column = asText(given.get('column_name') ?? null);
  const others = [...given.keys()].filter((name) => name !== 'column_name').sort();
  if (column === undefined) return undefined;
  if (isCte(input.from) || (input.where !== undefined && !isBalanced(input.where))) {
    return undefined;
  }
  const common = { ...input, where: input.where || undefined, column };
  const takes = (...names: readonly string[]): boolean => others.join() === names.join();
  switch (test) {
    case 'not_null':
      return takes() ? { ...common, kind: 'not-null' } : undefined;
    case 'unique':
      return takes() ? { ...common, kind: 'unique' } : undefined;
    case 'accepted_values': {
      const values = given.get('values');
      const quote = given.get('quote') ?? true;
      const isKnown = takes('values') || takes('quote', 'values');
      if (!isKnown || !(values instanceof ListValue) || typeof quote !== 'boolean')
        return undefined;
      const mark = quote ? "'" : '';
      const list = elementsOf(values).map((value) => `${mark}${toText(value)}${mark}`);
      return { ...common, kind: 'accepted-values', values: list.join(', ') };
    }
    case 'relationships': {
      const field = asText(given.get('field') ?? null);
      const to = given.get('to');
      if (!takes('field', 'to') || field === undefined || to === undefined) return undefined;
      const relation = toText(to);
      return isCte(relation)
        ? undefined
        : { ...common, kind: 'relationships', to: relation, field };
    }
  }
}

/** An ephemeral model is a part of the query of its test, and of no other. */
function isCte(relation: string): boolean {
  return relation.includes('__dbt__cte__');
}

/** A condition that closes a bracket which it did not open would reach out of its own. */
function isBalanced(condition: string): boolean {
  let depth = 0;
  for (const char of condition) {
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
