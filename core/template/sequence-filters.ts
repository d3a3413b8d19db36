// Filters that work on lists, dicts and whatever else can be walked.

import { applyBinary } from './arithmetic.ts';
import { itemOf } from './attributes.ts';
import { compareValues, equals, isTruthy } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import type { FilterCall, FilterFunction } from './filters.ts';
import { expectIndex } from './number.ts';
import { toText } from './python-text.ts';
import { elementsOf, isHost, iteratorOf, lengthOf } from './sequence.ts';
import { sortValues } from './sort.ts';
import { applyTest } from './test-functions.ts';
import { bindFilter } from './text-filters.ts';
import {
  asText,
  IteratorValue,
  isUndefined,
  ListValue,
  orElse,
  TupleValue,
  typeName,
  UndefinedValue,
  type Value,
} from './values.ts';

type Getter = (item: Value) => Value;

/** Reads an attribute as filters do: `'a.b'` and `'0'` go step by step, an int is an index. */
function makeGetter(attribute: Value | undefined, ignoreCase: boolean, fallback?: Value): Getter {
  const fold = (value: Value): Value => {
    const text = ignoreCase ? asText(value) : undefined;
    return text === undefined ? value : text.toLowerCase();
  };
  if (attribute === undefined || attribute === null) return fold;
  const text = asText(attribute);
  const steps: Value[] =
    text === undefined
      ? [attribute]
      : text.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return (item) => {
    let value = item;
    for (const step of steps) {
      value = itemOf(value, step);
      if (isUndefined(value) && fallback !== undefined) value = fallback;
    }
    return fold(value);
  };
}

/** Several attributes between commas sort by the first, then by the next. */
function makeSortKey(attribute: Value | undefined, ignoreCase: boolean): Getter {
  const text = attribute === undefined ? undefined : asText(attribute);
  if (text === undefined || !text.includes(',')) return makeGetter(attribute, ignoreCase);
  const getters = text.split(',').map((one) => makeGetter(one, ignoreCase));
  return (item) => new TupleValue(getters.map((get) => get(item)));
}

/** A generator over the elements; like in Python nothing is computed before it is walked. */
function generate(target: Value, step: (item: Value) => Iterable<Value>): IteratorValue {
  const iterator = iteratorOf(target);
  function* walk(): Iterator<Value> {
    for (let next = iterator.next(); next.done !== true; next = iterator.next())
      yield* step(next.value);
  }
  return new IteratorValue(walk());
}

/** As in Jinja, `map`, `select` and their like make nothing of what is falsy, such as none. */
function walkable(target: Value): Value {
  return isTruthy(target) ? target : new ListValue([]);
}

function map(call: FilterCall): Value {
  const { args, kwargs } = call;
  const target = walkable(call.target);
  if (args.length === 0 && kwargs.has('attribute')) {
    for (const name of kwargs.keys()) {
      if (name !== 'attribute' && name !== 'default')
        throw new ValueFault(`\`map\` has no argument \`${name}\``);
    }
    const get = makeGetter(kwargs.get('attribute'), false, kwargs.get('default'));
    return generate(target, (item) => [get(item)]);
  }
  const name = args[0] === undefined ? undefined : asText(args[0]);
  if (name === undefined) throw new ValueFault('`map` needs the name of a filter, or `attribute=`');
  return generate(target, (item) => [call.apply(name, item, args.slice(1), kwargs)]);
}

/** select, reject and their `attr` forms. */
function choosing(keep: boolean, byAttribute: boolean): FilterFunction {
  return ({ target, args, kwargs, state }) => {
    const [attribute] = args;
    if (byAttribute && attribute === undefined)
      throw new ValueFault('the name of an attribute is missing');
    const get = byAttribute ? makeGetter(attribute, false) : (item: Value) => item;
    const rest = byAttribute ? args.slice(1) : args;
    const name = rest[0] === undefined ? undefined : toText(rest[0]);
    return generate(walkable(target), (item) => {
      const value = get(item);
      const holds =
        name === undefined ? isTruthy(value) : applyTest(name, value, rest.slice(1), kwargs, state);
      return holds === keep ? [item] : [];
    });
  };
}

function unique(call: FilterCall): Value {
  const [sensitive = false, attribute] = bindFilter('unique', call, [
    'case_sensitive',
    'attribute',
  ]);
  const get = makeGetter(attribute, !isTruthy(sensitive));
  const seen = new DictValue();
  return generate(call.target, (item) => {
    const key = get(item);
    if (seen.has(key)) return [];
    seen.set(key, true);
    return [item];
  });
}

function sort(call: FilterCall): Value {
  const [reverse = false, sensitive = false, attribute] = bindFilter('sort', call, [
    'reverse',
    'case_sensitive',
    'attribute',
  ]);
  const key = makeSortKey(attribute, !isTruthy(sensitive));
  return new ListValue(sortValues(elementsOf(call.target), key, isTruthy(reverse)));
}

function extreme(name: 'min' | 'max'): FilterFunction {
  return (call) => {
    const [sensitive = false, attribute] = bindFilter(name, call, ['case_sensitive', 'attribute']);
    const key = makeGetter(attribute, !isTruthy(sensitive));
    const [first, ...rest] = elementsOf(call.target);
    if (first === undefined) return new UndefinedValue(`\`${name}\` of no elements`);
    return rest.reduce((best, item) => {
      const order = compareValues(key(item), key(best));
      return (name === 'min' ? order < 0 : order > 0) ? item : best;
    }, first);
  };
}

function join(call: FilterCall): Value {
  const [separator = '', attribute] = bindFilter('join', call, ['d', 'attribute']);
  const get = makeGetter(attribute, false);
  return elementsOf(call.target)
    .map((item) => toText(get(item)))
    .join(toText(separator));
}

function dictsort(call: FilterCall): Value {
  const [sensitive = false, by = 'key', reverse = false] = bindFilter('dictsort', call, [
    'case_sensitive',
    'by',
    'reverse',
  ]);
  if (!(call.target instanceof DictValue)) throw new ValueFault('`dictsort` needs a dict');
  if (by !== 'key' && by !== 'value') throw new ValueFault("`dictsort` sorts by 'key' or 'value'");
  const get = makeGetter(by === 'key' ? 0 : 1, !isTruthy(sensitive));
  const pairs = [...call.target.entries()].map((entry) => new TupleValue([...entry]));
  return new ListValue(sortValues(pairs, get, isTruthy(reverse)));
}

function groupby(call: FilterCall): Value {
  const [attribute, fallback, sensitive = false] = bindFilter(
    'groupby',
    call,
    ['attribute', 'default', 'case_sensitive'],
    1,
  );
  const shown = makeGetter(attribute, false, fallback ?? undefined);
  const key = makeGetter(attribute, !isTruthy(sensitive), fallback ?? undefined);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sortValues(elementsOf(call.target), key)) {
    const last = groups.at(-1);
    if (last !== undefined && equals(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return new ListValue(
    groups.map(({ items }) => makeGroup(shown(items[0] ?? null), new ListValue(items))),
  );
}

/** A group is a pair whose parts have names as well. */
function makeGroup(grouper: Value, list: ListValue): Value {
  const pair = new TupleValue([grouper, list]);
  return {
    kind: 'host',
    typeName: 'tuple',
    getAttribute: (name) => (name === 'grouper' ? grouper : name === 'list' ? list : undefined),
    getItem: (key) => (typeof key === 'number' ? pair.items.at(key) : undefined),
    toText: () => toText(pair),
    iterate: () => pair.items[Symbol.iterator](),
    length: () => 2,
    equals: (other) => equals(pair, other),
  };
}

function batch(call: FilterCall): Value {
  const [count = 0, fill] = bindFilter('batch', call, ['linecount', 'fill_with'], 1);
  const size = expectIndex(count, 'the size of a batch');
  if (size <= 0) throw new ValueFault('the size of a batch must be above 0');
  const items = elementsOf(call.target);
  const batches: Value[] = [];
  for (let at = 0; at < items.length; at += size) {
    const part = items.slice(at, at + size);
    while (fill !== undefined && fill !== null && part.length < size) part.push(fill);
    batches.push(new ListValue(part));
  }
  return new IteratorValue(batches[Symbol.iterator]());
}

function slice(call: FilterCall): Value {
  const [count = 0, fill] = bindFilter('slice', call, ['slices', 'fill_with'], 1);
  const slices = expectIndex(count, 'the number of slices');
  if (slices <= 0) throw new ValueFault('the number of slices must be above 0');
  const items = elementsOf(call.target);
  const size = Math.floor(items.length / slices);
  const extra = items.length % slices;
  const made: Value[] = [];
  for (let index = 0, at = 0; index < slices; index += 1) {
    const length = size + (index < extra ? 1 : 0);
    const part = items.slice(at, at + length);
    if (fill !== undefined && fill !== null && index >= extra) part.push(fill);
    made.push(new ListValue(part));
    at += length;
  }
  return new IteratorValue(made[Symbol.iterator]());
}

function length(call: FilterCall): Value {
  bindFilter('length', call, []);
  const size = lengthOf(call.target);
  if (size !== undefined) return size;
  throw new ValueFault(
    `${typeName(call.target)} has no length`,
    call.target instanceof IteratorValue ? 'Make it a list first with `| list`.' : undefined,
  );
}

function sum(call: FilterCall): Value {
  const [attribute, start = 0] = bindFilter('sum', call, ['attribute', 'start']);
  const get = makeGetter(attribute, false);
  if (asText(start) !== undefined) throw new ValueFault('`sum` cannot add texts', 'Use `| join`.');
  return elementsOf(call.target).reduce((total, item) => applyBinary('+', total, get(item)), start);
}

function fallbackTo(call: FilterCall): Value {
  const [fallback = '', boolean = false] = bindFilter('default', call, [
    'default_value',
    'boolean',
  ]);
  const { target } = call;
  return isUndefined(target) || (isTruthy(boolean) && !isTruthy(target)) ? fallback : target;
}

/** Filters that take, give or choose elements. */
export const SEQUENCE_FILTERS = {
  map,
  select: choosing(true, false),
  reject: choosing(false, false),
  selectattr: choosing(true, true),
  rejectattr: choosing(false, true),
  unique,
  sort,
  min: extreme('min'),
  max: extreme('max'),
  join,
  dictsort,
  groupby,
  batch,
  slice,
  length,
  count: length,
  sum,
  default: fallbackTo,
  d: fallbackTo,
  list: (call) => {
    bindFilter('list', call, []);
    return new ListValue(elementsOf(call.target));
  },
  items: (call) => {
    bindFilter('items', call, []);
    if (isUndefined(call.target)) return new IteratorValue([][Symbol.iterator]());
    if (!(call.target instanceof DictValue)) throw new ValueFault('`items` needs a dict');
    return new IteratorValue(
      [...call.target.entries()].map((entry) => new TupleValue([...entry]))[Symbol.iterator](),
    );
  },
  first: (call) => {
    const next = iteratorOf(call.target).next();
    return next.done === true ? new UndefinedValue('`first` of no elements') : next.value;
  },
  last: (call) => {
    if (call.target instanceof IteratorValue) {
      throw new ValueFault(
        '`last` does not work on a generator',
        'Make it a list first with `| list`.',
      );
    }
    const last = elementsOf(call.target).at(-1);
    return last === undefined ? new UndefinedValue('`last` of no elements') : last;
  },
  reverse: (call) => {
    const text = asText(call.target);
    if (text !== undefined) return [...text].reverse().join('');
    return new IteratorValue(
      elementsOf(call.target).reverse()[Symbol.iterator](),
      'list_reverseiterator',
    );
  },
  random: () => {
    throw new ValueFault('`random` is not supported: the same input must give the same output');
  },
  attr: (call) => {
    const [name = null] = bindFilter('attr', call, ['name'], 1);
    const { target } = call;
    if (isUndefined(target)) throw new ValueFault(target.reason);
    // Unlike a dot, `attr` never looks at the items of a dict.
    if (target instanceof DictValue || isHost(target)) {
      const text = asText(name) ?? '';
      const found = isHost(target) ? target.getAttribute(text) : undefined;
      if (isHost(target)) return orElse(found, new UndefinedValue(`no attribute \`${text}\``));
      if (target.has(name)) return new UndefinedValue(`the dict has no attribute \`${text}\``);
    }
    return itemOf(target, toText(name));
  },
} satisfies Record<string, FilterFunction>;
