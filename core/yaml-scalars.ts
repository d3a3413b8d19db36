// Plain scalars as dbt's YAML 1.1 reads them: `yes` is true, `010` is eight, `1.0` is no whole number.
// A value that was read in another way would reach the SQL as another text.

import type { ScalarTag, Tags } from 'yaml';
import { FloatValue } from './template/values.ts';

const ofScalar = (name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  identify: () => false,
  default: true,
  tag: `tag:yaml.org,2002:${name}`,
  test,
  resolve,
});

const INTEGER =
  /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const TIME =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:Z|([-+])(\d\d?)(?::(\d\d))?))?$/;

const scalars: readonly ScalarTag[] = [
  ofScalar('null', /^(?:~|null|Null|NULL)?$/, () => null),
  ofScalar('bool', /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/, () => true),
  ofScalar('bool', /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/, () => false),
  ofScalar('int', INTEGER, (text) => integerOf(text)),
  ofScalar('float', /^[-+]?\.(?:inf|Inf|INF)$/, (text) =>
    text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
  ),
  ofScalar('float', /^\.(?:nan|NaN|NAN)$/, () => Number.NaN),
  ofScalar('float', FLOAT, (text) => floatOf(text)),
  ofScalar('timestamp', TIME, (text) => timeText(text)),
];

/** The tags to parse dbt's YAML with, over those of maps, lists and texts. */
export const dbtTags = (tags: Tags): Tags => [
  ...tags.filter((tag) => typeof tag !== 'string' && !('test' in tag && tag.test)),
  ...scalars,
];

/** A number that JavaScript cannot count exactly keeps its digits. */
function integerOf(text: string): number | bigint {
  const isNegative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  const size = digits.includes(':')
    ? digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
    : BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = isNegative ? -size : size;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A whole number that was written with a point prints with one. */
function floatOf(text: string): number | FloatValue {
  const digits = text.replaceAll('_', '');
  const sign = digits.startsWith('-') ? -1 : 1;
  const value = digits.includes(':')
    ? sign *
      digits
        .replace(/^[-+]/, '')
        .split(':')
        .reduce((sum, part) => sum * 60 + Number(part), 0)
    : Number(digits);
  return Number.isInteger(value) ? new FloatValue(value) : value;
}

/** A moment as Python prints it; a date alone prints as it is written. */
function timeText(text: string): string {
  const match = TIME.exec(text);
  if (match === null) throw new RangeError('the tag is for what matches');
  const [, year, month = '', day = '', hour = '', minute, second, fraction, sign, zone, offset] =
    match;
  const two = (part: string): string => part.padStart(2, '0');
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0');
  const shown = Number(micros) === 0 ? '' : `.${micros}`;
  const isUtc = /[zZ]$/.test(text);
  const shift = isUtc ? '+00:00' : sign ? `${sign}${two(zone ?? '0')}:${offset ?? '00'}` : '';
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${minute}:${second}${shown}${shift}`;
}
