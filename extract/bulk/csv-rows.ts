// From a quoted CSV with a header to the body of COPY: the gate cuts it into records, csv-parser reads their fields.

import { Readable } from 'node:stream';
import csvParser from 'csv-parser';
import { hashDelimiter } from '../bronze/tables.ts';
import type { Dataset } from '../datasets/types.ts';
import { ArchiveError } from '../errors.ts';
import { CsvGate, type CsvRecord } from './csv-gate.ts';
import { checkHeader, findColumn } from './csv-header.ts';
import { LineOutput } from './line-output.ts';
import type { GateCounts, SetAsideLine } from './types.ts';

/** What is read. */
export interface CsvRequest {
  readonly dataset: Dataset;
  /** As messages name it. */
  readonly file: string;
  /** True to leave columns out that the table does not have. */
  readonly accept: boolean;
}

/** A CSV as rows for COPY. */
export interface CsvRows {
  /** The body of COPY, in the columns of `copyIn` of a staging table. */
  readonly rows: AsyncGenerator<Buffer>;
  /** Complete once the rows were read to their end. */
  readonly counts: () => GateCounts;
  /** Of the hashes of the rows, likewise. */
  readonly hashSum: () => bigint;
}

/** Reads a CSV; `setAside` is given the lines that are rejected or repaired, as they are found. */
export function readCsvRows(
  request: CsvRequest,
  chunks: AsyncIterable<Buffer>,
  setAside: (lines: readonly SetAsideLine[]) => Promise<void>,
): CsvRows {
  const { dataset } = request;
  // Of the table's columns in the order of the file; what is left out has a name that no column has.
  let names: readonly string[] = [];
  const gate = new CsvGate({
    onHeader: (header) => {
      const given = readNames(header);
      checkHeader(request.file, dataset, given, request.accept);
      names = given.map((name, place) => findColumn(dataset.columns, name)?.name ?? `?${place}`);
      return names.length;
    },
  });
  const records = async function* (): AsyncGenerator<readonly CsvRecord[]> {
    for await (const chunk of chunks) {
      const passed = gate.push(chunk);
      await setAside(gate.takeSetAside());
      if (passed.length > 0) yield passed;
    }
    const passed = gate.end();
    if (names.length === 0) {
      throw new ArchiveError(request.file, 'is empty: it has not even a header');
    }
    await setAside(gate.takeSetAside());
    if (passed.length > 0) yield passed;
  };
  const output = new LineOutput();
  const rows = async function* (): AsyncGenerator<Buffer> {
    for await (const batch of records()) {
      output.start(nothing);
      await addRecords(output, dataset, names, batch);
      yield output.bytes();
    }
  };
  return { rows: rows(), counts: () => gate.counts(), hashSum: () => output.hashSum() };
}

/** Returns the names of a header, without blanks around them and without the one after a last comma. */
function readNames(header: Buffer): readonly string[] {
  // No name of the FEC's holds a comma or a quote.
  const names = header
    .toString('utf8')
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    );
  return names.at(-1) === '' ? names.slice(0, -1) : names;
}

/** Writes records as COPY takes them; an empty field is null. */
async function addRecords(
  output: LineOutput,
  dataset: Dataset,
  names: readonly string[],
  records: readonly CsvRecord[],
): Promise<void> {
  const columns = dataset.columns.map(({ name }) => name);
  const between = hashDelimiter(dataset);
  // Copies: the parser takes quotes out of the bytes that it is given.
  const source = Readable.from(records.map(({ bytes }) => Buffer.concat([bytes, lineFeed])));
  const parser = source.pipe(csvParser({ headers: names, strict: true }));
  let read = 0;
  for await (const row of parser as AsyncIterable<Readonly<Record<string, string>>>) {
    const record = records[read];
    if (record !== undefined) {
      const fields = columns.map((name) => row[name] ?? '');
      output.addFields(fields, record.line, between);
    }
    read += 1;
  }
  if (read !== records.length) {
    throw new Error(`csv-parser read ${read} of ${records.length} records`);
  }
}

const nothing = Buffer.alloc(0);
const lineFeed = Buffer.from('\n');
