// Values and JSON.

import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { floatText, toText } from './python-text.ts';
import { sortValues } from './sort.ts';
import { asText, FloatValue, ListValue, TupleValue, typeName, type Value } from './values.ts';

/** How Python's json.dumps writes. */
export interface JsonStyle {
  readonly sortKeys: boolean;
  readonly indent: number | undefined;
}

/** Writes a value as Python's json.dumps does, `, ` and `: ` between its parts. */
export function toPythonJson(value: Value, style: JsonStyle, depth = 0): string {
  if (depth > 200) throw new ValueFault('the value is nested too deeply for JSON');
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = asText(value);
  if (text !== undefined) return quote(text);
  if (value instanceof FloatValue) return jsonFloat(value.value);
  if (value instanceof ListValue || value instanceof TupleValue) {
    return wrap(
      '[',
      ']',
      value.items.map((item) => toPythonJson(item, style, depth + 1)),
      style,
      depth,
    );
  }
  if (value instanceof DictValue) {
    const keys = style.sortKeys ? sortValues([...value.keys()], (key) => key) : [...value.keys()];
    const parts = keys.map(
      (key) => `${quote(jsonKey(key))}: ${toPythonJson(value.get(key) ?? null, style, depth + 1)}`,
    );
    return wrap('{', '}', parts, style, depth);
  }
  throw new ValueFault(`${typeName(value)} cannot be written as JSON`);
}

function wrap(
  open: string,
  close: string,
  parts: readonly string[],
  style: JsonStyle,
  depth: number,
): string {
  if (parts.length === 0) return open + close;
  if (style.indent === undefined) return open + parts.join(', ') + close;
  const pad = `\n${' '.repeat(style.indent * (depth + 1))}`;
  return `${open}${pad}${parts.join(`,${pad}`)}\n${' '.repeat(style.indent * depth)}${close}`;
}

function jsonKey(key: Value): string {
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (asText(key) !== undefined || typeof key === 'number' || typeof key === 'bigint')
    return toText(key);
  if (key instanceof FloatValue) return jsonFloat(key.value);
  throw new ValueFault(`${typeName(key)} cannot be a key in JSON`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value from plain data (JSON, YAML): whole numbers become ints, objects dicts in their order. */
export function fromJson(data: unknown): Value {
  if (data === null || data === undefined) return null;
  if (typeof data === 'string' || typeof data === 'boolean' || typeof data === 'bigint')
    return data;
  if (typeof data === 'number') {
    return Number.isSafeInteger(data) && !Object.is(data, -0) ? data : new FloatValue(data);
  }
  if (data instanceof FloatValue) return data;
  if (Array.isArray(data)) return new ListValue(data.map(fromJson));
  if (data instanceof Map) {
    return DictValue.of([...data].map(([key, value]) => [fromJson(key), fromJson(value)] as const));
  }
  if (typeof data === 'object') {
    return DictValue.of(
      Object.entries(data).map(([key, value]) => [key, fromJson(value)] as const),
    );
  }
  throw new TypeError(`no value of a template can be made from a ${typeof data}`);
}

/** Plain data from a value; dicts become objects without a prototype. Fails for what is no data. */
export function toJson(value: Value): unknown {
  if (value === null || typeof value !== 'object') return value;
  // A whole float stays one, since it prints with a point.
  if (value instanceof FloatValue) return Number.isInteger(value.value) ? value : value.value;
  if (value instanceof ListValue || value instanceof TupleValue) return value.items.map(toJson);
  if (value instanceof DictValue) {
    const data: Record<string, unknown> = Object.create(null);
    for (const [key, item] of value.entries()) data[jsonKey(key)] = toJson(item);
    return data;
  }
  if (value.kind === 'set') return [...value.values()].map(toJson);
  const text = asText(value);
  if (text !== undefined) return text;
  if (value.kind === 'undefined') return null;
  if (value.kind === 'host') return value.toText();
  throw new ValueFault(`${typeName(value)} is no data`);
}
