// Python's dict and set: any hashable key, insertion order, 1 and True the same key.

import { ValueFault } from './errors.ts';
import { FloatValue, MarkupValue, TupleValue, typeName, type Value } from './values.ts';

const identities = new WeakMap<object, string>();
let identityCount = 0;

/** A text that is equal for two values exactly when Python finds them equal as keys. */
export function hashKey(value: Value): string {
  if (typeof value === 'string') return `s${value}`;
  if (value === null) return 'none';
  if (typeof value === 'number' || typeof value === 'bigint') return `n${value}`;
  if (typeof value === 'boolean') return value ? 'n1' : 'n0';
  if (value instanceof MarkupValue) return `s${value.text}`;
  if (value instanceof FloatValue) {
    const whole = Number.isInteger(value.value);
    return `n${whole ? BigInt(value.value) : value.value}`;
  }
  if (value instanceof TupleValue) {
    return `t${value.items.map((item) => lengthPrefixed(hashKey(item))).join('')}`;
  }
  if (value.kind === 'undefined') return 'undefined';
  if (value.kind === 'list' || value.kind === 'dict' || value.kind === 'set') {
    throw new ValueFault(`a ${typeName(value)} cannot be a key or a member of a set`);
  }
  if (value.kind === 'host' && value.hashKey !== undefined) return `h${value.hashKey()}`;
  return identity(value);
}

function lengthPrefixed(text: string): string {
  return `${text.length}:${text}`;
}

function identity(value: object): string {
  let key = identities.get(value);
  if (key === undefined) {
    identityCount += 1;
    key = `o${identityCount}`;
    identities.set(value, key);
  }
  return key;
}

/** A Python dict. */
export class DictValue {
  readonly kind = 'dict';
  private readonly map = new Map<string, [Value, Value]>();

  /** A dict from pairs; a later pair wins. */
  static of(pairs: Iterable<readonly [Value, Value]>): DictValue {
    const dict = new DictValue();
    for (const [key, value] of pairs) dict.set(key, value);
    return dict;
  }

  get size(): number {
    return this.map.size;
  }

  get(key: Value): Value | undefined {
    return this.map.get(hashKey(key))?.[1];
  }

  has(key: Value): boolean {
    return this.map.has(hashKey(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    const entry = this.map.get(hash);
    if (entry === undefined) this.map.set(hash, [key, value]);
    else entry[1] = value;
  }

  delete(key: Value): boolean {
    return this.map.delete(hashKey(key));
  }

  clear(): void {
    this.map.clear();
  }

  entries(): IterableIterator<[Value, Value]> {
    return this.map.values();
  }

  *keys(): IterableIterator<Value> {
    for (const [key] of this.map.values()) yield key;
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this.map.values()) yield value;
  }
}

/** A Python set. Python leaves its order to chance; here it is that of insertion. */
export class SetValue {
  readonly kind = 'set';
  private readonly map = new Map<string, Value>();

  /** A set of the given values. */
  static of(values: Iterable<Value>): SetValue {
    const set = new SetValue();
    for (const value of values) set.add(value);
    return set;
  }

  get size(): number {
    return this.map.size;
  }

  has(value: Value): boolean {
    return this.map.has(hashKey(value));
  }

  add(value: Value): void {
    const hash = hashKey(value);
    if (!this.map.has(hash)) this.map.set(hash, value);
  }

  delete(value: Value): boolean {
    return this.map.delete(hashKey(value));
  }

  /** The members that are not in the other set; undefined where the other is none. */
  without(other: Value): SetValue | undefined {
    if (!(other instanceof SetValue)) return undefined;
    return SetValue.of([...this.values()].filter((value) => !other.has(value)));
  }

  values(): IterableIterator<Value> {
    return this.map.values();
  }
}
