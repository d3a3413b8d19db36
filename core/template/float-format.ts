// The float conversions that `%` and `.format()` share.

import { exactDecimal } from './number.ts';
import { floatText, signedExponent } from './python-text.ts';

/** Writes a float that is not negative with conversion e, f or g (upper case alike) at a precision. */
export function formatFloat(
  value: number,
  type: string,
  precision: number,
  alternate = false,
): string {
  if (!Number.isFinite(value)) return matchCase(floatText(value), type);
  switch (type.toLowerCase()) {
    case 'f':
      return fixed(value, precision) + (alternate && precision === 0 ? '.' : '');
    case 'e':
      return matchCase(exponential(value, precision), type);
    default:
      return matchCase(general(value, Math.max(precision, 1), alternate), type);
  }
}

function matchCase(text: string, type: string): string {
  return type === type.toUpperCase() ? text.toUpperCase() : text;
}

function fixed(value: number, precision: number): string {
  const { digits, scale } = exactDecimal(value);
  const rounded = roundDigits(digits, scale - precision)
    .toString()
    .padStart(precision + 1, '0');
  if (precision === 0) return rounded;
  return `${rounded.slice(0, -precision)}.${rounded.slice(-precision)}`;
}

/** Digits without the last `drop`, rounded half to even; padded with zeros where drop is negative. */
function roundDigits(digits: bigint, drop: number): bigint {
  if (drop <= 0) return digits * 10n ** BigInt(-drop);
  const unit = 10n ** BigInt(drop);
  const quotient = digits / unit;
  const twice = (digits % unit) * 2n;
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

function significant(value: number, count: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const { digits, scale } = exactDecimal(value);
  const length = digits.toString().length;
  const rounded = roundDigits(digits, length - count).toString();
  const carried = rounded.length > count ? 1 : 0;
  return { digits: rounded.slice(0, count), exponent: length - 1 - scale + carried };
}

function exponential(value: number, precision: number): string {
  const { digits, exponent } = significant(value, precision + 1);
  const fraction = precision === 0 ? '' : `.${digits.slice(1)}`;
  return `${digits[0]}${fraction}e${signedExponent(exponent)}`;
}

function general(value: number, precision: number, alternate: boolean): string {
  const { digits, exponent } = significant(value, precision);
  const trim = (text: string): string =>
    alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, '');
  if (exponent < -4 || exponent >= precision) {
    const mantissa = precision === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
    return `${trim(mantissa)}e${signedExponent(exponent)}`;
  }
  if (exponent < 0) return trim(`0.${'0'.repeat(-exponent - 1)}${digits}`);
  const whole = digits.slice(0, exponent + 1);
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : trim(`${whole}.${fraction}`);
}

/** Groups the digits before the point in threes. */
export function groupDigits(digits: string, separator: string): string {
  return digits.replace(/^\d+/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, separator));
}
