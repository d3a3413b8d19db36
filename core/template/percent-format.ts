// Python's `text % values`.

import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { formatFloat } from './float-format.ts';
import { asDouble, asNumeric } from './number.ts';
import { toRepr, toText } from './python-text.ts';
import { FloatValue, isUndefined, makeInt, TupleValue, typeName, type Value } from './values.ts';

const CONVERSION = /%(?:\(([^)]*)\))?([-#0 +]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([\s\S]?)/g;

interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly type: string;
}

/** Fills the conversions of a text, as Python's `%` does. */
export function formatPercent(format: string, values: Value): string {
  const positional = values instanceof TupleValue ? [...values.items] : [values];
  let used = 0;
  let named = false;
  const take = (): Value => {
    const value = positional[used];
    if (value === undefined)
      throw new ValueFault('not enough values for the `%` conversions of the text');
    used += 1;
    return value;
  };
  const text = format.replace(CONVERSION, (whole, ...groups: (string | undefined)[]) => {
    const [key, flags, width, precision, type = ''] = groups;
    if (type === '%' && key === undefined) return '%';
    if (type === '')
      throw new ValueFault(
        'the text ends in an incomplete `%` conversion',
        'Write `%%` for a percent sign.',
      );
    const hasPoint = whole.includes('.');
    const spec: Spec = {
      flags: flags ?? '',
      width: width === '*' ? Number(take()) : Number(width ?? 0),
      precision: precision === '*' ? Number(take()) : hasPoint ? Number(precision ?? 0) : undefined,
      type,
    };
    named ||= key !== undefined;
    return convert(spec, key === undefined ? take() : lookUp(values, key));
  });
  if (!named && used < positional.length && !(used === 0 && takesMapping(values))) {
    throw new ValueFault('the text has fewer `%` conversions than there are values');
  }
  return text;
}

function takesMapping(values: Value): boolean {
  return (
    values instanceof DictValue ||
    (values !== null && typeof values === 'object' && values.kind === 'list')
  );
}

function lookUp(values: Value, key: string): Value {
  if (!(values instanceof DictValue)) throw new ValueFault('`%(name)` needs a dict of values');
  const value = values.get(key);
  if (value === undefined) throw new ValueFault(`no value for \`%(${key})\``);
  return value;
}

function convert(spec: Spec, value: Value): string {
  switch (spec.type) {
    case 's':
    case 'r': {
      const text = spec.type === 's' ? toText(value) : toRepr(value);
      return pad(
        spec.precision === undefined ? text : [...text].slice(0, spec.precision).join(''),
        '',
        spec,
        false,
      );
    }
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      return convertInt(spec, value);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const number = asNumeric(value);
      if (number === undefined) throw unfit(spec, value);
      const double = asDouble(number);
      const body = formatFloat(
        Math.abs(double),
        spec.type,
        spec.precision ?? 6,
        spec.flags.includes('#'),
      );
      return pad(body, sign(double < 0 || Object.is(double, -0), spec), spec, true);
    }
    case 'c':
      if (typeof value === 'string' && [...value].length === 1) return pad(value, '', spec, false);
      if (typeof value === 'number') return pad(String.fromCodePoint(value), '', spec, false);
      throw unfit(spec, value);
    default:
      throw new ValueFault(
        `\`%${spec.type}\` is no conversion of \`%\``,
        'Write `%%` for a percent sign.',
      );
  }
}

function convertInt(spec: Spec, value: Value): string {
  const number = asNumeric(value);
  if (number === undefined) throw unfit(spec, value);
  const decimal = 'diu'.includes(spec.type);
  if (number instanceof FloatValue && !decimal) throw unfit(spec, value);
  if (number instanceof FloatValue && !Number.isFinite(number.value)) throw unfit(spec, value);
  const whole = number instanceof FloatValue ? makeInt(BigInt(Math.trunc(number.value))) : number;
  const magnitude = whole < 0 ? -BigInt(whole) : BigInt(whole);
  const base = decimal ? 10 : spec.type === 'o' ? 8 : 16;
  let digits = magnitude.toString(base).padStart(spec.precision ?? 0, '0');
  if (spec.type === 'X') digits = digits.toUpperCase();
  const prefix = !decimal && spec.flags.includes('#') ? `0${spec.type}` : '';
  return pad(digits, sign(whole < 0, spec) + prefix, spec, true);
}

function unfit(spec: Spec, value: Value): ValueFault {
  if (isUndefined(value)) return new ValueFault(value.reason);
  return new ValueFault(`\`%${spec.type}\` cannot write ${typeName(value)}`);
}

function sign(negative: boolean, spec: Spec): string {
  if (negative) return '-';
  if (spec.flags.includes('+')) return '+';
  return spec.flags.includes(' ') ? ' ' : '';
}

function pad(body: string, prefix: string, spec: Spec, isNumber: boolean): string {
  const missing = Math.max(0, spec.width - prefix.length - [...body].length);
  if (spec.flags.includes('-')) return prefix + body + ' '.repeat(missing);
  if (isNumber && spec.flags.includes('0')) return prefix + '0'.repeat(missing) + body;
  return ' '.repeat(missing) + prefix + body;
}
