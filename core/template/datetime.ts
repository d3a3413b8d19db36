// Python's datetime module as far as templates use it: naive dates and times, and differences.

import { bindArguments } from './arguments.ts';
import { ValueFault } from './errors.ts';
import { asDouble, asNumeric, expectIndex } from './number.ts';
import { FloatValue, type HostObject, isUndefined, makeFunction, type Value } from './values.ts';

const DAY = 86_400_000;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A date, or a date with a time, without a zone; `millis` counts from 1970 as if in UTC. */
interface Moment {
  readonly millis: number;
  /** Microseconds within the second. */
  readonly micros: number;
  readonly dated: 'date' | 'datetime';
}

interface DateObject extends HostObject {
  readonly moment: Moment;
}

interface DeltaObject extends HostObject {
  readonly micros: number;
}

const two = (value: number): string => String(value).padStart(2, '0');

function isDate(value: Value): value is DateObject {
  return value !== null && typeof value === 'object' && 'moment' in value;
}

function isDelta(value: Value): value is DeltaObject {
  return value !== null && typeof value === 'object' && 'micros' in value && !('moment' in value);
}

function totalMicros({ millis, micros }: Moment): number {
  return Math.floor(millis / 1000) * 1_000_000 + micros;
}

function fromMicros(micros: number, dated: Moment['dated']): DateObject {
  const seconds = Math.floor(micros / 1_000_000);
  const millis = dated === 'date' ? Math.floor((seconds * 1000) / DAY) * DAY : seconds * 1000;
  const year = new Date(millis).getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new ValueFault('the date is outside the years 1 to 9999');
  return makeDate({ millis, micros: dated === 'date' ? 0 : micros - seconds * 1_000_000, dated });
}

/** Writes a moment by a strftime format; an unknown directive fails. */
function strftime({ millis, micros }: Moment, format: string): string {
  const at = new Date(millis);
  const hour = at.getUTCHours();
  const dayName = DAYS[at.getUTCDay()] ?? '';
  const monthName = MONTHS[at.getUTCMonth()] ?? '';
  const year = at.getUTCFullYear();
  const dayOfYear = Math.floor((millis - yearStart(year)) / DAY) + 1;
  const parts: Readonly<Record<string, string>> = {
    Y: String(year).padStart(4, '0'),
    y: two(year % 100),
    m: two(at.getUTCMonth() + 1),
    d: two(at.getUTCDate()),
    H: two(hour),
    I: two(hour % 12 === 0 ? 12 : hour % 12),
    M: two(at.getUTCMinutes()),
    S: two(at.getUTCSeconds()),
    p: hour < 12 ? 'AM' : 'PM',
    f: String(micros).padStart(6, '0'),
    j: String(dayOfYear).padStart(3, '0'),
    A: dayName,
    a: dayName.slice(0, 3),
    B: monthName,
    b: monthName.slice(0, 3),
    w: String(at.getUTCDay()),
    u: String(at.getUTCDay() === 0 ? 7 : at.getUTCDay()),
    F: at.toISOString().slice(0, 10),
    T: at.toISOString().slice(11, 19),
    z: '',
    Z: '',
    '%': '%',
  };
  return format.replace(/%([\s\S]?)/g, (whole, directive: string) => {
    const part = parts[directive];
    if (part === undefined)
      throw new ValueFault(`\`${whole}\` is no supported directive of strftime`);
    return part;
  });
}

function yearStart(year: number): number {
  const start = new Date(0);
  start.setUTCFullYear(year, 0, 1);
  return start.getTime();
}

function isoText(moment: Moment, separator: string): string {
  const day = strftime(moment, '%Y-%m-%d');
  if (moment.dated === 'date') return day;
  return day + separator + strftime(moment, moment.micros === 0 ? '%H:%M:%S' : '%H:%M:%S.%f');
}

function attributeOfDate(moment: Moment, name: string): Value | undefined {
  const at = new Date(moment.millis);
  const isTime = moment.dated === 'datetime';
  switch (name) {
    case 'year':
      return at.getUTCFullYear();
    case 'month':
      return at.getUTCMonth() + 1;
    case 'day':
      return at.getUTCDate();
    case 'hour':
      return isTime ? at.getUTCHours() : undefined;
    case 'minute':
      return isTime ? at.getUTCMinutes() : undefined;
    case 'second':
      return isTime ? at.getUTCSeconds() : undefined;
    case 'microsecond':
      return isTime ? moment.micros : undefined;
    case 'strftime':
      return makeFunction(name, (args, kwargs) => {
        const [format] = bindArguments(name, ['format'], 1, args, kwargs);
        if (typeof format !== 'string') throw new ValueFault('`strftime` needs a text');
        return strftime(moment, format);
      });
    case 'isoformat':
      return makeFunction(name, (args, kwargs) => {
        const [separator = 'T'] = bindArguments(name, isTime ? ['sep'] : [], 0, args, kwargs);
        return isoText(moment, String(separator));
      });
    case 'weekday':
      return makeFunction(name, () => (at.getUTCDay() + 6) % 7);
    case 'isoweekday':
      return makeFunction(name, () => (at.getUTCDay() === 0 ? 7 : at.getUTCDay()));
    case 'date':
      return isTime ? makeFunction(name, () => fromMicros(totalMicros(moment), 'date')) : undefined;
    case 'replace':
      return makeFunction(name, (args, kwargs) => replaceParts(moment, args, kwargs));
    default:
      throw new ValueFault(`\`${name}\` of a ${moment.dated} is not supported`);
  }
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'];

function replaceParts(
  moment: Moment,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): Value {
  const fields = moment.dated === 'date' ? FIELDS.slice(0, 3) : FIELDS;
  const given = bindArguments('replace', fields, 0, args, kwargs);
  return construct(
    moment.dated,
    fields.map((field, index) => given[index] ?? attributeOfDate(moment, field) ?? 0),
  );
}

function makeDate(moment: Moment): DateObject {
  const own = totalMicros(moment);
  return {
    kind: 'host',
    typeName: moment.dated,
    moment,
    getAttribute: (name) => attributeOfDate(moment, name),
    toText: () => isoText(moment, ' '),
    toRepr: () => {
      throw new ValueFault(
        `a ${moment.dated} inside a list or dict is not printed`,
        'Use `.isoformat()`.',
      );
    },
    equals: (other) =>
      isDate(other) && other.moment.dated === moment.dated && totalMicros(other.moment) === own,
    compare: (other) =>
      isDate(other) && other.moment.dated === moment.dated
        ? own - totalMicros(other.moment)
        : undefined,
    hashKey: () => `${moment.dated}${own}`,
    operate: (operator, other, reflected) => {
      if (isDelta(other) && (operator === '+' || (operator === '-' && !reflected))) {
        const step =
          moment.dated === 'date'
            ? Math.floor(other.micros / (DAY * 1000)) * DAY * 1000
            : other.micros;
        return fromMicros(operator === '+' ? own + step : own - step, moment.dated);
      }
      if (operator === '-' && isDate(other) && !reflected && other.moment.dated === moment.dated) {
        return makeDelta(own - totalMicros(other.moment));
      }
      return undefined;
    },
  };
}

function makeDelta(micros: number): DeltaObject {
  const days = Math.floor(micros / (DAY * 1000));
  const rest = micros - days * DAY * 1000;
  const seconds = Math.floor(rest / 1_000_000);
  const text = (): string => {
    const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    const fraction = rest % 1_000_000 === 0 ? '' : `.${String(rest % 1_000_000).padStart(6, '0')}`;
    return (days === 0 ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}, `) + clock + fraction;
  };
  return {
    kind: 'host',
    typeName: 'timedelta',
    micros,
    getAttribute: (name) => {
      if (name === 'days') return days;
      if (name === 'seconds') return seconds;
      if (name === 'microseconds') return rest % 1_000_000;
      if (name === 'total_seconds')
        return makeFunction(name, () => new FloatValue(micros / 1_000_000));
      return undefined;
    },
    toText: text,
    isTrue: () => micros !== 0,
    equals: (other) => isDelta(other) && other.micros === micros,
    compare: (other) => (isDelta(other) ? micros - other.micros : undefined),
    hashKey: () => `timedelta${micros}`,
    operate: (operator, other, reflected) => {
      if (isDelta(other)) {
        if (operator === '+') return makeDelta(micros + other.micros);
        if (operator === '-' && !reflected) return makeDelta(micros - other.micros);
      }
      const factor = asNumeric(other);
      if (operator === '*' && typeof factor === 'number') return makeDelta(micros * factor);
      return undefined;
    },
  };
}

function construct(dated: Moment['dated'], parts: readonly Value[]): DateObject {
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0] = parts.map(
    (part) => expectIndex(part, `every part of a ${dated}`),
  );
  const start = new Date(0);
  start.setUTCFullYear(year, month - 1, day);
  const isReal =
    start.getUTCFullYear() === year &&
    start.getUTCMonth() === month - 1 &&
    start.getUTCDate() === day;
  const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!isReal || !isTime || micros < 0 || micros >= 1_000_000 || year < 1 || year > 9999) {
    throw new ValueFault(`there is no such ${dated}`);
  }
  return makeDate({
    millis: start.getTime() + ((hour * 60 + minute) * 60 + second) * 1000,
    micros,
    dated,
  });
}

const DIRECTIVES: Readonly<Record<string, readonly [string, number]>> = {
  Y: ['(\\d{4})', 0],
  m: ['(\\d{1,2})', 1],
  d: ['(\\d{1,2})', 2],
  H: ['(\\d{1,2})', 3],
  M: ['(\\d{1,2})', 4],
  S: ['(\\d{1,2})', 5],
  f: ['(\\d{1,6})', 6],
};

function strptime(text: string, format: string): DateObject {
  const order: number[] = [];
  const pattern = format.replace(
    /%([\s\S]?)|[\\^$.*+?()[\]{}|]/g,
    (whole, directive: string | undefined) => {
      if (directive === undefined) return `\\${whole}`;
      const known = DIRECTIVES[directive];
      if (known === undefined)
        throw new ValueFault(`\`${whole}\` is no supported directive of strptime`);
      order.push(known[1]);
      return known[0];
    },
  );
  const match = new RegExp(`^${pattern}$`).exec(text);
  if (match === null) throw new ValueFault(`\`${text}\` does not match the format \`${format}\``);
  const parts = [1900, 1, 1, 0, 0, 0, 0];
  for (const [index, field] of order.entries()) {
    const digits = match[index + 1] ?? '';
    parts[field] = Number(field === 6 ? digits.padEnd(6, '0') : digits);
  }
  return construct('datetime', parts);
}

function fromIso(text: Value | undefined, dated: Moment['dated']): Value {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{6}))?)?)?$/.exec(
    String(text),
  );
  if (match === null || (dated === 'date' && match[4] !== undefined)) {
    throw new ValueFault(`\`${String(text)}\` is no ISO ${dated}`);
  }
  return construct(
    dated,
    match
      .slice(1)
      .map((part) => Number(part ?? 0))
      .slice(0, dated === 'date' ? 3 : 7),
  );
}

function makeClass(dated: Moment['dated'], now: () => Date): HostObject {
  const fields = dated === 'date' ? FIELDS.slice(0, 3) : FIELDS;
  const current = (): Value => fromMicros(now().getTime() * 1000, dated);
  const functions = new Map<string, Value>([
    ['today', makeFunction('today', current)],
    ['fromisoformat', makeFunction('fromisoformat', ([text]) => fromIso(text, dated))],
  ]);
  if (dated === 'datetime') {
    functions.set(
      'now',
      makeFunction('now', (args) => {
        if (args.length > 0) throw new ValueFault('`now` of a time zone is not supported');
        return current();
      }),
    );
    functions.set('utcnow', makeFunction('utcnow', current));
    functions.set(
      'strptime',
      makeFunction('strptime', ([text, format]) => {
        if (typeof text !== 'string' || typeof format !== 'string')
          throw new ValueFault('`strptime` needs two texts');
        return strptime(text, format);
      }),
    );
  }
  return {
    kind: 'host',
    typeName: 'type',
    getAttribute: (name) => {
      const found = functions.get(name);
      if (found === undefined) throw new ValueFault(`\`${name}\` of ${dated} is not supported`);
      return found;
    },
    toText: () => `<class 'datetime.${dated}'>`,
    call: (args, kwargs) => {
      const bound = bindArguments(dated, fields, 3, args, kwargs);
      return construct(
        dated,
        fields.map((_, index) => bound[index] ?? (index < 3 ? 1 : 0)),
      );
    },
  };
}

const UNITS: readonly (readonly [string, number])[] = [
  ['days', DAY * 1000],
  ['seconds', 1_000_000],
  ['microseconds', 1],
  ['milliseconds', 1000],
  ['minutes', 60_000_000],
  ['hours', 3_600_000_000],
  ['weeks', 7 * DAY * 1000],
];

const timedelta = makeFunction('timedelta', (args, kwargs) => {
  const bound = bindArguments(
    'timedelta',
    UNITS.map(([unit]) => unit),
    0,
    args,
    kwargs,
  );
  const total = UNITS.reduce((sum, [, size], index) => {
    const value = bound[index] ?? 0;
    const number = asNumeric(value);
    if (isUndefined(value) || number === undefined)
      throw new ValueFault('the parts of a timedelta are numbers');
    return sum + asDouble(number) * size;
  }, 0);
  return makeDelta(Math.round(total));
});

/** `modules.datetime`; `now` is the clock of the run, read as UTC. */
export function makeDatetimeModule(now: () => Date): HostObject {
  const members = new Map<string, Value>([
    ['date', makeClass('date', now)],
    ['datetime', makeClass('datetime', now)],
    ['timedelta', timedelta],
  ]);
  return {
    kind: 'host',
    typeName: 'module',
    getAttribute: (name) => {
      const member = members.get(name);
      if (member === undefined) throw new ValueFault(`\`datetime.${name}\` is not supported`);
      return member;
    },
    toText: () => {
      throw new ValueFault('a module cannot be printed');
    },
  };
}
