// The methods of Python's str.

import { bindArguments } from './arguments.ts';
import { isTruthy } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import type { Methods } from './methods.ts';
import { expectIndex } from './number.ts';
import { describe, toRepr } from './python-text.ts';
import { elementsOf } from './sequence.ts';
import { formatBraces } from './string-format.ts';
import { asText, ListValue, TupleValue, type Value } from './values.ts';

type Keywords = ReadonlyMap<string, Value>;
type Method = (self: string, args: readonly Value[], kwargs: Keywords) => Value;

/** What Python counts as whitespace; JavaScript's own idea differs in a few characters. */
const SPACES =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACES}+`);
const TRAILING = new RegExp(`${SPACES}+$`);
const BETWEEN = new RegExp(`${SPACES}+`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at these too
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const WORD = /[\p{L}\p{M}]+/gu;

/** Strips whitespace, or the characters of a set, from the ends that are asked for. */
export function strip(
  text: string,
  characters: string | undefined,
  ends: 'both' | 'left' | 'right',
): string {
  if (characters === undefined) {
    const started = ends === 'right' ? text : text.replace(LEADING, '');
    return ends === 'left' ? started : started.replace(TRAILING, '');
  }
  const all = [...text];
  const drop = new Set(characters);
  let start = 0;
  let end = all.length;
  if (ends !== 'right') while (start < end && drop.has(all[start] ?? '')) start += 1;
  if (ends !== 'left') while (end > start && drop.has(all[end - 1] ?? '')) end -= 1;
  return all.slice(start, end).join('');
}

/** Python's capitalize(): first character upper, the rest lower. */
export function capitalize(text: string): string {
  const [first = '', ...rest] = [...text];
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** Pads a text on both sides; the odd space goes where Python puts it. */
export function center(text: string, width: number, fill = ' '): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** Python's replace(): every occurrence, or the first `count`. */
export function replaceText(text: string, old: string, by: string, count = -1): string {
  if (count < 0) return text.replaceAll(old, () => by);
  const parts = old === '' ? ['', ...text] : text.split(old);
  if (old === '') {
    const shown = [...text];
    return Array.from(
      { length: shown.length + 1 },
      (_, i) => (i < count ? by : '') + (shown[i] ?? ''),
    ).join('');
  }
  const taken = Math.min(count, parts.length - 1);
  return [parts.slice(0, taken + 1).join(by), ...parts.slice(taken + 1)].join(old);
}

function expectText(value: Value | undefined, what: string): string {
  const text = value === undefined ? undefined : asText(value);
  if (text === undefined)
    throw new ValueFault(`${what} must be a text, not ${describe(value ?? null)}`);
  return text;
}

function optionalText(value: Value | undefined, what: string): string | undefined {
  return value === undefined || value === null ? undefined : expectText(value, what);
}

function stripping(ends: 'both' | 'left' | 'right'): Method {
  return (self, args, kwargs) =>
    strip(
      self,
      optionalText(bindArguments('strip', ['chars'], 0, args, kwargs)[0], 'what to strip'),
      ends,
    );
}

function plain(change: (text: string) => Value): Method {
  return (self, args, kwargs) => {
    bindArguments('the method', [], 0, args, kwargs);
    return change(self);
  };
}

function affix(test: (text: string, part: string) => boolean): Method {
  return (self, args, kwargs) => {
    const [part = '', start, end] = bindArguments(
      'the method',
      ['prefix', 'start', 'end'],
      1,
      args,
      kwargs,
    );
    const text = start === undefined && end === undefined ? self : cut(self, start, end).text;
    const parts = part instanceof TupleValue ? part.items : [part];
    return parts.some((one) => test(text, expectText(one, 'the argument')));
  };
}

function cut(
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): { text: string; offset: number } {
  const all = [...text];
  const bound = (at: Value | undefined, fallback: number): number => {
    if (at === undefined || at === null) return fallback;
    const index = expectIndex(at, 'a bound');
    return Math.min(Math.max(index < 0 ? index + all.length : index, 0), all.length);
  };
  const offset = bound(start, 0);
  return { text: all.slice(offset, bound(end, all.length)).join(''), offset };
}

function finding(last: boolean, strict: boolean): Method {
  return (self, args, kwargs) => {
    const [part, start, end] = bindArguments('find', ['sub', 'start', 'end'], 1, args, kwargs);
    const within = cut(self, start, end);
    const wanted = expectText(part, 'what to find');
    const at = last ? within.text.lastIndexOf(wanted) : within.text.indexOf(wanted);
    if (at === -1 && strict) throw new ValueFault(`${toRepr(wanted)} is not in the text`);
    return at === -1 ? -1 : within.offset + [...within.text.slice(0, at)].length;
  };
}

function splitting(fromRight: boolean): Method {
  return (self, args, kwargs) => {
    const [separator, limit = -1] = bindArguments('split', ['sep', 'maxsplit'], 0, args, kwargs);
    const most = expectIndex(limit, 'the limit of `split`');
    const by = optionalText(separator, 'what to split at');
    if (by === '') throw new ValueFault('`split` needs a separator that is not empty');
    const parts =
      by === undefined ? splitSpaces(self, most, fromRight) : splitAt(self, by, most, fromRight);
    return new ListValue(parts);
  };
}

function splitAt(text: string, by: string, most: number, fromRight: boolean): string[] {
  const parts = text.split(by);
  if (most < 0 || parts.length <= most + 1) return parts;
  if (fromRight) {
    const kept = parts.slice(0, parts.length - most);
    return [kept.join(by), ...parts.slice(parts.length - most)];
  }
  return [...parts.slice(0, most), parts.slice(most).join(by)];
}

function splitSpaces(text: string, most: number, fromRight: boolean): string[] {
  const parts: string[] = [];
  let rest = strip(text, undefined, 'both');
  if (most < 0) return rest === '' ? [] : rest.split(BETWEEN);
  rest = fromRight ? strip(text, undefined, 'right') : strip(text, undefined, 'left');
  while (rest !== '' && parts.length < most) {
    const runs = [...rest.matchAll(new RegExp(BETWEEN, 'g'))];
    const run = fromRight ? runs.at(-1) : runs[0];
    if (run === undefined || (fromRight && run.index === 0)) break;
    const before = rest.slice(0, run.index);
    const after = rest.slice(run.index + run[0].length);
    parts.push(fromRight ? after : before);
    rest = fromRight ? before : after;
  }
  if (rest !== '') parts.push(parts.length < most ? strip(rest, undefined, 'both') : rest);
  return fromRight ? parts.reverse() : parts;
}

function partitioning(last: boolean): Method {
  return (self, args, kwargs) => {
    const by = expectText(bindArguments('partition', ['sep'], 1, args, kwargs)[0], 'the separator');
    if (by === '') throw new ValueFault('`partition` needs a separator that is not empty');
    const at = last ? self.lastIndexOf(by) : self.indexOf(by);
    if (at === -1) return new TupleValue(last ? ['', '', self] : [self, '', '']);
    return new TupleValue([self.slice(0, at), by, self.slice(at + by.length)]);
  };
}

function justifying(pad: (text: string, fill: string) => string): Method {
  return (self, args, kwargs) => {
    const [width = 0, fill = ' '] = bindArguments(
      'the method',
      ['width', 'fillchar'],
      1,
      args,
      kwargs,
    );
    const missing = expectIndex(width, 'the width') - [...self].length;
    return missing <= 0 ? self : pad(self, expectText(fill, 'the fill').repeat(missing));
  };
}

function every(pattern: RegExp): Method {
  return plain((text) => pattern.test(text));
}

function zfill(text: string, width: number): string {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

/** Methods of a text. */
export const STRING_METHODS: Methods<string> = new Map<string, Method>([
  ['upper', plain((text) => text.toUpperCase())],
  ['lower', plain((text) => text.toLowerCase())],
  ['casefold', plain((text) => text.toLowerCase().replaceAll('ß', 'ss'))],
  ['capitalize', plain(capitalize)],
  ['title', plain((text) => text.replace(WORD, capitalize))],
  [
    'swapcase',
    plain((text) =>
      [...text]
        .map((one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()))
        .join(''),
    ),
  ],
  ['strip', stripping('both')],
  ['lstrip', stripping('left')],
  ['rstrip', stripping('right')],
  ['startswith', affix((text, part) => text.startsWith(part))],
  ['endswith', affix((text, part) => text.endsWith(part))],
  [
    'removeprefix',
    (self, args) => {
      const part = expectText(args[0], 'the prefix');
      return self.startsWith(part) ? self.slice(part.length) : self;
    },
  ],
  [
    'removesuffix',
    (self, args) => {
      const part = expectText(args[0], 'the suffix');
      return part !== '' && self.endsWith(part) ? self.slice(0, -part.length) : self;
    },
  ],
  ['find', finding(false, false)],
  ['rfind', finding(true, false)],
  ['index', finding(false, true)],
  ['rindex', finding(true, true)],
  [
    'count',
    (self, args, kwargs) => {
      const [part, start, end] = bindArguments('count', ['sub', 'start', 'end'], 1, args, kwargs);
      const { text } = cut(self, start, end);
      const wanted = expectText(part, 'what to count');
      return wanted === '' ? [...text].length + 1 : text.split(wanted).length - 1;
    },
  ],
  [
    'replace',
    (self, args, kwargs) => {
      const [old, by, count = -1] = bindArguments(
        'replace',
        ['old', 'new', 'count'],
        2,
        args,
        kwargs,
      );
      return replaceText(
        self,
        expectText(old, 'what to replace'),
        expectText(by, 'the replacement'),
        expectIndex(count, 'the count'),
      );
    },
  ],
  ['split', splitting(false)],
  ['rsplit', splitting(true)],
  [
    'splitlines',
    (self, args, kwargs) => {
      const [keep = false] = bindArguments('splitlines', ['keepends'], 0, args, kwargs);
      if (isTruthy(keep))
        throw new ValueFault('`splitlines` that keeps the line ends is not supported');
      const lines = self.split(LINE_END);
      return new ListValue(lines.at(-1) === '' ? lines.slice(0, -1) : lines);
    },
  ],
  ['partition', partitioning(false)],
  ['rpartition', partitioning(true)],
  [
    'join',
    (self, args, kwargs) => {
      const [items = null] = bindArguments('join', ['iterable'], 1, args, kwargs);
      return elementsOf(items)
        .map((item) => expectText(item, 'every joined item'))
        .join(self);
    },
  ],
  ['format', (self, args, kwargs) => formatBraces(self, args, kwargs)],
  [
    'format_map',
    (self, args) => {
      const [values] = args;
      if (!(values instanceof DictValue)) throw new ValueFault('`format_map` needs a dict');
      return formatBraces(
        self,
        [],
        new Map([...values.entries()].map(([key, value]) => [asText(key) ?? '', value])),
      );
    },
  ],
  ['ljust', justifying((text, fill) => text + fill)],
  ['rjust', justifying((text, fill) => fill + text)],
  [
    'center',
    (self, args, kwargs) => {
      const [width = 0, fill = ' '] = bindArguments(
        'center',
        ['width', 'fillchar'],
        1,
        args,
        kwargs,
      );
      return center(self, expectIndex(width, 'the width'), expectText(fill, 'the fill'));
    },
  ],
  ['zfill', (self, args) => zfill(self, expectIndex(args[0] ?? null, 'the width'))],
  ['expandtabs', (self, args) => expandTabs(self, expectIndex(args[0] ?? 8, 'the tab size'))],
  ['isdigit', every(/^[\p{Nd}²³¹⁰-⁹₀-₉]+$/u)],
  ['isdecimal', every(/^\p{Nd}+$/u)],
  ['isnumeric', every(/^\p{N}+$/u)],
  ['isalpha', every(/^\p{L}+$/u)],
  ['isalnum', every(/^[\p{L}\p{N}]+$/u)],
  ['isspace', every(new RegExp(`^${SPACES}+$`))],
  ['isascii', plain((text) => [...text].every((one) => one < '\x80'))],
  ['isprintable', plain((text) => !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', '')))],
  ['isupper', plain((text) => text !== text.toLowerCase() && text === text.toUpperCase())],
  ['islower', plain((text) => text !== text.toUpperCase() && text === text.toLowerCase())],
  ['istitle', plain((text) => WORD_PRESENT.test(text) && text === text.replace(WORD, capitalize))],
]);

const WORD_PRESENT = /\p{L}/u;

function expandTabs(text: string, size: number): string {
  return text
    .split('\n')
    .map((line) => {
      const [first = '', ...rest] = line.split('\t');
      return rest.reduce(
        (made, part) => made + ' '.repeat(size <= 0 ? 0 : size - (made.length % size)) + part,
        first,
      );
    })
    .join('\n');
}
