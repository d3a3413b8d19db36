// What one record of a quoted CSV is, by RFC 4180 and, where a filer's quotes break that, by the form in
// which the FEC writes: every field quoted.

const quote = 0x22;
const comma = 0x2c;

/** How far bytes are a record. */
export type RecordShape =
  /** Fields that all end; the last one may be empty. */
  | { readonly kind: 'whole'; readonly fields: number }
  /** A quote is open at the end: the record may go on in the next line. */
  | { readonly kind: 'open' }
  /** A quote stands where none may. */
  | { readonly kind: 'broken' };

/** Reads the shape of the bytes from one newline to another. */
export function shapeOf(bytes: Buffer): RecordShape {
  let fields = 1;
  let at = 0;
  for (;;) {
    if (bytes[at] === quote) {
      const end = endOfQuoted(bytes, at);
      if (end === undefined) return { kind: 'open' };
      at = end;
      if (at < bytes.length && bytes[at] !== comma) return { kind: 'broken' };
    } else {
      while (at < bytes.length && bytes[at] !== comma) {
        if (bytes[at] === quote) return { kind: 'broken' };
        at += 1;
      }
    }
    if (at >= bytes.length) return { kind: 'whole', fields };
    fields += 1;
    at += 1;
  }
}

/** Returns the place after the quote that closes the one at `start`; undefined where none does. */
function endOfQuoted(bytes: Buffer, start: number): number | undefined {
  let at = start + 1;
  for (;;) {
    at = bytes.indexOf(quote, at);
    if (at < 0) return undefined;
    if (bytes[at + 1] !== quote) return at + 1;
    at += 2;
  }
}

/**
 * Rewrites a line in which a quote is not doubled, such as `"C1","SPOT "FIRST"","5"`: where every field
 * is quoted and there are as many as there should be, only one reading is left. Undefined otherwise.
 */
export function mendQuotes(line: Buffer, fields: number): Buffer | undefined {
  // Latin-1 keeps every byte what it is.
  const text = withoutLastComma(line).toString('latin1');
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return undefined;
  const parts = text.slice(1, -1).split('","');
  if (parts.length !== fields) return undefined;
  const quoted = parts.map((part) => `"${part.replaceAll('""', '"').replaceAll('"', '""')}"`);
  return Buffer.from(quoted.join(','), 'latin1');
}

/** Takes off a comma at the end, which makes one empty field more. */
export function withoutLastComma(record: Buffer): Buffer {
  return record.at(-1) === comma ? record.subarray(0, -1) : record;
}
