// The methods of Python's list, tuple and set.

import { bindArguments } from './arguments.ts';
import { equals } from './comparison.ts';
import { SetValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import type { Methods } from './methods.ts';
import { expectIndex } from './number.ts';
import { elementsOf } from './sequence.ts';
import { sortValues } from './sort.ts';
import { isUndefined, ListValue, type TupleValue, type Value } from './values.ts';

type Keywords = ReadonlyMap<string, Value>;

function one(name: string, args: readonly Value[], kwargs: Keywords): Value {
  return bindArguments(name, ['value'], 1, args, kwargs)[0] ?? null;
}

function none(name: string, args: readonly Value[], kwargs: Keywords): void {
  bindArguments(name, [], 0, args, kwargs);
}

function indexOf(items: readonly Value[], args: readonly Value[], kwargs: Keywords): number {
  const [value = null, start, stop] = bindArguments(
    'index',
    ['value', 'start', 'stop'],
    1,
    args,
    kwargs,
  );
  const bound = (at: Value | undefined, fallback: number): number => {
    if (at === undefined) return fallback;
    const index = expectIndex(at, 'the bounds of `index`');
    return index < 0 ? Math.max(0, index + items.length) : index;
  };
  const end = Math.min(bound(stop, items.length), items.length);
  for (let index = bound(start, 0); index < end; index += 1) {
    if (equals(items[index] ?? null, value)) return index;
  }
  throw new ValueFault('the value is not in the list');
}

function count(items: readonly Value[], args: readonly Value[], kwargs: Keywords): number {
  const value = one('count', args, kwargs);
  return items.filter((item) => equals(item, value)).length;
}

function walkable(value: Value): Value[] {
  if (isUndefined(value)) return [];
  return elementsOf(value);
}

/** Methods of a list; those that change it give none, as in Python. */
export const LIST_METHODS: Methods<ListValue> = new Map<
  string,
  (self: ListValue, args: readonly Value[], kwargs: Keywords) => Value
>([
  [
    'append',
    (self, args, kwargs) => {
      self.items.push(one('append', args, kwargs));
      return null;
    },
  ],
  [
    'extend',
    (self, args, kwargs) => {
      for (const item of walkable(one('extend', args, kwargs))) self.items.push(item);
      return null;
    },
  ],
  [
    'insert',
    (self, args, kwargs) => {
      const [at = 0, value = null] = bindArguments('insert', ['index', 'value'], 2, args, kwargs);
      self.items.splice(expectIndex(at, 'the index'), 0, value);
      return null;
    },
  ],
  [
    'pop',
    (self, args, kwargs) => {
      const [at = -1] = bindArguments('pop', ['index'], 0, args, kwargs);
      const index = expectIndex(at, 'the index');
      const absolute = index < 0 ? index + self.items.length : index;
      const value = self.items[absolute];
      if (value === undefined) throw new ValueFault('`pop` beyond the end of the list');
      self.items.splice(absolute, 1);
      return value;
    },
  ],
  [
    'remove',
    (self, args, kwargs) => {
      self.items.splice(indexOf(self.items, [one('remove', args, kwargs)], new Map()), 1);
      return null;
    },
  ],
  [
    'clear',
    (self, args, kwargs) => {
      none('clear', args, kwargs);
      self.items.length = 0;
      return null;
    },
  ],
  [
    'reverse',
    (self, args, kwargs) => {
      none('reverse', args, kwargs);
      self.items.reverse();
      return null;
    },
  ],
  [
    'sort',
    (self, args, kwargs) => {
      const [key, reverse = false] = bindArguments('sort', ['key', 'reverse'], 0, [], kwargs);
      if (args.length > 0) throw new ValueFault('`sort` takes no positional arguments');
      if (key !== undefined && key !== null)
        throw new ValueFault('`sort` with a key is not supported', 'Use `| sort(attribute=…)`.');
      const sorted = sortValues(self.items, (item) => item, reverse !== false);
      self.items.splice(0, self.items.length, ...sorted);
      return null;
    },
  ],
  [
    'copy',
    (self, args, kwargs) => {
      none('copy', args, kwargs);
      return new ListValue([...self.items]);
    },
  ],
  ['index', (self, args, kwargs) => indexOf(self.items, args, kwargs)],
  ['count', (self, args, kwargs) => count(self.items, args, kwargs)],
]);

/** Methods of a tuple. */
export const TUPLE_METHODS: Methods<TupleValue> = new Map<
  string,
  (self: TupleValue, args: readonly Value[], kwargs: Keywords) => Value
>([
  ['index', (self, args, kwargs) => indexOf(self.items, args, kwargs)],
  ['count', (self, args, kwargs) => count(self.items, args, kwargs)],
]);

function combine(
  keep: (self: SetValue, other: SetValue) => Iterable<Value>,
): (self: SetValue, args: readonly Value[]) => Value {
  return (self, args) =>
    args.reduce<SetValue>(
      (made, arg) => SetValue.of(keep(made, SetValue.of(walkable(arg)))),
      SetValue.of(self.values()),
    );
}

function check(
  holds: (self: SetValue, other: SetValue) => boolean,
): (self: SetValue, args: readonly Value[], kwargs: Keywords) => Value {
  return (self, args, kwargs) =>
    holds(self, SetValue.of(walkable(one('the method', args, kwargs))));
}

const within = (part: SetValue, whole: SetValue): boolean =>
  [...part.values()].every((value) => whole.has(value));

/** Methods of a set. */
export const SET_METHODS: Methods<SetValue> = new Map<
  string,
  (self: SetValue, args: readonly Value[], kwargs: Keywords) => Value
>([
  [
    'add',
    (self, args, kwargs) => {
      self.add(one('add', args, kwargs));
      return null;
    },
  ],
  [
    'discard',
    (self, args, kwargs) => {
      self.delete(one('discard', args, kwargs));
      return null;
    },
  ],
  [
    'remove',
    (self, args, kwargs) => {
      if (!self.delete(one('remove', args, kwargs)))
        throw new ValueFault('the value is not in the set');
      return null;
    },
  ],
  [
    'update',
    (self, args) => {
      for (const arg of args) for (const value of walkable(arg)) self.add(value);
      return null;
    },
  ],
  ['copy', (self) => SetValue.of(self.values())],
  ['union', combine((self, other) => [...self.values(), ...other.values()])],
  [
    'intersection',
    combine((self, other) => [...self.values()].filter((value) => other.has(value))),
  ],
  ['difference', combine((self, other) => [...self.values()].filter((value) => !other.has(value)))],
  [
    'symmetric_difference',
    combine((self, other) => [
      ...[...self.values()].filter((value) => !other.has(value)),
      ...[...other.values()].filter((value) => !self.has(value)),
    ]),
  ],
  ['issubset', check((self, other) => within(self, other))],
  ['issuperset', check((self, other) => within(other, self))],
  ['isdisjoint', check((self, other) => ![...self.values()].some((value) => other.has(value)))],
]);
