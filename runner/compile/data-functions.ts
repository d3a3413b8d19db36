// Functions of the context that turn data into data: JSON, YAML, sets, zips, hashes.

import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { bindArguments } from '../../core/template/arguments.ts';
import { DictValue, SetValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { zip } from '../../core/template/globals.ts';
import { fromJson, toJson, toPythonJson } from '../../core/template/json.ts';
import { toText } from '../../core/template/python-text.ts';
import { elementsOf } from '../../core/template/sequence.ts';
import {
  asText,
  FloatValue,
  type FunctionValue,
  isUndefined,
  ListValue,
  makeFunction,
  makeInt,
  type Value,
} from '../../core/template/values.ts';

/** The functions, each under its own name. */
export const dataFunctions: readonly FunctionValue[] = [
  makeFunction('fromjson', (args, kwargs) => {
    const [text, fallback] = bindArguments('fromjson', ['string', 'default'], 1, args, kwargs);
    return orDefault(fallback, () => parseJson(expectText('fromjson', text)));
  }),
  makeFunction('tojson', (args, kwargs) => {
    const names = ['value', 'default', 'sort_keys'];
    const [value, fallback, sorted] = bindArguments('tojson', names, 1, args, kwargs);
    const style = { sortKeys: sorted === true, indent: undefined };
    return orDefault(fallback, () => toPythonJson(known(value), style));
  }),
  makeFunction('fromyaml', (args, kwargs) => {
    const [text, fallback] = bindArguments('fromyaml', ['value', 'default'], 1, args, kwargs);
    // dbt's YAML is of version 1.1, where `yes` is true.
    return orDefault(fallback, () =>
      fromJson(parse(expectText('fromyaml', text), { version: '1.1', logLevel: 'silent' })),
    );
  }),
  makeFunction('toyaml', (args, kwargs) => {
    const names = ['value', 'default', 'sort_keys'];
    const [value, , sorted] = bindArguments('toyaml', names, 1, args, kwargs);
    const data = toJson(known(value));
    refuseHardText(data);
    return stringify(data, { indentSeq: false, sortMapEntries: sorted === true });
  }),
  makeFunction('set', (args, kwargs) => {
    const [value, fallback] = bindArguments('set', ['value', 'default'], 1, args, kwargs);
    return orDefault(fallback, () => SetValue.of(elementsOf(known(value))));
  }),
  makeFunction('set_strict', (args, kwargs) => {
    const [value] = bindArguments('set_strict', ['value'], 1, args, kwargs);
    return SetValue.of(elementsOf(known(value)));
  }),
  makeFunction('zip', (args, kwargs, site) => {
    const fallback = kwargs.get('default');
    return orDefault(fallback, () => zip.call(args, new Map(), site));
  }),
  makeFunction('zip_strict', (args, kwargs, site) => zip.call(args, kwargs, site)),
  makeFunction('local_md5', (args, kwargs) => {
    const [text] = bindArguments('local_md5', ['value'], 1, args, kwargs);
    return createHash('md5').update(expectText('local_md5', text), 'utf8').digest('hex');
  }),
];

/** A text, or a number with a point or an exponent, or a number of many digits. */
const JSON_PARTS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** Reads JSON as Python does: `2.0` stays a float, and long ints keep their digits. */
function parseJson(text: string): Value {
  JSON.parse(text);
  const marked = text.replace(JSON_PARTS, (part) => {
    if (part.startsWith('"')) return `"s${part.slice(1)}`;
    return /[.eE]/.test(part) || part.length > 15 ? `"n${part}"` : part;
  });
  return unmark(fromJson(JSON.parse(marked)));
}

function unmark(value: Value): Value {
  if (typeof value === 'string') {
    const rest = value.slice(1);
    if (value.startsWith('s')) return rest;
    return /[.eE]/.test(rest) ? new FloatValue(Number(rest)) : makeInt(BigInt(rest));
  }
  if (value instanceof ListValue) return new ListValue(value.items.map(unmark));
  if (!(value instanceof DictValue)) return value;
  return DictValue.of([...value.entries()].map(([key, item]) => [unmark(key), unmark(item)]));
}

/** As dbt does: data that cannot be read or made gives the default, which is none. */
function orDefault(fallback: Value | undefined, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof ValueFault && error.cause === wrongArgument) throw error;
    if (error instanceof Error && BAD_DATA.has(error.name)) return fallback ?? null;
    throw error;
  }
}

/** Marks the faults that are the template's, not the data's. */
const wrongArgument = Symbol('wrong argument');
const BAD_DATA = new Set(['SyntaxError', 'YAMLParseError', 'ValueFault']);

function expectText(callee: string, value: Value | undefined): string {
  const text = asText(known(value));
  if (text !== undefined) return text;
  throw argumentFault(`\`${callee}\` takes text, not \`${toText(value ?? null)}\``);
}

function known(value: Value | undefined): Value {
  if (value !== undefined && isUndefined(value)) throw argumentFault(value.reason);
  return value ?? null;
}

function argumentFault(message: string): ValueFault {
  const fault = new ValueFault(message);
  fault.cause = wrongArgument;
  return fault;
}

const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** PyYAML and this program quote, fold and escape hard texts in different ways. */
function refuseHardText(data: unknown): void {
  if (typeof data === 'string') {
    const isPlain = /^[A-Za-z](?:[\w .-]{0,58}\w)?$/.test(data) && !RESERVED.test(data);
    if (!isPlain) {
      throw new ValueFault(`\`toyaml\` of the text \`${data}\` is not supported`, 'use tojson');
    }
  } else if (Array.isArray(data)) {
    for (const item of data) refuseHardText(item);
  } else if (typeof data === 'object' && data !== null) {
    for (const [key, item] of Object.entries(data)) {
      refuseHardText(key);
      refuseHardText(item);
    }
  }
}
