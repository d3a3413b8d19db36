// A seed's CSV file as rows of fields, checked against its header.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import csvParser from 'csv-parser';
import { UserError } from '../../core/errors.ts';

/** A CSV file on disk. */
export interface CsvFile {
  readonly absolutePath: string;
  /** As errors name it. */
  readonly shownPath: string;
  readonly delimiter: string;
}

interface ParsedRow {
  readonly row: Readonly<Record<string, string>>;
  readonly byteOffset: number;
}

/**
 * Reads the rows of a file, the header as the first.
 * @throws {UserError} at the line whose number of fields is not that of the header.
 */
export async function* readCsv(file: CsvFile): AsyncGenerator<readonly string[]> {
  let width: number | undefined;
  const source = createReadStream(file.absolutePath);
  const quotes = new QuoteWatch();
  const parser = source
    .on('error', (error) => parser.destroy(error))
    .on('data', (chunk) => quotes.see(chunk))
    .pipe(withoutByteOrderMark())
    .pipe(csvParser({ headers: false, separator: file.delimiter, outputByteOffset: true }));
  try {
    for await (const item of parser as AsyncIterable<ParsedRow>) {
      const fields = Object.values(item.row);
      // A blank line is no row.
      if (fields.length === 0) continue;
      width ??= fields.length;
      if (fields.length !== width)
        throw await raggedRow(file, item.byteOffset, fields.length, width);
      yield fields;
    }
    if (quotes.openedAtLine !== undefined) throw openQuote(file, quotes.openedAtLine);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read \`${file.shownPath}\`: ${message(error)}`, {
      where: { path: file.shownPath },
      cause: error,
      exitCode: 1,
    });
  } finally {
    source.destroy();
  }
}

/**
 * Returns the columns that a header names; the names that need no quotes are folded as PostgreSQL does,
 * unless `isQuoted`.
 */
export function readHeader(
  fields: readonly string[],
  shownPath: string,
  isQuoted = false,
): readonly string[] {
  const names = fields.map((field) => (isQuoted ? field.trim() : foldName(field.trim())));
  const where = { path: shownPath, line: 1 };
  const empty = names.indexOf('');
  if (empty >= 0) {
    throw new UserError(`column ${empty + 1} of \`${shownPath}\` has no name`, {
      where,
      hint: 'give every column a name on the first line, and check the delimiter',
      exitCode: 1,
    });
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new UserError(`column \`${twice}\` stands twice in the header of \`${shownPath}\``, {
      where,
      hint: isQuoted
        ? 'rename one of them'
        : 'rename one of them; upper and lower case are the same here',
      exitCode: 1,
    });
  }
  return names;
}

/** Folds a name to lower case where PostgreSQL would, had it been written without quotes. */
export function foldName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/i.test(name) ? name.toLowerCase() : name;
}

/** Follows the quotes of a file: csv-parser takes one left open for a field that ends with the file. */
class QuoteWatch {
  #line = 1;
  #openedAt: number | undefined;

  /** The line of the quote that is open at this point of the file. */
  get openedAtLine(): number | undefined {
    return this.#openedAt;
  }

  see(chunk: string | Buffer): void {
    for (const byte of Buffer.from(chunk)) {
      if (byte === 0x0a) this.#line += 1;
      else if (byte === 0x22)
        this.#openedAt = this.#openedAt === undefined ? this.#line : undefined;
    }
  }
}

function openQuote(file: CsvFile, line: number): UserError {
  return new UserError(
    `a quote is opened on line ${line} of \`${file.shownPath}\` and never closed`,
    {
      where: { path: file.shownPath, line },
      hint: 'close it, or double it where it belongs to the text',
      exitCode: 1,
    },
  );
}

async function raggedRow(
  file: CsvFile,
  byteOffset: number,
  found: number,
  width: number,
): Promise<UserError> {
  const line = await lineOf(file.absolutePath, byteOffset);
  return new UserError(
    `line ${line} of \`${file.shownPath}\` has ${found} ${found === 1 ? 'field' : 'fields'}, its header ${width}`,
    {
      where: { path: file.shownPath, line },
      hint: `quote fields that hold \`${file.delimiter}\`, a quote or a line break, and double the quotes inside`,
      exitCode: 1,
    },
  );
}

/** Counts the lines before an offset of the text that the parser saw; only for an error's place. */
async function lineOf(path: string, byteOffset: number): Promise<number> {
  const handle = await open(path);
  try {
    const mark = Buffer.alloc(3);
    await handle.read(mark, 0, 3, 0);
    const end = byteOffset + (isByteOrderMark(mark) ? 3 : 0);
    if (end === 0) return 1;
    let line = 1;
    const stream = handle.createReadStream({ start: 0, end: end - 1, autoClose: false });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (const byte of chunk) if (byte === 0x0a) line += 1;
    }
    return line;
  } finally {
    await handle.close();
  }
}

function withoutByteOrderMark(): Transform {
  let head: Buffer | undefined = Buffer.alloc(0);
  const strip = (bytes: Buffer) => (isByteOrderMark(bytes) ? bytes.subarray(3) : bytes);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (head === undefined) return done(null, chunk);
      head = Buffer.concat([head, chunk]);
      if (head.length < 3) return done();
      const first = strip(head);
      head = undefined;
      done(null, first);
    },
    flush(done) {
      done(null, head && head.length > 0 ? strip(head) : undefined);
    },
  });
}

function isByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
