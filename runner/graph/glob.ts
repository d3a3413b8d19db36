// Shell patterns: `*`, `?`, `[seq]`, `[!seq]` for names, and the same by segments, with `**`, for paths.

/** Turns a shell pattern into a regular expression for whole names; `*` crosses every character. */
export function globToRegExp(pattern: string): RegExp {
  return new RegExp(`^${globSource(pattern, '.')}$`, 's');
}

/** Tells whether a text has a character that makes it a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[\]]/.test(text);
}

/** What a pattern of paths means for one path. */
export interface PathPattern {
  /** Whether it names the file itself. */
  isFile(path: string): boolean;
  /** Whether it names the file itself or a folder above it. */
  covers(path: string): boolean;
}

/** Reads a pattern of paths: `*` stays within one name, `**` stands for any number of folders. */
export function pathPattern(pattern: string): PathPattern {
  const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
  const tests = segments.map((segment) =>
    segment === '**' ? undefined : new RegExp(`^${globSource(segment, '[^/]')}$`, 's'),
  );
  return {
    isFile: (path) => matchesPath(tests, path.split('/'), 'whole'),
    covers: (path) => matchesPath(tests, path.split('/'), 'above'),
  };
}

function matchesPath(
  tests: readonly (RegExp | undefined)[],
  segments: readonly string[],
  how: 'whole' | 'above',
): boolean {
  if (tests.length === 0) return how === 'above' || segments.length === 0;
  const [first, ...rest] = tests;
  if (first === undefined) {
    return segments.some((_, index) => matchesPath(rest, segments.slice(index), how));
  }
  const [name, ...below] = segments;
  return name !== undefined && first.test(name) && matchesPath(rest, below, how);
}

function globSource(pattern: string, anyCharacter: string): string {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern.charAt(index);
    // A bracket that stands first in the brackets is a character, not their end.
    const start = pattern.charAt(index + 1) === '!' ? index + 2 : index + 1;
    const close = char === '[' ? pattern.indexOf(']', start + 1) : -1;
    if (char === '*') source += `${anyCharacter}*`;
    else if (char === '?') source += anyCharacter;
    else if (close > 0) {
      source += characterClass(pattern.slice(start, close), start === index + 2);
      index = close;
    } else source += escaped(char);
  }
  return source;
}

/** A range that runs backwards holds nothing, as in a shell; a regular expression would not take it. */
function characterClass(body: string, isNegated: boolean): string {
  const characters = [...body];
  let source = '';
  for (let index = 0; index < characters.length; index += 1) {
    const from = characters[index] ?? '';
    const to = characters[index + 1] === '-' ? characters[index + 2] : undefined;
    if (to === undefined) source += inClass(from);
    else {
      if (from <= to) source += `${inClass(from)}-${inClass(to)}`;
      index += 2;
    }
  }
  if (source === '') return isNegated ? '[\\s\\S]' : '(?!)';
  return `[${isNegated ? '^' : ''}${source}]`;
}

function inClass(char: string): string {
  return /[\\\]^[-]/.test(char) ? `\\${char}` : char;
}

function escaped(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
