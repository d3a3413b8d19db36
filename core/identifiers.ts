// The only way in which names and values from TypeScript reach SQL text.

/** Quotes one identifier, doubling quotes inside; throws on NUL and on nothing, which no identifier can be. */
export function quoteIdentifier(name: string): string {
  if (name === '') throw new TypeError('an identifier cannot be empty');
  if (name.includes('\0')) throw new TypeError('an identifier cannot contain a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a qualified name: `quoteQualified('gold', 'x')` gives `"gold"."x"`. */
export function quoteQualified(...parts: readonly string[]): string {
  return parts.map(quoteIdentifier).join('.');
}

/** Quotes a string literal, safe whatever `standard_conforming_strings` says. */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) throw new TypeError('a literal cannot contain a NUL character');
  const doubled = value.replaceAll("'", "''");
  return value.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** PostgreSQL's limit on the length of a name, in bytes. */
export const maxIdentifierBytes = 63;
