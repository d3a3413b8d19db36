// `modules.re`: Python's regular expressions, where JavaScript's mean the same.

import { bindArguments } from '../../core/template/arguments.ts';
import { callValue } from '../../core/template/call.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { expectIndex } from '../../core/template/number.ts';
import { toText } from '../../core/template/python-text.ts';
import {
  asText,
  type CallSite,
  type HostObject,
  ListValue,
  makeFunction,
  TupleValue,
  type Value,
} from '../../core/template/values.ts';

const FLAGS: Readonly<Record<string, number>> = {
  I: 2,
  IGNORECASE: 2,
  M: 8,
  MULTILINE: 8,
  S: 16,
  DOTALL: 16,
};

interface Pattern extends HostObject {
  readonly source: string;
  readonly flags: number;
}

function isPattern(value: Value | undefined): value is Pattern {
  return typeof value === 'object' && value !== null && 'source' in value && 'flags' in value;
}

/** What Python reads and JavaScript does not, or reads otherwise. */
const UNLIKE = /\(\?[aiLmsux]|\\[AZ]|\(\?P[=>]|\(\?#|\(\?\(|[*+?}]\+/;

/** Python's classes know all of Unicode, JavaScript's only ASCII: told apart by what is searched. */
const BY_ALPHABET = /\\[wWdDbBsS]/;

function searched(value: Value | undefined, source: string, flags: number): string {
  const text = expectText(value, 'what is searched');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII begins with NUL
  const isAscii = /^[\x00-\x7f]*$/.test(text);
  if (!isAscii && (BY_ALPHABET.test(source) || (flags & 2) !== 0)) {
    throw new ValueFault(
      'a regular expression with classes such as `\\w` is not supported on text beyond ASCII',
      'write the characters out, as in [a-z0-9]',
    );
  }
  return text;
}

/** Brings a Python pattern into JavaScript's form. @throws {ValueFault} where it cannot */
function translate(source: string, flags: number, extra: string): RegExp {
  const unlike = UNLIKE.exec(source.replaceAll('\\\\', '  '));
  if (unlike !== null) {
    throw new ValueFault(`\`${unlike[0]}\` in a regular expression is not supported`);
  }
  // `$` of Python also matches before a last newline.
  const named = source.replaceAll('(?P<', '(?<');
  const body =
    (flags & 8) === 0 ? named.replace(/(?<!\\)\$(?=$|\))/g, '(?=\\n?$(?![\\s\\S]))') : named;
  const letters = [
    ...((flags & 2) === 0 ? '' : 'i'),
    ...((flags & 8) === 0 ? '' : 'm'),
    ...((flags & 16) === 0 ? '' : 's'),
  ].join('');
  try {
    return new RegExp(body, `${letters}${extra}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ValueFault(`\`${source}\` is no regular expression that can be read here`);
  }
}

function expectText(value: Value | undefined, what: string): string {
  const text = asText(value ?? null);
  if (text === undefined) throw new ValueFault(`${what} is a text`);
  return text;
}

function sourceOf(value: Value | undefined, flags: Value | undefined): [string, number] {
  if (isPattern(value)) return [value.source, value.flags];
  return [expectText(value, 'a regular expression'), Number(flags ?? 0)];
}

function matchValue(match: RegExpExecArray): HostObject {
  const group = (key: Value): Value => {
    const name = asText(key);
    if (name !== undefined) return match.groups?.[name] ?? null;
    const index = expectIndex(key, 'a group');
    if (index < 0 || index >= match.length) throw new ValueFault(`there is no group ${index}`);
    return match[index] ?? null;
  };
  const members: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
    group: (args) => (args.length > 1 ? new TupleValue(args.map(group)) : group(args[0] ?? 0)),
    groups: () => new TupleValue(match.slice(1).map((text) => text ?? null)),
    groupdict: () =>
      DictValue.of(Object.entries(match.groups ?? {}).map(([key, text]) => [key, text ?? null])),
    start: () => match.index,
    end: () => match.index + match[0].length,
    span: () => new TupleValue([match.index, match.index + match[0].length]),
  };
  return {
    kind: 'host',
    typeName: 're.Match',
    getAttribute: (name) => {
      const member = Object.hasOwn(members, name) ? members[name] : undefined;
      return member === undefined ? undefined : makeFunction(name, member);
    },
    getItem: group,
    isTrue: () => true,
    toText: () => {
      throw new ValueFault('a match cannot be printed', 'print `.group()` of it');
    },
  };
}

function replacementOf(template: Value, site: CallSite): (match: RegExpExecArray) => string {
  const text = asText(template);
  if (text === undefined) {
    return (match) => toText(callValue(template, [matchValue(match)], new Map(), site));
  }
  return (match) =>
    text.replace(/\\(?:g<(\w+)>|(\d)|([nt\\]))/g, (_whole, named, digit, escaped) => {
      if (escaped !== undefined) return { n: '\n', t: '\t', '\\': '\\' }[String(escaped)] ?? '';
      const key = String(named ?? digit);
      return (/^\d+$/.test(key) ? match[Number(key)] : match.groups?.[key]) ?? '';
    });
}

type Run = (source: string, flags: number, args: readonly Value[], site: CallSite) => Value;

const oneMatch =
  (wrap: (source: string) => string): Run =>
  (source, flags, [text]) => {
    const match = translate(wrap(source), flags, '').exec(searched(text, source, flags));
    return match === null ? null : matchValue(match);
  };

const RUNS: Readonly<Record<string, Run>> = {
  match: oneMatch((source) => `^(?:${source})`),
  search: oneMatch((source) => source),
  fullmatch: oneMatch((source) => `^(?:${source})$(?![\\s\\S])`),
  findall: (source, flags, [text]) => {
    const found = [...searched(text, source, flags).matchAll(translate(source, flags, 'g'))];
    return new ListValue(
      found.map((match) => {
        if (match.length === 1) return match[0];
        if (match.length === 2) return match[1] ?? '';
        return new TupleValue(match.slice(1).map((part) => part ?? ''));
      }),
    );
  },
  split: (source, flags, [text, most]) => {
    if (most !== undefined && most !== 0)
      throw new ValueFault('`split` with a limit is not supported');
    const parts = searched(text, source, flags).split(translate(source, flags, ''));
    return new ListValue(parts.map((part) => part ?? null));
  },
  sub: (source, flags, [replacement, text, most], site) => {
    const replace = replacementOf(replacement ?? '', site);
    const limit = most === undefined || most === 0 ? Infinity : expectIndex(most, '`count`');
    const whole = searched(text, source, flags);
    let made = '';
    let from = 0;
    let count = 0;
    for (const match of whole.matchAll(translate(source, flags, 'g'))) {
      if (count >= limit) break;
      count += 1;
      made += whole.slice(from, match.index) + replace(match);
      from = match.index + match[0].length;
    }
    return made + whole.slice(from);
  },
};

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  match: ['string'],
  search: ['string'],
  fullmatch: ['string'],
  findall: ['string'],
  split: ['string', 'maxsplit'],
  sub: ['repl', 'string', 'count'],
};

function patternValue(source: string, flags: number): Pattern {
  translate(source, flags, '');
  return {
    kind: 'host',
    typeName: 're.Pattern',
    source,
    flags,
    getAttribute: (name) => {
      if (name === 'pattern') return source;
      const run = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined;
      if (run === undefined) throw new ValueFault(`\`${name}\` of a pattern is not supported`);
      return makeFunction(name, (args, kwargs, site) => {
        const given = bindArguments(name, PARAMETERS[name] ?? [], 1, args, kwargs);
        return run(
          source,
          flags,
          given.map((value) => value ?? 0),
          site,
        );
      });
    },
    toText: () => `re.compile('${source}')`,
  };
}

/** Python's `re`. */
export const regexModule: HostObject = {
  kind: 'host',
  typeName: 'module',
  isMapping: true,
  getAttribute: (name) => {
    if (Object.hasOwn(FLAGS, name)) return FLAGS[name];
    if (name === 'compile') {
      return makeFunction(name, (args, kwargs) => {
        const given = bindArguments(name, ['pattern', 'flags'], 1, args, kwargs);
        return patternValue(...sourceOf(given[0], given[1]));
      });
    }
    if (name === 'escape') {
      return makeFunction(name, (args) =>
        expectText(args[0], 'what is escaped').replace(/[-\\^$*+?.()|[\]{}#&~\s]/g, '\\$&'),
      );
    }
    const run = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined;
    if (run === undefined) throw new ValueFault(`\`modules.re.${name}\` is not supported`);
    return makeFunction(name, (args, kwargs, site) => {
      const names = PARAMETERS[name] ?? [];
      const given = bindArguments(name, ['pattern', ...names, 'flags'], 2, args, kwargs);
      const [source, flags] = sourceOf(given[0], given[names.length + 1]);
      return run(
        source,
        flags,
        given.slice(1, names.length + 1).map((value) => value ?? 0),
        site,
      );
    });
  },
  toText: () => {
    throw new ValueFault('a module cannot be printed');
  },
};
