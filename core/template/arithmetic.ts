// Python's arithmetic: exact ints of any size, floats that stay floats, floor division.

import { ValueFault } from './errors.ts';
import { asDouble, asNumeric, type Numeric } from './number.ts';
import { formatPercent } from './percent-format.ts';
import { escapeHtml } from './python-text.ts';
import type { BinaryOperator } from './syntax.ts';
import {
  asText,
  FloatValue,
  isUndefined,
  ListValue,
  MarkupValue,
  makeInt,
  TupleValue,
  typeName,
  type Value,
} from './values.ts';

const MAX_REPEATED = 1_000_000;
const MAX_POWER_BITS = 100_000;

/** Applies an arithmetic operator as Python does, or says why it cannot. */
export function applyBinary(operator: BinaryOperator, left: Value, right: Value): Value {
  const a = asNumeric(left);
  const b = asNumeric(right);
  if (a !== undefined && b !== undefined) return numeric(operator, a, b);
  for (const operand of [left, right])
    if (isUndefined(operand)) throw new ValueFault(operand.reason);
  const result = onSequences(operator, left, right) ?? onHosts(operator, left, right);
  if (result !== undefined) return result;
  throw new ValueFault(
    `\`${operator}\` does not work between ${typeName(left)} and ${typeName(right)}`,
    operator === '+' && (asText(left) ?? asText(right)) !== undefined
      ? 'Join texts and numbers with `~`.'
      : undefined,
  );
}

/** `-x` and `+x`. */
export function applySign(operator: '-' | '+', value: Value): Value {
  if (isUndefined(value)) throw new ValueFault(value.reason);
  const number = asNumeric(value);
  if (number === undefined)
    throw new ValueFault(`\`${operator}\` does not work on ${typeName(value)}`);
  if (operator === '+') return number;
  if (number instanceof FloatValue) return new FloatValue(-number.value);
  return typeof number === 'number' ? 0 - number : makeInt(-number);
}

function numeric(operator: BinaryOperator, a: Numeric, b: Numeric): Value {
  if (a instanceof FloatValue || b instanceof FloatValue) {
    return new FloatValue(onFloats(operator, asDouble(a), asDouble(b)));
  }
  if (operator === '/') return divide(a, b);
  if (operator === '**') return power(a, b);
  if (typeof a === 'number' && typeof b === 'number') {
    const fast = onSmallInts(operator, a, b);
    if (Number.isSafeInteger(fast)) return fast === 0 ? 0 : fast;
  }
  return makeInt(onBigInts(operator, BigInt(a), BigInt(b)));
}

function onSmallInts(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      refuseZero(b);
      return (a - floorMod(a, b)) / b;
    case '%':
      refuseZero(b);
      return floorMod(a, b);
    default:
      return Number.NaN;
  }
}

function onBigInts(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    default: {
      refuseZero(Number(b));
      const rest = ((a % b) + b) % b;
      return operator === '%' ? rest : (a - rest) / b;
    }
  }
}

function onFloats(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '**':
      return floatPower(a, b);
    case '/':
      refuseZero(b);
      return a / b;
    case '%':
      refuseZero(b);
      return floorMod(a, b);
    case '//': {
      refuseZero(b);
      const quotient = (a - floorMod(a, b)) / b;
      const floor = Math.floor(quotient);
      if (quotient === 0) return a / b < 0 ? -0 : 0;
      return quotient - floor > 0.5 ? floor + 1 : floor;
    }
  }
}

function floorMod(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function divide(a: number | bigint, b: number | bigint): FloatValue {
  refuseZero(b);
  if (typeof a === 'number' && typeof b === 'number') return new FloatValue(a / b);
  if (BigInt(a) % BigInt(b) === 0n) return new FloatValue(asDouble(makeInt(BigInt(a) / BigInt(b))));
  throw new ValueFault('`/` between ints beyond 2^53 is not exact', 'Divide with `//`.');
}

function power(a: number | bigint, b: number | bigint): Value {
  if (b < 0) {
    refuseZero(a, '0 cannot be raised to a negative power');
    return new FloatValue(asDouble(a) ** asDouble(b));
  }
  const bits = BigInt(a).toString(2).length;
  if (Number(b) * bits > MAX_POWER_BITS && bits > 1) throw new ValueFault('the power is too large');
  return makeInt(BigInt(a) ** BigInt(b));
}

function floatPower(a: number, b: number): number {
  if (a === 0 && b < 0) throw new ValueFault('0 cannot be raised to a negative power');
  if (a < 0 && !Number.isInteger(b)) throw new ValueFault('the result is no real number');
  if (a === 1 || b === 0) return 1;
  const result = a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a))
    throw new ValueFault('the result is too large');
  return result;
}

function refuseZero(divisor: number | bigint, message = 'division by zero'): void {
  if (Number(divisor) === 0) throw new ValueFault(message);
}

function onSequences(operator: BinaryOperator, left: Value, right: Value): Value | undefined {
  if (operator === '%') {
    if (typeof left === 'string') return formatPercent(left, right);
    if (left instanceof MarkupValue)
      throw new ValueFault('`%` does not work on safe text', 'Leave out `| safe`.');
    return undefined;
  }
  if (operator === '*') return repeat(left, right) ?? repeat(right, left);
  if (operator !== '+') return undefined;
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (asText(left) !== undefined && asText(right) !== undefined) {
    return new MarkupValue(escapeHtml(left).text + escapeHtml(right).text);
  }
  if (left instanceof ListValue && right instanceof ListValue) {
    return new ListValue([...left.items, ...right.items]);
  }
  if (left instanceof TupleValue && right instanceof TupleValue) {
    return new TupleValue([...left.items, ...right.items]);
  }
  return undefined;
}

function repeat(sequence: Value, times: Value): Value | undefined {
  const count = asNumeric(times);
  if (count === undefined || count instanceof FloatValue) return undefined;
  const n = Math.max(0, Number(count));
  const guard = (length: number): void => {
    if (length * n > MAX_REPEATED * 10) throw new ValueFault('the repeated value is too long');
  };
  if (typeof sequence === 'string') {
    guard(sequence.length);
    return sequence.repeat(n);
  }
  if (sequence instanceof ListValue || sequence instanceof TupleValue) {
    guard(sequence.items.length);
    const items = Array.from({ length: n }, () => sequence.items).flat();
    return sequence instanceof ListValue ? new ListValue(items) : new TupleValue(items);
  }
  if (sequence instanceof MarkupValue) return new MarkupValue(sequence.text.repeat(n));
  return undefined;
}

function onHosts(operator: BinaryOperator, left: Value, right: Value): Value | undefined {
  if (left !== null && typeof left === 'object' && left.kind === 'host') {
    const result = left.operate?.(operator, right, false);
    if (result !== undefined) return result;
  }
  if (right !== null && typeof right === 'object' && right.kind === 'host') {
    return right.operate?.(operator, left, true);
  }
  return left !== null && typeof left === 'object' && left.kind === 'set' && operator === '-'
    ? left.without(right)
    : undefined;
}
