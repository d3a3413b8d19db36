// The tests of Jinja: what may stand after `is`.

import { nearestName } from '../errors.ts';
import { bindArguments } from './arguments.ts';
import { applyBinary } from './arithmetic.ts';
import { compareValues, contains, equals } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { isFilterName } from './filter-names.ts';
import { toText } from './python-text.ts';
import { isHost } from './sequence.ts';
import type { RenderState } from './state.ts';
import {
  asText,
  FloatValue,
  isUndefined,
  ListValue,
  MarkupValue,
  TupleValue,
  type Value,
} from './values.ts';

type TestFunction = (value: Value, argument: Value) => boolean;

const isCallable = (value: Value): boolean =>
  value !== null &&
  typeof value === 'object' &&
  (value.kind === 'function' || isUndefined(value) || (isHost(value) && value.call !== undefined));

const isInteger = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint';

const isNumber = (value: Value): boolean =>
  isInteger(value) ||
  typeof value === 'boolean' ||
  value instanceof FloatValue ||
  (value !== null && typeof value === 'object' && isHost(value) && value.toFloat !== undefined);

function isIterable(value: Value): boolean {
  if (asText(value) !== undefined) return true;
  if (value === null || typeof value !== 'object') return false;
  if (isHost(value)) return value.iterate !== undefined;
  return value.kind !== 'function' && value.kind !== 'float';
}

function isSequence(value: Value): boolean {
  if (isHost(value)) return value.length !== undefined && value.getItem !== undefined;
  return (
    asText(value) !== undefined ||
    value instanceof ListValue ||
    value instanceof TupleValue ||
    value instanceof DictValue ||
    isUndefined(value)
  );
}

function isSame(value: Value, other: Value): boolean {
  if (value instanceof FloatValue || other instanceof FloatValue || typeof value === 'bigint') {
    throw new ValueFault(
      "`sameas` between numbers depends on Python's memory",
      'Compare with `==`.',
    );
  }
  return value === other || (isUndefined(value) && value === other);
}

function remainder(value: Value, by: Value): Value {
  return applyBinary('%', value, by);
}

const order = (holds: (sign: number) => boolean, operator: string): TestFunction => {
  return (value, other) => holds(compareValues(value, other, operator));
};

const less = order((sign) => sign < 0, '<');
const lessOrEqual = order((sign) => sign <= 0, '<=');
const greater = order((sign) => sign > 0, '>');
const greaterOrEqual = order((sign) => sign >= 0, '>=');
const unequal: TestFunction = (value, other) => !equals(value, other);

/** Tests by name, with whether they take an argument. */
const TESTS: ReadonlyMap<string, readonly [boolean, TestFunction]> = new Map<
  string,
  readonly [boolean, TestFunction]
>([
  ['defined', [false, (value) => !isUndefined(value)]],
  ['undefined', [false, (value) => isUndefined(value)]],
  ['none', [false, (value) => value === null]],
  ['boolean', [false, (value) => typeof value === 'boolean']],
  ['true', [false, (value) => value === true]],
  ['false', [false, (value) => value === false]],
  ['integer', [false, isInteger]],
  ['float', [false, (value) => value instanceof FloatValue]],
  ['number', [false, isNumber]],
  ['string', [false, (value) => asText(value) !== undefined]],
  [
    'mapping',
    [false, (value) => value instanceof DictValue || (isHost(value) && value.isMapping === true)],
  ],
  ['sequence', [false, isSequence]],
  ['iterable', [false, isIterable]],
  ['callable', [false, isCallable]],
  ['escaped', [false, (value) => value instanceof MarkupValue]],
  ['lower', [false, (value) => cased(toText(value), 'lower')]],
  ['upper', [false, (value) => cased(toText(value), 'upper')]],
  ['odd', [false, (value) => equals(remainder(value, 2), 1)]],
  ['even', [false, (value) => equals(remainder(value, 2), 0)]],
  ['divisibleby', [true, (value, by) => equals(remainder(value, by), 0)]],
  ['in', [true, (value, container) => contains(container, value)]],
  ['sameas', [true, isSame]],
  ['eq', [true, (value, other) => equals(value, other)]],
  ['equalto', [true, (value, other) => equals(value, other)]],
  ['==', [true, (value, other) => equals(value, other)]],
  ['ne', [true, unequal]],
  ['!=', [true, unequal]],
  ['lt', [true, less]],
  ['lessthan', [true, less]],
  ['<', [true, less]],
  ['le', [true, lessOrEqual]],
  ['<=', [true, lessOrEqual]],
  ['gt', [true, greater]],
  ['greaterthan', [true, greater]],
  ['>', [true, greater]],
  ['ge', [true, greaterOrEqual]],
  ['>=', [true, greaterOrEqual]],
  ['filter', [false, (value) => isFilterName(toText(value))]],
  ['test', [false, (value) => TESTS.has(toText(value))]],
]);

function cased(text: string, way: 'lower' | 'upper'): boolean {
  const same = way === 'lower' ? text.toLowerCase() : text.toUpperCase();
  return text === same && text.toLowerCase() !== text.toUpperCase();
}

/** Applies a test by its name; fails for one that Jinja does not have. */
export function applyTest(
  name: string,
  value: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  _state: RenderState,
): boolean {
  const test = TESTS.get(name);
  if (test === undefined) {
    const nearest = nearestName(name, TESTS.keys());
    throw new ValueFault(
      `unknown test \`${name}\``,
      nearest === undefined ? undefined : `did you mean \`is ${nearest}\`?`,
    );
  }
  const [takesArgument, holds] = test;
  if (kwargs.size > 0) throw new ValueFault(`the test \`${name}\` takes no keyword arguments`);
  const [argument] = bindArguments(
    name,
    takesArgument ? ['value'] : [],
    takesArgument ? 1 : 0,
    args,
    kwargs,
  );
  return holds(value, argument ?? null);
}
