// The `loop` variable.

import { equals } from './comparison.ts';
import { ValueFault } from './errors.ts';
import { lengthOf } from './sequence.ts';
import {
  type FunctionValue,
  type HostObject,
  makeFunction,
  TupleValue,
  UndefinedValue,
  type Value,
} from './values.ts';

/** One running loop: its elements, and what the template can ask about it. */
export class Loop implements HostObject {
  readonly kind = 'host';
  readonly typeName = 'LoopContext';
  private readonly depth: number;
  private readonly recurse: ((iterable: Value) => Value) | undefined;
  private readonly iterator: Iterator<Value>;
  private readonly iterable: Value | undefined;
  private knownLength: number | undefined;
  private ahead: Value[] = [];
  private position = -1;
  private current: Value | undefined;
  private before: Value | undefined;
  private lastChanged: Value | undefined;

  /** `iterable` is what the length can be read from; absent where a filter drops elements. */
  constructor(
    iterator: Iterator<Value>,
    iterable: Value | undefined,
    depth: number,
    recurse?: (iterable: Value) => Value,
  ) {
    this.iterator = iterator;
    this.iterable = iterable;
    this.depth = depth;
    this.recurse = recurse;
  }

  /** The next element; undefined at the end. */
  next(): Value | undefined {
    // Not `??`: an element may be null, the template's None.
    const value = this.ahead.length > 0 ? this.ahead.shift() : this.pull();
    if (value === undefined) return undefined;
    this.position += 1;
    this.before = this.current;
    this.current = value;
    return value;
  }

  private pull(): Value | undefined {
    const next = this.iterator.next();
    return next.done === true ? undefined : next.value;
  }

  private peek(): Value | undefined {
    if (this.ahead.length === 0) {
      const value = this.pull();
      if (value !== undefined) this.ahead.push(value);
    }
    return this.ahead[0];
  }

  length(): number {
    if (this.knownLength !== undefined) return this.knownLength;
    const declared = this.iterable === undefined ? undefined : lengthOf(this.iterable);
    if (declared === undefined) {
      for (let value = this.pull(); value !== undefined; value = this.pull())
        this.ahead.push(value);
    }
    this.knownLength = declared ?? this.position + 1 + this.ahead.length;
    return this.knownLength;
  }

  getAttribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return this.position + 1;
      case 'index0':
        return this.position;
      case 'revindex':
        return this.length() - this.position;
      case 'revindex0':
        return this.length() - this.position - 1;
      case 'first':
        return this.position === 0;
      case 'last':
        return this.peek() === undefined;
      case 'length':
        return this.length();
      case 'depth':
        return this.depth;
      case 'depth0':
        return this.depth - 1;
      case 'previtem':
        return this.position === 0 ? new UndefinedValue('there is no previous item') : this.before;
      case 'nextitem': {
        const next = this.peek();
        return next === undefined ? new UndefinedValue('there is no next item') : next;
      }
      case 'cycle':
        return this.cycle();
      case 'changed':
        return this.changed();
      default:
        return undefined;
    }
  }

  private cycle(): FunctionValue {
    return makeFunction('loop.cycle', (args) => {
      const value = args[this.position % args.length];
      if (value === undefined) throw new ValueFault('`loop.cycle` needs values to cycle through');
      return value;
    });
  }

  private changed(): FunctionValue {
    return makeFunction('loop.changed', (args) => {
      const now = new TupleValue(args);
      const changed = this.lastChanged === undefined || !equals(this.lastChanged, now);
      if (changed) this.lastChanged = now;
      return changed;
    });
  }

  call(args: readonly Value[]): Value {
    if (this.recurse === undefined) {
      throw new ValueFault(
        'the loop is not recursive',
        'Write `recursive` at the end of the `{% for %}`.',
      );
    }
    const [iterable] = args;
    if (iterable === undefined) throw new ValueFault('`loop` needs what to walk through');
    return this.recurse(iterable);
  }

  toText(): string {
    throw new ValueFault('`loop` cannot be printed', 'Ask for `loop.index` or its like.');
  }
}
