// Python's numbers: what counts as one, and reading them from text.

import { ValueFault } from './errors.ts';
import { FloatValue, isUndefined, makeInt, type Value } from './values.ts';

/** An int as a number or bigint, or a float as a FloatValue; booleans count as 0 and 1. */
export type Numeric = number | bigint | FloatValue;

/** The number that a value is for arithmetic; undefined where it is none. */
export function asNumeric(value: Value): Numeric | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? value : new FloatValue(value);
    case 'bigint':
      return makeInt(value);
    case 'boolean':
      return value ? 1 : 0;
    default:
      return value instanceof FloatValue ? value : undefined;
  }
}

/** The nearest double to a number; fails where Python overflows. */
export function asDouble(value: Numeric): number {
  if (typeof value === 'number') return value;
  if (value instanceof FloatValue) return value.value;
  const double = Number(value);
  if (!Number.isFinite(double)) throw new ValueFault('the int is too large for a float');
  return double;
}

/** An int that counts or indexes something; fails for anything else. */
export function expectIndex(value: Value, what: string): number {
  const numeric = asNumeric(value);
  if (isUndefined(value)) throw new ValueFault(value.reason);
  if (numeric === undefined || numeric instanceof FloatValue) {
    throw new ValueFault(`${what} must be an int`);
  }
  return Number(numeric);
}

const INTEGER_TEXT = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT_TEXT =
  /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const SPECIAL_TEXT = /^([+-]?)(inf|infinity|nan)$/i;
const PREFIXES: Readonly<Record<number, RegExp>> = {
  2: /^([+-]?)(?:0b_?)?([01]+(?:_[01]+)*)$/i,
  8: /^([+-]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)$/i,
  16: /^([+-]?)(?:0x_?)?([\da-f]+(?:_[\da-f]+)*)$/i,
};
const LITERAL_PREFIX: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 16: '0x' };

/** Reads an int as Python's int(text, base) does; undefined where Python refuses. */
export function parseInteger(text: string, base = 10): number | bigint | undefined {
  const trimmed = text.trim();
  if (base === 10) {
    return INTEGER_TEXT.test(trimmed) ? makeInt(BigInt(trimmed.replace(/^\+|_/g, ''))) : undefined;
  }
  const pattern = PREFIXES[base];
  if (pattern === undefined) throw new ValueFault(`int of base ${base} is not supported`);
  const match = pattern.exec(trimmed);
  if (match === null) return undefined;
  const magnitude = BigInt(`${LITERAL_PREFIX[base]}${(match[2] ?? '').replaceAll('_', '')}`);
  return makeInt(match[1] === '-' ? -magnitude : magnitude);
}

/** Reads a float as Python's float(text) does; undefined where Python refuses. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  const special = SPECIAL_TEXT.exec(trimmed);
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  return FLOAT_TEXT.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

/** Rounds half to even at some decimals, exactly on the double's own digits, as Python's round does. */
export function roundHalfEven(value: number, decimals: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  if (decimals > 300) return value;
  const { digits, scale, negative } = exactDecimal(value);
  const drop = scale - decimals;
  if (drop <= 0) return value;
  const unit = 10n ** BigInt(drop);
  let quotient = digits / unit;
  const twice = (digits % unit) * 2n;
  if (twice > unit || (twice === unit && quotient % 2n === 1n)) quotient += 1n;
  return Number(`${negative ? '-' : ''}${quotient}e${-decimals}`);
}

/** A double's exact value as digits × 10^-scale. */
export function exactDecimal(value: number): { digits: bigint; scale: number; negative: boolean } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const negative = bits >> 63n === 1n;
  const rawExponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = rawExponent === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = Math.max(rawExponent, 1) - 1075;
  if (exponent >= 0) return { digits: mantissa << BigInt(exponent), scale: 0, negative };
  return { digits: mantissa * 5n ** BigInt(-exponent), scale: -exponent, negative };
}
