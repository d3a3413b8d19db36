// The names that Jinja itself defines.

import { bindArguments } from './arguments.ts';
import { equals } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { expectIndex } from './number.ts';
import { elementsOf, isIndex, iteratorOf, MAX_ELEMENTS } from './sequence.ts';
import {
  type HostObject,
  IteratorValue,
  isUndefined,
  makeFunction,
  TupleValue,
  typeName,
  type Value,
} from './values.ts';

function refusePositional(name: string, args: readonly Value[]): void {
  if (args.length > 1) throw new ValueFault(`\`${name}\` takes at most 1 positional argument`);
}

/** Python's range: walked and indexed without being held in memory. */
function makeRange(start: number, stop: number, step: number): HostObject {
  if (step === 0) throw new ValueFault('the step of `range` cannot be 0');
  const size = Math.max(0, Math.ceil((stop - start) / step));
  if (size > MAX_ELEMENTS) {
    throw new ValueFault(
      `\`range\` would yield ${size} elements; at most ${MAX_ELEMENTS} are allowed`,
    );
  }
  const text = step === 1 ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`;
  function* walk(): Iterator<Value> {
    for (let index = 0; index < size; index += 1) yield start + index * step;
  }
  return {
    kind: 'host',
    typeName: 'range',
    getAttribute: (name) =>
      new Map([
        ['start', start],
        ['stop', stop],
        ['step', step],
      ]).get(name),
    getItem: (key) => {
      if (!isIndex(key)) return undefined;
      const index = expectIndex(key, 'an index');
      const absolute = index < 0 ? index + size : index;
      return absolute >= 0 && absolute < size ? start + absolute * step : undefined;
    },
    toText: () => text,
    iterate: walk,
    length: () => size,
    equals: (other) =>
      other !== null &&
      typeof other === 'object' &&
      other.kind === 'host' &&
      other.typeName === 'range' &&
      equals(
        new TupleValue([...elementsOf(other)]),
        new TupleValue(Array.from({ length: size }, (_, i) => start + i * step)),
      ),
  };
}

const range = makeFunction('range', (args, kwargs) => {
  const [first, second, third] = bindArguments('range', ['start', 'stop', 'step'], 1, args, kwargs);
  const bound = (value: Value | undefined): number =>
    expectIndex(value ?? 0, 'the bounds of `range`');
  if (second === undefined) return makeRange(0, bound(first), 1);
  return makeRange(bound(first), bound(second), third === undefined ? 1 : bound(third));
});

const dict = makeFunction('dict', (args, kwargs) => {
  refusePositional('dict', args);
  return makeDict(args[0], kwargs);
});

/** Python's dict(): from a dict or pairs, then from keywords. */
export function makeDict(from: Value | undefined, kwargs: ReadonlyMap<string, Value>): DictValue {
  const made = new DictValue();
  if (from instanceof DictValue) for (const [key, value] of from.entries()) made.set(key, value);
  else if (from !== undefined) {
    if (isUndefined(from)) throw new ValueFault(from.reason);
    for (const pair of elementsOf(from)) {
      const [key, value, ...more] = elementsOf(pair);
      if (key === undefined || value === undefined || more.length > 0) {
        throw new ValueFault('a dict is made from a dict or from pairs');
      }
      made.set(key, value);
    }
  }
  for (const [key, value] of kwargs) made.set(key, value);
  return made;
}

/** Jinja's namespace(): its attributes can be set from inside loops. */
function makeNamespace(initial: DictValue): HostObject {
  return {
    kind: 'host',
    typeName: 'Namespace',
    getAttribute: (name) => initial.get(name),
    getItem: (key) => initial.get(key),
    setAttribute: (name, value) => initial.set(name, value),
    toText: () => {
      throw new ValueFault('a namespace cannot be printed', 'Print one of its attributes.');
    },
  };
}

const namespace = makeFunction('namespace', (args, kwargs) => {
  refusePositional('namespace', args);
  return makeNamespace(makeDict(args[0], kwargs));
});

const cycler = makeFunction('cycler', (args) => {
  if (args.length === 0) throw new ValueFault('`cycler` needs values to cycle through');
  let position = 0;
  const current = (): Value => args[position] ?? null;
  const next = makeFunction('cycler.next', () => {
    const value = current();
    position = (position + 1) % args.length;
    return value;
  });
  const reset = makeFunction('cycler.reset', () => {
    position = 0;
    return null;
  });
  return {
    kind: 'host',
    typeName: 'Cycler',
    getAttribute: (name) =>
      name === 'next'
        ? next
        : name === 'reset'
          ? reset
          : name === 'current'
            ? current()
            : undefined,
    toText: () => {
      throw new ValueFault('a cycler cannot be printed', 'Print `.next()` or `.current`.');
    },
  };
});

const joiner = makeFunction('joiner', (args, kwargs) => {
  const [separator = ', '] = bindArguments('joiner', ['sep'], 0, args, kwargs);
  let used = false;
  return makeFunction('joiner', () => {
    if (used) return separator;
    used = true;
    return '';
  });
});

const lipsum = makeFunction('lipsum', () => {
  throw new ValueFault('`lipsum` is not available: its text is random');
});

/** Python's zip(): tuples up to the end of the shortest. */
export const zip = makeFunction('zip', (args, kwargs) => {
  bindArguments('zip', [], 0, [], kwargs);
  for (const arg of args)
    if (isUndefined(arg)) throw new ValueFault(`${typeName(arg)}: ${arg.reason}`);
  const iterators = args.map((arg) => iteratorOf(arg));
  function* tuples(): Iterator<Value> {
    while (iterators.length > 0) {
      const items: Value[] = [];
      for (const iterator of iterators) {
        const next = iterator.next();
        if (next.done === true) return;
        items.push(next.value);
      }
      yield new TupleValue(items);
    }
  }
  return new IteratorValue(tuples(), 'zip');
});

/** The globals of Jinja2 itself; what dbt adds is the host's. */
export const BUILT_INS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['range', range],
  ['dict', dict],
  ['namespace', namespace],
  ['cycler', cycler],
  ['joiner', joiner],
  ['lipsum', lipsum],
]);
