// How Python writes values: str() and repr().

import { ValueFault } from './errors.ts';
import { MarkupValue, typeName, type Value } from './values.ts';

const MAX_DEPTH = 200;
const UNPRINTABLE = /[\p{C}\p{Z}\\]/gu;

/** What `{{ value }}` prints. */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'object') {
    if (value.kind === 'markup') return value.text;
    if (value.kind === 'undefined') return '';
    if (value.kind === 'host') return value.toText();
  }
  return toRepr(value);
}

/** What a value prints as inside a list: strings quoted as Python quotes them. */
export function toRepr(value: Value, depth = 0): string {
  if (depth > MAX_DEPTH) throw new ValueFault('the value is nested too deeply, or contains itself');
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return quoteString(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
    case 'bigint':
      return String(value);
    default:
      return objectRepr(value, depth + 1);
  }
}

function objectRepr(
  value: Exclude<Value, null | string | boolean | number | bigint>,
  depth: number,
): string {
  const all = (items: Iterable<Value>): string =>
    Array.from(items, (item) => toRepr(item, depth)).join(', ');
  switch (value.kind) {
    case 'float':
      return floatText(value.value);
    case 'markup':
      return `Markup(${quoteString(value.text)})`;
    case 'undefined':
      return 'Undefined';
    case 'list':
      return `[${all(value.items)}]`;
    case 'tuple':
      return value.items.length === 1 ? `(${all(value.items)},)` : `(${all(value.items)})`;
    case 'set':
      return value.size === 0 ? 'set()' : `{${all(value.values())}}`;
    case 'dict':
      return `{${Array.from(value.entries(), ([key, item]) => `${toRepr(key, depth)}: ${toRepr(item, depth)}`).join(', ')}}`;
    case 'iterator':
      throw new ValueFault(
        `a ${value.label} cannot be printed: Python would print its address in memory`,
        'Make it a list first with `| list`.',
      );
    case 'function':
      throw new ValueFault(
        `the ${value.isMacro === true ? 'macro' : 'function'} \`${value.name}\` cannot be printed`,
        `Call it: \`${value.name}(…)\`.`,
      );
    case 'host':
      return value.toRepr?.() ?? value.toText();
  }
}

/** Quotes a string as Python's repr() does. */
export function quoteString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, escapeCharacter);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function escapeCharacter(character: string): string {
  if (character === ' ') return character;
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Writes a float as Python does: the shortest digits that read back as the same number. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) return `${mantissa}e${signedExponent(exponent)}`;
  const negative = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${negative}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${negative}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** An exponent with its sign and at least two digits, as C and Python write it. */
export function signedExponent(exponent: number): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
}

/** Escapes text for HTML as Jinja's `escape` does; text marked safe stays. */
export function escapeHtml(value: Value): MarkupValue {
  if (value instanceof MarkupValue) return value;
  const text = toText(value)
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;');
  return new MarkupValue(text);
}

/** Names a value for an error message. */
export function describe(value: Value): string {
  if (value !== null && typeof value === 'object' && value.kind === 'undefined')
    return value.reason;
  return `a value of type ${typeName(value)}`;
}
