// Filters that work on numbers.

import { applyBinary, applySign } from './arithmetic.ts';
import { compareValues } from './comparison.ts';
import { ValueFault } from './errors.ts';
import type { FilterCall, FilterFunction } from './filters.ts';
import {
  asDouble,
  asNumeric,
  expectIndex,
  parseFloatText,
  parseInteger,
  roundHalfEven,
} from './number.ts';
import { isHost } from './sequence.ts';
import { bindFilter } from './text-filters.ts';
import { asText, FloatValue, isUndefined, makeInt, typeName, type Value } from './values.ts';

function toInt(call: FilterCall): Value {
  const [fallback = 0, base = 10] = bindFilter('int', call, ['default', 'base']);
  const { target } = call;
  if (isUndefined(target)) throw new ValueFault(target.reason);
  const text = asText(target);
  const read = text === undefined ? undefined : parseInteger(text, expectIndex(base, 'the base'));
  if (read !== undefined) return read;
  const number = text === undefined ? numberOf(target) : floatOf(text);
  if (number === undefined) return fallback;
  if (!(number instanceof FloatValue)) return number;
  return Number.isFinite(number.value) ? makeInt(BigInt(Math.trunc(number.value))) : fallback;
}

/** The number that a value is, one of the host included. */
function numberOf(value: Value): ReturnType<typeof asNumeric> {
  const float = isHost(value) ? value.toFloat?.() : undefined;
  return float === undefined ? asNumeric(value) : new FloatValue(float);
}

function floatOf(text: string): FloatValue | undefined {
  const value = parseFloatText(text);
  return value === undefined ? undefined : new FloatValue(value);
}

function toFloat(call: FilterCall): Value {
  const [fallback = new FloatValue(0)] = bindFilter('float', call, ['default']);
  const { target } = call;
  if (isUndefined(target)) throw new ValueFault(target.reason);
  const text = asText(target);
  if (text !== undefined) return floatOf(text) ?? fallback;
  const number = numberOf(target);
  return number === undefined ? fallback : new FloatValue(asDouble(number));
}

function round(call: FilterCall): Value {
  const [precision = 0, method = 'common'] = bindFilter('round', call, ['precision', 'method']);
  const { target } = call;
  if (isUndefined(target)) throw new ValueFault(target.reason);
  const number = asNumeric(target);
  if (number === undefined) throw new ValueFault(`\`round\` does not work on ${typeName(target)}`);
  const decimals = expectIndex(precision, 'the precision of `round`');
  if (method === 'common') {
    if (number instanceof FloatValue) return new FloatValue(roundHalfEven(number.value, decimals));
    if (decimals >= 0) return number;
    throw new ValueFault('`round` of an int to tens is not supported', 'Use `//`.');
  }
  if (method !== 'ceil' && method !== 'floor') {
    throw new ValueFault('the method of `round` is `common`, `ceil` or `floor`');
  }
  const scale = 10 ** decimals;
  const scaled = asDouble(number) * scale;
  return new FloatValue((method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
}

/** Filters that give numbers. */
export const NUMBER_FILTERS = {
  int: toInt,
  float: toFloat,
  round,
  abs: (call) => {
    bindFilter('abs', call, []);
    const plus = applySign('+', call.target);
    return compareValues(plus, 0) < 0
      ? applySign('-', plus)
      : applyBinary('+', plus, plus instanceof FloatValue ? new FloatValue(0) : 0);
  },
} satisfies Record<string, FilterFunction>;
