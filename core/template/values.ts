// The kinds of values that templates work on. Member lookup exists only for these kinds, so
// nothing of JavaScript can be reached from a template.

import type { Place } from '../errors.ts';
import type { DictValue, SetValue } from './dict.ts';
import type { MacroFrame } from './errors.ts';

/** A Python float: printed with a point even when it is whole. */
export class FloatValue {
  readonly kind = 'float';
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** As a number, where data with it is written as JSON. */
  toJSON(): number {
    return this.value;
  }
}

/**
 * Returns the value, or another where there is none. Unlike `??` it keeps null, which is the template's
 * None and a value like any other.
 */
export function orElse<T extends Value | undefined, U>(
  value: T,
  other: U,
): Exclude<T, undefined> | U {
  // as: what is not undefined is excluded from it
  return value === undefined ? other : (value as Exclude<T, undefined>);
}

/** A missing attribute, item or argument: prints as nothing and is false; using it further fails. */
export class UndefinedValue {
  readonly kind = 'undefined';
  /** Says what is missing, for the error of whoever uses it. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Text marked as safe HTML (by `safe`, `escape`, `tojson`); prints as its text. */
export class MarkupValue {
  readonly kind = 'markup';
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A Python list; methods change it in place. */
export class ListValue {
  readonly kind = 'list';
  readonly items: Value[];

  constructor(items: Value[] = []) {
    this.items = items;
  }
}

/** A Python tuple. */
export class TupleValue {
  readonly kind = 'tuple';
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** A Python iterator or generator: can be walked once, has no length, cannot be printed. */
export class IteratorValue {
  readonly kind = 'iterator';
  readonly label: string;
  readonly iterator: Iterator<Value>;

  constructor(iterator: Iterator<Value>, label = 'generator') {
    this.iterator = iterator;
    this.label = label;
  }
}

/** Where and by whom a function is called; `host` code needs it for its error messages. */
export interface CallSite {
  readonly place: Place;
  /** The macro calls that led here, outermost first. */
  readonly chain: readonly MacroFrame[];
  /** The state of the running render; macros continue in it. Opaque to host code. */
  readonly state: unknown;
}

/** Something to be called: a host function, a method or a macro. */
export interface FunctionValue {
  readonly kind: 'function';
  readonly name: string;
  call(args: readonly Value[], kwargs: ReadonlyMap<string, Value>, site: CallSite): Value;
  getAttribute?(name: string): Value | undefined;
  /** Set on macros: what Jinja prints for one. */
  readonly isMacro?: boolean;
}

/**
 * An object of the host (a relation, `target`, `adapter`) or of the language (range, namespace,
 * loop, date). What it does not offer, a template cannot do with it.
 */
export interface HostObject {
  readonly kind: 'host';
  readonly typeName: string;
  getAttribute(name: string): Value | undefined;
  setAttribute?(name: string, value: Value): void;
  getItem?(key: Value): Value | undefined;
  /** What `{{ it }}` prints; throw a `ValueFault` where there is no sensible text. */
  toText(): string;
  /** What it prints as inside a list; `toText` where absent. */
  toRepr?(): string;
  iterate?(): Iterator<Value>;
  length?(): number;
  isTrue?(): boolean;
  equals?(other: Value): boolean;
  /** Below, at or above zero as this sorts before, with or after the other; undefined if it cannot be said. */
  compare?(other: Value): number | undefined;
  contains?(item: Value): boolean;
  call?(args: readonly Value[], kwargs: ReadonlyMap<string, Value>, site: CallSite): Value;
  /** Arithmetic with this on the left, or on the right when `reflected`; undefined where it has none. */
  operate?(operator: string, other: Value, reflected: boolean): Value | undefined;
  /** The float that a number of the host is, for the filters that make numbers. */
  toFloat?(): number;
  /** Equal objects have equal keys; identity where absent. */
  hashKey?(): string;
  readonly isMapping?: boolean;
}

/**
 * Every value of the language: none is null; an int is a whole number, or a bigint beyond 2^53; a
 * float is a `FloatValue`.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | FloatValue
  | UndefinedValue
  | MarkupValue
  | ListValue
  | TupleValue
  | DictValue
  | SetValue
  | IteratorValue
  | FunctionValue
  | HostObject;

/** Names the type of a value as Python does. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'str';
    case 'number':
    case 'bigint':
      return 'int';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  switch (value.kind) {
    case 'undefined':
      return 'Undefined';
    case 'markup':
      return 'Markup';
    case 'iterator':
      return value.label;
    case 'function':
      return value.isMacro === true ? 'Macro' : 'function';
    case 'host':
      return value.typeName;
    default:
      return value.kind;
  }
}

/** The text of a string, marked as safe or not; undefined for any other value. */
export function asText(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof MarkupValue ? value.text : undefined;
}

/** Says whether a value is Undefined. */
export function isUndefined(value: Value): value is UndefinedValue {
  return value instanceof UndefinedValue;
}

/** Brings an int back to a plain number where that holds it exactly. */
export function makeInt(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** Offers a JavaScript function of this program to templates. */
export function makeFunction(
  name: string,
  call: (args: readonly Value[], kwargs: ReadonlyMap<string, Value>, site: CallSite) => Value,
): FunctionValue {
  return { kind: 'function', name, call };
}
