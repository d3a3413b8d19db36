/** Turns a shell pattern (`*`, `?`, `[seq]`, `[!seq]`) into a regular expression for whole strings. */
export function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern.charAt(index);
    const close = char === '[' ? pattern.indexOf(']', index + 2) : -1;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (close > 0) {
      const body = pattern.slice(index + 1, close).replaceAll('\\', '\\\\');
      source += `[${body.startsWith('!') ? `^${body.slice(1)}` : body}]`;
      index = close;
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}
