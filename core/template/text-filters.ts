// Filters that work on text.

import { bindArguments } from './arguments.ts';
import { isTruthy } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import type { FilterCall, FilterFunction } from './filters.ts';
import { toPythonJson } from './json.ts';
import { expectIndex, parseFloatText, parseInteger } from './number.ts';
import { formatPercent } from './percent-format.ts';
import { escapeHtml, toRepr, toText } from './python-text.ts';
import { elementsOf, lengthOf } from './sequence.ts';
import { sortValues } from './sort.ts';
import { capitalize, center, replaceText, strip } from './string-methods.ts';
import {
  asText,
  FloatValue,
  isUndefined,
  ListValue,
  MarkupValue,
  TupleValue,
  type Value,
} from './values.ts';

/** Binds the arguments of a filter by the names that Jinja gives them. */
export function bindFilter(
  name: string,
  call: FilterCall,
  parameters: readonly string[],
  required = 0,
): readonly (Value | undefined)[] {
  return bindArguments(name, parameters, required, call.args, call.kwargs);
}

/** A filter without arguments that changes text; text marked as safe stays so. */
function changing(name: string, change: (text: string) => string): FilterFunction {
  return (call) => {
    bindFilter(name, call, []);
    const changed = change(toText(call.target));
    return call.target instanceof MarkupValue ? new MarkupValue(changed) : changed;
  };
}

const WORD_START = /([-\s({[<]+)/;

function title(text: string): string {
  return text
    .split(WORD_START)
    .filter((part) => part !== '')
    .map((part) => (part[0] ?? '').toUpperCase() + part.slice(1).toLowerCase())
    .join('');
}

function indent(call: FilterCall): Value {
  const [width = 4, first = false, blank = false] = bindFilter('indent', call, [
    'width',
    'first',
    'blank',
  ]);
  const by = asText(width) ?? ' '.repeat(expectIndex(width, 'the width of `indent`'));
  const text = toText(call.target);
  const lines = `${text}\n`.split('\n');
  // Jinja adds a newline and takes the lines, so one empty line at the very end is none.
  const kept = lines.slice(0, -1);
  const [head = '', ...rest] = kept;
  const indented = rest.map((line) => (line !== '' || isTruthy(blank) ? by + line : line));
  const body = [head, ...indented].join('\n');
  return isTruthy(first) ? by + body : body;
}

function truncate(call: FilterCall): Value {
  const [length = 255, killWords = false, end = '...', leeway = 5] = bindFilter('truncate', call, [
    'length',
    'killwords',
    'end',
    'leeway',
  ]);
  const text = toText(call.target);
  const characters = [...text];
  const most = expectIndex(length, 'the length of `truncate`');
  const ending = toText(end);
  if (most < ending.length)
    throw new ValueFault(`\`truncate\` needs a length of at least ${ending.length}`);
  if (characters.length <= most + expectIndex(leeway, 'the leeway')) return text;
  const cut = characters.slice(0, most - ending.length).join('');
  if (isTruthy(killWords)) return cut + ending;
  const space = cut.lastIndexOf(' ');
  return (space === -1 ? cut : cut.slice(0, space)) + ending;
}

/** Python's textwrap for one line, as Jinja calls it: spaces are dropped at breaks only. */
function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const chunks = line.split(/(\s+)/).filter((chunk) => chunk !== '');
  const lines: string[] = [];
  let current: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (current.length > 0 && (current.at(-1) ?? '').trim() === '') current.pop();
    if (current.length > 0) lines.push(current.join(''));
    current = [];
    length = 0;
  };
  const queue = [...chunks];
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
    if (chunk.trim() === '' && length === 0 && lines.length > 0) continue;
    if (length + chunk.length <= width) {
      current.push(chunk);
      length += chunk.length;
    } else if (chunk.length > width && breakLong && chunk.trim() !== '') {
      const room = width - length;
      current.push(chunk.slice(0, room));
      queue.unshift(chunk.slice(room));
      flush();
    } else if (chunk.length > width && length === 0) {
      current.push(chunk);
      flush();
    } else {
      flush();
      if (chunk.trim() !== '') queue.unshift(chunk);
    }
  }
  flush();
  return lines;
}

function wordwrap(call: FilterCall): Value {
  const [width = 79, breakLong = true, wrap, hyphens = true] = bindFilter('wordwrap', call, [
    'width',
    'break_long_words',
    'wrapstring',
    'break_on_hyphens',
  ]);
  const text = toText(call.target);
  if (isTruthy(hyphens) && /[\p{L}\p{N}_]-[\p{L}]|--/u.test(text)) {
    throw new ValueFault(
      '`wordwrap` of a text with hyphens is not supported',
      'Add `break_on_hyphens=false`.',
    );
  }
  const most = expectIndex(width, 'the width of `wordwrap`');
  if (most <= 0) throw new ValueFault('`wordwrap` needs a width above 0');
  const end = wrap === undefined || wrap === null ? '\n' : toText(wrap);
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  return lines
    .map((line) => wrapLine(line.replaceAll('\t', ' '), most, isTruthy(breakLong)).join(end))
    .join(end);
}

function urlencode(call: FilterCall): Value {
  bindFilter('urlencode', call, []);
  const quote = (value: Value, keep: string): string =>
    encodeURIComponent(toText(value))
      .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%2F', keep);
  const { target } = call;
  if (
    asText(target) !== undefined ||
    !(target instanceof DictValue || (target !== null && typeof target === 'object'))
  ) {
    return quote(target, '/');
  }
  const pairs =
    target instanceof DictValue
      ? [...target.entries()]
      : elementsOf(target).map((pair) => elementsOf(pair));
  const form = (value: Value): string => quote(value, '%2F').replaceAll('%20', '+');
  return pairs.map(([key = null, value = null]) => `${form(key)}=${form(value)}`).join('&');
}

function xmlattr(call: FilterCall): Value {
  const [space = true] = bindFilter('xmlattr', call, ['autospace']);
  if (!(call.target instanceof DictValue)) throw new ValueFault('`xmlattr` needs a dict');
  const parts: string[] = [];
  for (const [key, value] of call.target.entries()) {
    if (value === null || isUndefined(value)) continue;
    const name = toText(key);
    if (/[\s/>=]/.test(name)) throw new ValueFault(`\`${name}\` is no name of an attribute`);
    parts.push(`${escapeHtml(key).text}="${escapeHtml(value).text}"`);
  }
  const text = parts.join(' ');
  return text !== '' && isTruthy(space) ? ` ${text}` : text;
}

function tojson(call: FilterCall): Value {
  const [indentation] = bindFilter('tojson', call, ['indent']);
  const width =
    indentation === undefined || indentation === null
      ? undefined
      : expectIndex(indentation, 'the indent');
  const json = toPythonJson(call.target, { sortKeys: true, indent: width });
  return new MarkupValue(
    json
      .replaceAll('<', '\\u003c')
      .replaceAll('>', '\\u003e')
      .replaceAll('&', '\\u0026')
      .replaceAll("'", '\\u0027'),
  );
}

function format(call: FilterCall): Value {
  if (call.args.length > 0 && call.kwargs.size > 0) {
    throw new ValueFault('`format` takes positional or keyword arguments, not both');
  }
  const values = call.kwargs.size > 0 ? DictValue.of(call.kwargs) : new TupleValue(call.args);
  return formatPercent(toText(call.target), values);
}

/** dbt's `as_…`: they say what type the value of a whole `{{ … }}` gets, and change no text. */
function native(convert: (text: string) => Value | undefined, wanted: string): FilterFunction {
  return ({ target, state }) => {
    if (!state.native) return target;
    const text = asText(target);
    if (text === undefined) return target;
    const converted = convert(text);
    if (converted === undefined) throw new ValueFault(`\`${text}\` is no ${wanted}`);
    return converted;
  };
}

function readNumber(text: string): Value | undefined {
  const integer = parseInteger(text);
  if (integer !== undefined) return integer;
  const float = parseFloatText(text);
  return float === undefined ? undefined : new FloatValue(float);
}

function readBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

/** Python's pprint sorts the keys of dicts. */
function sortedKeys(value: Value): Value {
  if (value instanceof DictValue) {
    const keys = sortValues([...value.keys()], (key) => key);
    return DictValue.of(keys.map((key) => [key, sortedKeys(value.get(key) ?? null)] as const));
  }
  if (value instanceof ListValue) return new ListValue(value.items.map(sortedKeys));
  return value instanceof TupleValue ? new TupleValue(value.items.map(sortedKeys)) : value;
}

function refused(name: string): FilterFunction {
  return () => {
    throw new ValueFault(`the filter \`${name}\` is not supported`);
  };
}

/** Filters that give text. */
export const TEXT_FILTERS = {
  upper: changing('upper', (text) => text.toUpperCase()),
  lower: changing('lower', (text) => text.toLowerCase()),
  capitalize: changing('capitalize', capitalize),
  title: changing('title', title),
  string: (call) => (call.target instanceof MarkupValue ? call.target : toText(call.target)),
  trim: (call) => {
    const [characters] = bindFilter('trim', call, ['chars']);
    const set = characters === undefined || characters === null ? undefined : toText(characters);
    return strip(toText(call.target), set, 'both');
  },
  replace: (call) => {
    const [old = '', by = '', count] = bindFilter('replace', call, ['old', 'new', 'count'], 2);
    const most = count === undefined || count === null ? -1 : expectIndex(count, 'the count');
    return replaceText(toText(call.target), toText(old), toText(by), most);
  },
  center: (call) => {
    const [width = 80] = bindFilter('center', call, ['width']);
    return center(toText(call.target), expectIndex(width, 'the width'));
  },
  indent,
  truncate,
  wordwrap,
  wordcount: (call) => [...toText(call.target).matchAll(/[\p{L}\p{N}_]+/gu)].length,
  format,
  escape: (call) => escapeHtml(call.target),
  e: (call) => escapeHtml(call.target),
  forceescape: (call) => escapeHtml(toText(call.target)),
  safe: (call) => new MarkupValue(toText(call.target)),
  striptags: (call) => {
    const bare = toText(call.target)
      .replace(/<!--[\s\S]*?-->/g, '')
      .replace(/<[^>]*>/g, '');
    if (bare.includes('&'))
      throw new ValueFault('`striptags` of a text with entities is not supported');
    return bare
      .split(/\s+/)
      .filter((word) => word !== '')
      .join(' ');
  },
  urlencode,
  urlize: refused('urlize'),
  xmlattr,
  tojson,
  pprint: (call) => {
    const text = toRepr(sortedKeys(call.target));
    if ((lengthOf(text) ?? 0) <= 80) return text;
    throw new ValueFault('`pprint` of a value of more than 80 characters is not supported');
  },
  as_text: native((text) => text, 'text'),
  as_bool: native(readBoolean, 'boolean'),
  as_number: native(readNumber, 'number'),
  as_native: native(
    (text) => readBoolean(text) ?? readNumber(text) ?? (text === 'None' ? null : text),
    'value',
  ),
  filesizeformat: refused('filesizeformat'),
} satisfies Record<string, FilterFunction>;
