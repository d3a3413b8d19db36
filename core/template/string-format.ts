// Python's `text.format(…)`.

import { ValueFault } from './errors.ts';
import { formatFloat, groupDigits } from './float-format.ts';
import { asDouble, asNumeric } from './number.ts';
import { floatText, toRepr, toText } from './python-text.ts';
import { FloatValue, typeName, type Value } from './values.ts';

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}|[{}]/g;
const SPEC =
  /^(?:([\s\S]?)([<>=^]))?([-+ ]?)(#?)(0?)(\d*)([,_]?)(?:\.(\d+))?([bcdeEfFgGnosxX%]?)$/u;

/** Fills the fields of a text as Python's format() does. */
export function formatBraces(
  format: string,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): string {
  let next = 0;
  let numbered = false;
  const resolve = (field: string): Value => {
    if (/[.[]/.test(field)) {
      throw new ValueFault(
        `the field \`{${field}}\` reaches into its value`,
        'Pass the inner value itself.',
      );
    }
    const name = field;
    if (name === '') next += 1;
    else numbered ||= /^\d+$/.test(name);
    if (next > 0 && numbered) throw new ValueFault('`format` mixes numbered fields with `{}`');
    const value =
      name === '' ? args[next - 1] : /^\d+$/.test(name) ? args[Number(name)] : kwargs.get(name);
    if (value === undefined) throw new ValueFault(`no value for \`{${field}}\` of the text`);
    return value;
  };
  return format.replace(FIELD, (whole, field, conversion, spec) => {
    if (whole === '{{') return '{';
    if (whole === '}}') return '}';
    if (whole === '{' || whole === '}')
      throw new ValueFault(`a single \`${whole}\` in the text of \`format\``, 'Double it.');
    const value = resolve(field ?? '');
    const filled = (spec ?? '').replace(/\{([^{}]*)\}/g, (_: string, inner: string) =>
      toText(resolve(inner)),
    );
    if (conversion === 'r' || conversion === 'a') return formatValue(toRepr(value), filled);
    return formatValue(conversion === 's' ? toText(value) : value, filled);
  });
}

/** Writes a value by Python's format specification. */
export function formatValue(value: Value, spec: string): string {
  if (spec === '') return toText(value);
  const match = SPEC.exec(spec);
  if (match === null) throw new ValueFault(`\`${spec}\` is no format`);
  const [
    ,
    fill = '',
    align = '',
    sign = '',
    alternate = '',
    zero = '',
    width = '',
    group = '',
    precision,
    type = '',
  ] = match;
  const number = typeof value === 'boolean' && type === '' ? undefined : asNumeric(value);
  const layout = {
    fill: fill || (zero === '0' ? '0' : ' '),
    align,
    zero: zero === '0',
    width: Number(width || 0),
  };
  const digits = precision === undefined ? undefined : Number(precision);
  if (number === undefined) {
    if (sign !== '' || group !== '' || alternate !== '' || !['', 's'].includes(type)) {
      throw new ValueFault(`the format \`${spec}\` does not work on a text`);
    }
    return place('', textBody(value, digits, spec), { ...layout, align: align || '<' });
  }
  const body = numberBody(
    number,
    { type, precision: digits, group, alternate: alternate === '#' },
    spec,
  );
  const negative =
    number instanceof FloatValue ? number.value < 0 || Object.is(number.value, -0) : number < 0;
  const mark = negative ? '-' : sign === '-' ? '' : sign;
  const prefix = alternate === '#' && 'boxX'.includes(type) && type !== '' ? `0${type}` : '';
  return place(mark + prefix, body, { ...layout, align: align || (zero === '0' ? '=' : '>') });
}

function textBody(value: Value, length: number | undefined, spec: string): string {
  if (typeof value !== 'string' && typeof value !== 'boolean') {
    throw new ValueFault(`a format such as \`${spec}\` does not work on ${typeName(value)}`);
  }
  return [...toText(value)].slice(0, length).join('');
}

/** How the digits of a number are written. */
interface NumberStyle {
  readonly type: string;
  readonly precision: number | undefined;
  readonly group: string;
  readonly alternate: boolean;
}

function numberBody(number: number | bigint | FloatValue, how: NumberStyle, spec: string): string {
  const { type, group } = how;
  if (type === 'n' || type === 'c' || type === 's') {
    throw new ValueFault(`the format \`${spec}\` is not supported`);
  }
  const wantsInt = type !== '' && 'bdoxX'.includes(type);
  if (number instanceof FloatValue && wantsInt) {
    throw new ValueFault(`the format \`${spec}\` does not work on a float`);
  }
  if (number instanceof FloatValue || (type !== '' && !wantsInt)) {
    const digits = floatBody(Math.abs(asDouble(number)), how);
    return group === '' ? digits : groupDigits(digits, group);
  }
  if (how.precision !== undefined) {
    throw new ValueFault(`the format \`${spec}\` gives an int a precision`);
  }
  return intBody(number < 0 ? -BigInt(number) : BigInt(number), how);
}

function intBody(magnitude: bigint, { type, group }: NumberStyle): string {
  const base = { b: 2, o: 8, x: 16, X: 16 }[type] ?? 10;
  const digits = type === 'X' ? magnitude.toString(16).toUpperCase() : magnitude.toString(base);
  if (group === '') return digits;
  return base === 10
    ? groupDigits(digits, group)
    : digits.replace(/\B(?=(?:[\da-fA-F]{4})+$)/g, '_');
}

function floatBody(value: number, { type, precision, alternate }: NumberStyle): string {
  if (type === '%') return `${formatFloat(value * 100, 'f', precision ?? 6)}%`;
  if (type !== '') return formatFloat(value, type, precision ?? 6, alternate);
  return precision === undefined ? floatText(value) : generalWithPoint(value, precision);
}

/** A float without a type letter keeps at least one digit behind its point. */
function generalWithPoint(value: number, precision: number): string {
  const text = formatFloat(value, 'g', precision);
  if (text.includes('e') || text.includes('.') || !Number.isFinite(value)) return text;
  return text.length >= Math.max(precision, 1)
    ? formatFloat(value, 'e', Math.max(precision, 1) - 1).replace(/\.?0+e/, 'e')
    : `${text}.0`;
}

function place(
  prefix: string,
  body: string,
  layout: { fill: string; align: string; width: number },
): string {
  const missing = layout.width - [...prefix].length - [...body].length;
  if (missing <= 0) return prefix + body;
  const { fill } = layout;
  switch (layout.align) {
    case '<':
      return prefix + body + fill.repeat(missing);
    case '^':
      return (
        fill.repeat(Math.floor(missing / 2)) + prefix + body + fill.repeat(Math.ceil(missing / 2))
      );
    case '=':
      return prefix + fill.repeat(missing) + body;
    default:
      return fill.repeat(missing) + prefix + body;
  }
}
