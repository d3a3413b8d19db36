// Member lookup: only what is listed here can be reached from a template.

import { DictValue } from './dict.ts';
import { DICT_METHODS } from './dict-methods.ts';
import { ValueFault } from './errors.ts';
import { LIST_METHODS, SET_METHODS, TUPLE_METHODS } from './list-methods.ts';
import type { Methods } from './methods.ts';
import { expectIndex } from './number.ts';
import { elementAt, isHost, isIndex } from './sequence.ts';
import { STRING_METHODS } from './string-methods.ts';
import {
  asText,
  FloatValue,
  isUndefined,
  ListValue,
  MarkupValue,
  makeFunction,
  orElse,
  TupleValue,
  typeName,
  UndefinedValue,
  type Value,
} from './values.ts';

/** What Python has and this language has not; asking for it must not look like asking for nothing. */
const UNSUPPORTED: Readonly<Record<string, ReadonlySet<string>>> = {
  str: new Set(['encode', 'translate', 'maketrans', 'isidentifier']),
  int: new Set([
    'as_integer_ratio',
    'bit_count',
    'bit_length',
    'conjugate',
    'denominator',
    'from_bytes',
    'imag',
    'numerator',
    'real',
    'to_bytes',
  ]),
  bool: new Set([
    'as_integer_ratio',
    'bit_count',
    'bit_length',
    'conjugate',
    'denominator',
    'from_bytes',
    'imag',
    'numerator',
    'real',
    'to_bytes',
  ]),
  float: new Set(['as_integer_ratio', 'conjugate', 'fromhex', 'hex', 'imag', 'real']),
  dict: new Set(['fromkeys']),
  range: new Set(['count', 'index']),
};

/** `object.name`: the attribute or method, else the item of that name, else undefined. */
export function attributeOf(object: Value, name: string): Value {
  if (isUndefined(object)) throw new ValueFault(object.reason);
  const member = orElse(
    memberOf(object, name),
    object instanceof DictValue ? object.get(name) : hostItem(object, name),
  );
  if (member !== undefined) return member;
  return missing(object, name);
}

/** `object[key]`: the item, else the attribute of that name, else undefined. */
export function itemOf(object: Value, key: Value): Value {
  if (isUndefined(object)) throw new ValueFault(object.reason);
  const item = plainItem(object, key);
  if (item !== undefined) return item;
  const name = asText(key);
  if (name === undefined) return new UndefinedValue(`the ${typeName(object)} has no such item`);
  const member = memberOf(object, name);
  return member === undefined ? missing(object, name) : member;
}

function plainItem(object: Value, key: Value): Value | undefined {
  if (object instanceof DictValue) return isHashable(key) ? object.get(key) : undefined;
  if (isHost(object)) return object.getItem?.(key);
  if (!isIndex(key)) return undefined;
  return elementAt(object, expectIndex(key, 'an index'));
}

function hostItem(object: Value, name: string): Value | undefined {
  return isHost(object) ? object.getItem?.(name) : undefined;
}

function isHashable(key: Value): boolean {
  if (key === null || typeof key !== 'object') return true;
  if (key instanceof TupleValue) return key.items.every(isHashable);
  return key.kind !== 'list' && key.kind !== 'dict' && key.kind !== 'set';
}

function missing(object: Value, name: string): UndefinedValue {
  if (UNSUPPORTED[typeName(object)]?.has(name) === true) {
    throw new ValueFault(`\`${name}\` of ${typeName(object)} is not supported`);
  }
  if (name.startsWith('__') && !(object instanceof DictValue)) {
    throw new ValueFault(
      `\`${name}\` is out of reach: names that begin with \`__\` are Python's own`,
    );
  }
  return new UndefinedValue(`the ${typeName(object)} has no attribute \`${name}\``);
}

/** An attribute or bound method of a value; undefined where it has none of that name. */
function memberOf(object: Value, name: string): Value | undefined {
  if (typeof object === 'string') return bind(STRING_METHODS, object, name);
  if (object === null || typeof object !== 'object') return undefined;
  if (object instanceof ListValue) return bind(LIST_METHODS, object, name);
  if (object instanceof TupleValue) return bind(TUPLE_METHODS, object, name);
  if (object instanceof DictValue) return bind(DICT_METHODS, object, name);
  if (object instanceof MarkupValue) return markupMethod(name);
  if (object instanceof FloatValue) {
    return name === 'is_integer'
      ? makeFunction(name, () => Number.isInteger(object.value))
      : undefined;
  }
  switch (object.kind) {
    case 'set':
      return bind(SET_METHODS, object, name);
    case 'host':
      return object.getAttribute(name);
    case 'function':
      return object.getAttribute?.(name);
    default:
      return undefined;
  }
}

function bind<T>(methods: Methods<T>, self: T, name: string): Value | undefined {
  const method = methods.get(name);
  return method === undefined
    ? undefined
    : makeFunction(name, (args, kwargs) => method(self, args, kwargs));
}

function markupMethod(name: string): Value | undefined {
  if (!STRING_METHODS.has(name)) return undefined;
  throw new ValueFault(
    `\`.${name}()\` on text marked as safe is not supported: it would escape its arguments for HTML`,
    'Use the filter of that name, or make it plain text with `| string`.',
  );
}
