// Python's truth, equality, order and membership.

import { DictValue, SetValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { asNumeric, type Numeric } from './number.ts';
import { iteratorOf } from './sequence.ts';
import {
  asText,
  FloatValue,
  isUndefined,
  ListValue,
  TupleValue,
  typeName,
  type Value,
} from './values.ts';

const MAX_DEPTH = 200;

/** Python's bool(value): empty texts and containers, zero, none and undefined are false. */
export function isTruthy(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null) return false;
  if (typeof value !== 'object') return Boolean(value);
  switch (value.kind) {
    case 'undefined':
      return false;
    case 'float':
      return value.value !== 0;
    case 'markup':
      return value.text !== '';
    case 'list':
    case 'tuple':
      return value.items.length > 0;
    case 'dict':
    case 'set':
      return value.size > 0;
    case 'host':
      return value.isTrue?.() ?? (value.length === undefined || value.length() > 0);
    default:
      return true;
  }
}

/** Python's `==`: deep, and strict about types (`1 == '1'` is false, `1 == True` is true). */
export function equals(a: Value, b: Value, depth = 0): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (depth > MAX_DEPTH) throw new ValueFault('the values are nested too deeply to compare');
  // An object of the host may equal a number, as Python's Decimal does.
  if (typeof a === 'object' && a.kind === 'host') return a.equals?.(b) ?? false;
  if (typeof b === 'object' && b.kind === 'host') return b.equals?.(a) ?? false;
  const left = asNumeric(a);
  const right = asNumeric(b);
  if (left !== undefined || right !== undefined) {
    return left !== undefined && right !== undefined && compareNumbers(left, right) === 0;
  }
  const text = asText(a);
  if (text !== undefined) return text === asText(b);
  if (isUndefined(a)) return isUndefined(b);
  if (a instanceof ListValue && b instanceof ListValue) return sameItems(a.items, b.items, depth);
  if (a instanceof TupleValue && b instanceof TupleValue) return sameItems(a.items, b.items, depth);
  if (a instanceof SetValue && b instanceof SetValue) {
    return a.size === b.size && [...a.values()].every((value) => b.has(value));
  }
  return a instanceof DictValue && b instanceof DictValue && sameEntries(a, b, depth);
}

function sameItems(a: readonly Value[], b: readonly Value[], depth: number): boolean {
  return (
    a.length === b.length && a.every((item, index) => equals(item, b[index] ?? null, depth + 1))
  );
}

function sameEntries(a: DictValue, b: DictValue, depth: number): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !equals(value, other, depth + 1)) return false;
  }
  return true;
}

/**
 * Below zero where a sorts before b, zero where neither does, above zero else; NaN compares as NaN.
 * Fails for types that Python cannot order.
 */
export function compareValues(a: Value, b: Value, operator = '<'): number {
  const left = asNumeric(a);
  const right = asNumeric(b);
  if (left !== undefined && right !== undefined) return compareNumbers(left, right);
  const text = asText(a);
  const other = asText(b);
  if (text !== undefined && other !== undefined) return compareTexts(text, other);
  if (a instanceof ListValue && b instanceof ListValue)
    return compareItems(a.items, b.items, operator);
  if (a instanceof TupleValue && b instanceof TupleValue) {
    return compareItems(a.items, b.items, operator);
  }
  if (a !== null && typeof a === 'object' && a.kind === 'host') {
    const order = a.compare?.(b);
    if (order !== undefined) return order;
  }
  if (b !== null && typeof b === 'object' && b.kind === 'host') {
    const order = b.compare?.(a);
    if (order !== undefined) return -order;
  }
  for (const value of [a, b]) if (isUndefined(value)) throw new ValueFault(value.reason);
  throw new ValueFault(`\`${operator}\` does not work between ${typeName(a)} and ${typeName(b)}`);
}

function compareItems(a: readonly Value[], b: readonly Value[], operator: string): number {
  for (const [index, item] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (!equals(item, other)) return compareValues(item, other, operator);
  }
  return a.length - b.length;
}

function compareNumbers(a: Numeric, b: Numeric): number {
  const left = a instanceof FloatValue ? a.value : a;
  const right = b instanceof FloatValue ? b.value : b;
  if (left < right) return -1;
  if (left > right) return 1;
  // What is neither below, nor above, nor equal is a NaN.
  return left <= right ? 0 : Number.NaN;
}

/** Python orders texts by code point, JavaScript by UTF-16 unit. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const highFirst = isSurrogate(left) && !isSurrogate(right);
    const highSecond = isSurrogate(right) && !isSurrogate(left);
    if (highFirst || highSecond) return highFirst ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Python's `item in container`. */
export function contains(container: Value, item: Value): boolean {
  const text = asText(container);
  if (text !== undefined) {
    const part = asText(item);
    if (part !== undefined) return text.includes(part);
    if (isUndefined(item)) throw new ValueFault(item.reason);
    throw new ValueFault(`only a text can be \`in\` a text, not ${typeName(item)}`);
  }
  if (container instanceof DictValue || container instanceof SetValue) return container.has(item);
  if (container !== null && typeof container === 'object' && container.kind === 'host') {
    if (container.contains !== undefined) return container.contains(item);
  }
  const iterator = iteratorOf(container);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    if (equals(next.value, item)) return true;
  }
  return false;
}
