// The methods of Python's dict.

import { bindArguments } from './arguments.ts';
import { equals } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { makeDict } from './globals.ts';
import type { Methods } from './methods.ts';
import { toRepr } from './python-text.ts';
import { elementsOf } from './sequence.ts';
import { type HostObject, ListValue, orElse, TupleValue, type Value } from './values.ts';

type Keywords = ReadonlyMap<string, Value>;

/** `keys()`, `values()` and `items()`: they follow the dict, have a length, but no index. */
function makeView(dict: DictValue, typeName: string, walk: () => Iterator<Value>): HostObject {
  const view: HostObject = {
    kind: 'host',
    typeName,
    getAttribute: () => undefined,
    toText: () => `${typeName}(${toRepr(new ListValue(elementsOf(view)))})`,
    iterate: walk,
    length: () => dict.size,
    equals: (other) =>
      typeName !== 'dict_values' &&
      other !== null &&
      typeof other === 'object' &&
      other.kind === 'host' &&
      other.typeName === typeName &&
      other.length?.() === dict.size &&
      elementsOf(other).every((element) => elementsOf(view).some((own) => equals(own, element))),
  };
  return view;
}

function* walkSteadily(
  dict: DictValue,
  pick: (entry: readonly [Value, Value]) => Value,
): Iterator<Value> {
  const { size } = dict;
  for (const entry of dict.entries()) {
    yield pick(entry);
    if (dict.size !== size)
      throw new ValueFault('the dict changed its size while it was walked through');
  }
}

/** Methods of a dict. */
export const DICT_METHODS: Methods<DictValue> = new Map<
  string,
  (self: DictValue, args: readonly Value[], kwargs: Keywords) => Value
>([
  [
    'get',
    (self, args, kwargs) => {
      const [key = null, fallback = null] = bindArguments(
        'get',
        ['key', 'default'],
        1,
        args,
        kwargs,
      );
      return orElse(self.get(key), fallback);
    },
  ],
  ['keys', (self) => makeView(self, 'dict_keys', () => walkSteadily(self, ([key]) => key))],
  [
    'values',
    (self) => makeView(self, 'dict_values', () => walkSteadily(self, ([, value]) => value)),
  ],
  [
    'items',
    (self) =>
      makeView(self, 'dict_items', () => walkSteadily(self, (entry) => new TupleValue([...entry]))),
  ],
  [
    'update',
    (self, args, kwargs) => {
      if (args.length > 1) throw new ValueFault('`update` takes at most 1 positional argument');
      for (const [key, value] of makeDict(args[0], kwargs).entries()) self.set(key, value);
      return null;
    },
  ],
  [
    'pop',
    (self, args, kwargs) => {
      const [key = null, fallback] = bindArguments('pop', ['key', 'default'], 1, args, kwargs);
      const value = orElse(self.get(key), fallback);
      if (value === undefined) throw new ValueFault(`\`pop\`: the dict has no key ${toRepr(key)}`);
      self.delete(key);
      return value;
    },
  ],
  [
    'popitem',
    (self) => {
      const last = [...self.entries()].at(-1);
      if (last === undefined) throw new ValueFault('`popitem`: the dict is empty');
      self.delete(last[0]);
      return new TupleValue([...last]);
    },
  ],
  [
    'setdefault',
    (self, args, kwargs) => {
      const [key = null, fallback = null] = bindArguments(
        'setdefault',
        ['key', 'default'],
        1,
        args,
        kwargs,
      );
      const value = self.get(key);
      if (value === undefined) self.set(key, fallback);
      return orElse(value, fallback);
    },
  ],
  ['copy', (self) => DictValue.of(self.entries())],
  [
    'clear',
    (self) => {
      self.clear();
      return null;
    },
  ],
]);
