// Python's escapes in string literals, which Jinja follows.

const ESCAPE =
  /\\(?:(\n)|([\\'"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([xuUN]))/g;

const PLAIN: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text that a literal's inside stands for, or the fault that makes it unreadable. */
export interface DecodedLiteral {
  readonly text: string;
  readonly fault: string | undefined;
}

/** Decodes what stands between the quotes; an unknown escape stays as written, as in Python. */
export function decodeStringLiteral(inside: string): DecodedLiteral {
  if (!inside.includes('\\')) return { text: inside, fault: undefined };
  let fault: string | undefined;
  const text = inside.replace(ESCAPE, (whole, ...groups: (string | undefined)[]) => {
    const [newline, plain, octal, hex, short, long, bad] = groups;
    if (newline !== undefined) return '';
    if (plain !== undefined) return PLAIN[plain] ?? whole;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = hex ?? short ?? long;
    const point = code === undefined ? Number.NaN : Number.parseInt(code, 16);
    if (bad === undefined && point <= 0x10ffff) return String.fromCodePoint(point);
    fault ??= `\`${whole}\` is no complete escape in a string`;
    return whole;
  });
  return { text, fault };
}
