// `modules`: the parts of Python's library that dbt offers, as far as packages use them.

import { makeDatetimeModule } from '../../core/template/datetime.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { expectIndex } from '../../core/template/number.ts';
import { elementsOf, MAX_ELEMENTS } from '../../core/template/sequence.ts';
import {
  asText,
  type HostObject,
  IteratorValue,
  ListValue,
  makeFunction,
  orElse,
  TupleValue,
  type Value,
} from '../../core/template/values.ts';
import { regexModule } from './regex-value.ts';

/** Makes `modules`; `now` is the clock of the run. */
export function modulesValue(now: () => Date): HostObject {
  return moduleOf(
    'modules',
    new Map<string, Value>([
      ['datetime', makeDatetimeModule(now)],
      ['pytz', pytz],
      ['re', regexModule],
      ['itertools', itertools],
    ]),
  );
}

/** A namespace whose unknown members fail rather than print as nothing. */
export function moduleOf(name: string, members: ReadonlyMap<string, Value>): HostObject {
  return {
    kind: 'host',
    typeName: 'module',
    isMapping: true,
    getAttribute: (member) => {
      const found = members.get(member);
      if (found === undefined) throw new ValueFault(`\`${name}.${member}\` is not supported`);
      return found;
    },
    toText: () => {
      throw new ValueFault(`\`${name}\` cannot be printed`);
    },
  };
}

function zone(name: string): HostObject {
  return {
    kind: 'host',
    typeName: 'timezone',
    getAttribute: (member) => {
      if (member === 'zone') return name;
      throw new ValueFault(`\`${member}\` of a time zone is not supported`);
    },
    toText: () => name,
    hashKey: () => `zone ${name}`,
  };
}

const pytz = moduleOf(
  'modules.pytz',
  new Map<string, Value>([
    ['utc', zone('UTC')],
    ['UTC', zone('UTC')],
    [
      'timezone',
      makeFunction('timezone', (args) => {
        const name = asText(args[0] ?? null) ?? '';
        if (!isZone(name)) throw new ValueFault(`there is no time zone \`${name}\``);
        return zone(name);
      }),
    ],
  ]),
);

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function iterator(label: string, values: Iterable<Value>): IteratorValue {
  return new IteratorValue(values[Symbol.iterator](), label);
}

/** Every choice of one element from each list, the last changing fastest. */
function* productOf(lists: readonly (readonly Value[])[]): Iterable<Value> {
  const total = lists.reduce((count, list) => count * list.length, 1);
  if (total > MAX_ELEMENTS) throw new ValueFault(`more than ${MAX_ELEMENTS} elements`);
  for (let index = 0; index < total; index += 1) {
    let rest = index;
    const picked: Value[] = [];
    for (const list of [...lists].reverse()) {
      picked.unshift(list[rest % list.length] ?? null);
      rest = Math.floor(rest / list.length);
    }
    yield new TupleValue(picked);
  }
}

/** Picks of `size` elements by index, kept where `isWanted`. */
function picks(
  args: readonly Value[],
  isWanted: (indexes: readonly number[]) => boolean,
): Iterable<Value> {
  const pool = elementsOf(args[0] ?? null);
  const size = args[1] === undefined ? pool.length : expectIndex(args[1] ?? null, 'the size');
  const indexes = pool.map((_value, index) => index);
  return [...productOf(Array.from({ length: size }, () => indexes))].flatMap((tuple) => {
    const chosen = elementsOf(tuple).map(Number);
    return isWanted(chosen) ? [new TupleValue(chosen.map((at) => pool[at] ?? null))] : [];
  });
}

const grows = (step: number) => (indexes: readonly number[]) =>
  indexes.every((value, at) => at === 0 || value >= (indexes[at - 1] ?? 0) + step);

const ITERTOOLS: Readonly<
  Record<string, (args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value>
> = {
  chain: (args) =>
    iterator(
      'chain',
      args.flatMap((arg) => elementsOf(arg)),
    ),
  product: (args, kwargs) => {
    const repeat = expectIndex(kwargs.get('repeat') ?? 1, '`repeat`');
    const lists = args.map((arg) => elementsOf(arg));
    return iterator('product', productOf(Array.from({ length: repeat }, () => lists).flat()));
  },
  permutations: (args) =>
    iterator(
      'permutations',
      picks(args, (indexes) => new Set(indexes).size === indexes.length),
    ),
  combinations: (args) => iterator('combinations', picks(args, grows(1))),
  combinations_with_replacement: (args) =>
    iterator('combinations_with_replacement', picks(args, grows(0))),
  islice: (args) => {
    const values = elementsOf(args[0] ?? null);
    const bounds = args
      .slice(1)
      .map((arg) => (arg === null ? undefined : expectIndex(arg, 'a bound')));
    const [start, stop] = bounds.length > 1 ? bounds : [0, bounds[0]];
    const step = bounds[2] ?? 1;
    return iterator(
      'islice',
      values.slice(start ?? 0, stop).filter((_value, index) => index % step === 0),
    );
  },
  repeat: (args) => {
    if (args[1] === undefined) throw new ValueFault('`repeat` without an end never ends');
    const times = expectIndex(args[1], 'the count');
    return iterator(
      'repeat',
      Array.from({ length: times }, () => args[0] ?? null),
    );
  },
  zip_longest: (args, kwargs) => {
    const lists = args.map((arg) => elementsOf(arg));
    const fill = kwargs.get('fillvalue') ?? null;
    const length = Math.max(0, ...lists.map((list) => list.length));
    return iterator(
      'zip_longest',
      Array.from(
        { length },
        (_value, index) => new TupleValue(lists.map((list) => orElse(list[index], fill))),
      ),
    );
  },
  compress: (args) => {
    const chosen = elementsOf(args[1] ?? null);
    return iterator(
      'compress',
      elementsOf(args[0] ?? null).filter((_value, index) => Boolean(chosen[index])),
    );
  },
  tee: (args) => {
    const values = elementsOf(args[0] ?? null);
    const times = expectIndex(args[1] ?? 2, 'the count');
    return new TupleValue(Array.from({ length: times }, () => new ListValue([...values])));
  },
};

const itertools = moduleOf(
  'modules.itertools',
  new Map(Object.entries(ITERTOOLS).map(([name, call]) => [name, makeFunction(name, call)])),
);
