// Walking, measuring, indexing and slicing values as Python does.

import { DictValue, SetValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { asNumeric, expectIndex } from './number.ts';
import {
  asText,
  FloatValue,
  type HostObject,
  IteratorValue,
  isUndefined,
  ListValue,
  MarkupValue,
  TupleValue,
  typeName,
  type Value,
} from './values.ts';

const SURROGATE = /[\ud800-\udfff]/;
/** The most elements that one value may yield: what Python would do for minutes is an error here. */
export const MAX_ELEMENTS = 1_000_000;

/** Python's iter(value); fails for what cannot be walked. */
export function iteratorOf(value: Value): Iterator<Value> {
  const text = asText(value);
  if (text !== undefined) return text[Symbol.iterator]();
  if (value instanceof ListValue) return liveItems(value);
  if (value instanceof TupleValue) return value.items[Symbol.iterator]();
  if (value instanceof DictValue) return steadyKeys(value);
  if (value instanceof SetValue) return value.values();
  if (value instanceof IteratorValue) return value.iterator;
  if (isUndefined(value)) return [][Symbol.iterator]();
  const walked = isHost(value) ? value.iterate?.() : undefined;
  if (walked !== undefined) return walked;
  throw new ValueFault(`${typeName(value)} cannot be walked through`);
}

/** All elements of a value. */
export function elementsOf(value: Value): Value[] {
  if (value instanceof ListValue || value instanceof TupleValue) return [...value.items];
  const elements: Value[] = [];
  const iterator = iteratorOf(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    elements.push(next.value);
    if (elements.length > MAX_ELEMENTS) throw new ValueFault(`more than ${MAX_ELEMENTS} elements`);
  }
  return elements;
}

function* liveItems(list: ListValue): Iterator<Value> {
  for (let index = 0; index < list.items.length; index += 1) {
    if (index > MAX_ELEMENTS) throw new ValueFault('the list grows while it is walked through');
    yield list.items[index] ?? null;
  }
}

function* steadyKeys(dict: DictValue): Iterator<Value> {
  const { size } = dict;
  for (const key of dict.keys()) {
    yield key;
    if (dict.size !== size)
      throw new ValueFault('the dict changed its size while it was walked through');
  }
}

/** Python's len(value); undefined where it has none. */
export function lengthOf(value: Value): number | undefined {
  const text = asText(value);
  if (text !== undefined) return SURROGATE.test(text) ? [...text].length : text.length;
  if (value instanceof ListValue || value instanceof TupleValue) return value.items.length;
  if (value instanceof DictValue || value instanceof SetValue) return value.size;
  if (isUndefined(value)) return 0;
  return isHost(value) ? value.length?.() : undefined;
}

/** `value[index]` for what is indexed by position; undefined where there is no such element. */
export function elementAt(value: Value, index: number): Value | undefined {
  const text = asText(value);
  if (text !== undefined) {
    const character = SURROGATE.test(text) ? [...text].at(index) : text.at(index);
    return value instanceof MarkupValue && character !== undefined
      ? new MarkupValue(character)
      : character;
  }
  return value instanceof ListValue || value instanceof TupleValue
    ? value.items.at(index)
    : undefined;
}

/** `value[start:stop:step]`; fails for what has no slices. */
export function sliceOf(value: Value, bounds: readonly [Value, Value, Value]): Value {
  const text = asText(value);
  if (text !== undefined) {
    const characters = SURROGATE.test(text) ? [...text] : text.split('');
    const sliced = pick(characters, bounds).join('');
    return value instanceof MarkupValue ? new MarkupValue(sliced) : sliced;
  }
  if (value instanceof ListValue) return new ListValue(pick(value.items, bounds));
  if (value instanceof TupleValue) return new TupleValue(pick(value.items, bounds));
  if (isUndefined(value)) throw new ValueFault(value.reason);
  if (isHost(value) && value.typeName === 'range') {
    throw new ValueFault(
      'a slice of a range is not supported',
      'Make it a list first with `| list`.',
    );
  }
  throw new ValueFault(`${typeName(value)} has no slices`);
}

function pick<T>(items: readonly T[], [start, stop, step]: readonly [Value, Value, Value]): T[] {
  const by = step === null ? 1 : expectIndex(step, 'the step of a slice');
  if (by === 0) throw new ValueFault('the step of a slice cannot be 0');
  const { length } = items;
  const clamp = (bound: Value, fallback: number): number => {
    if (bound === null) return fallback;
    const index = expectIndex(bound, 'the bound of a slice');
    const absolute = index < 0 ? index + length : index;
    return by > 0
      ? Math.min(Math.max(absolute, 0), length)
      : Math.min(Math.max(absolute, -1), length - 1);
  };
  const from = clamp(start, by > 0 ? 0 : length - 1);
  const to = clamp(stop, by > 0 ? length : -1);
  const picked: T[] = [];
  for (let index = from; by > 0 ? index < to : index > to; index += by) {
    const item = items[index];
    if (item !== undefined) picked.push(item);
  }
  return picked;
}

/** Says whether a value is an int that can index something. */
export function isIndex(value: Value): boolean {
  const numeric = asNumeric(value);
  return numeric !== undefined && !(numeric instanceof FloatValue);
}

/** Says whether a value is an object of the host. */
export function isHost(value: Value): value is HostObject {
  return value !== null && typeof value === 'object' && value.kind === 'host';
}
