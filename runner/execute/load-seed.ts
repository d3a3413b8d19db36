// A seed: its CSV file read twice, once for the types and once into COPY.

import { join } from 'node:path';
import { copyIn } from '../../core/copy.ts';
import type { Client } from '../../core/database.ts';
import { nearestName, UserError } from '../../core/errors.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import type { RelationName } from '../compile/types.ts';
import type { SeedLoad } from '../plan/types.ts';
import { type ColumnEvidence, inferType, noEvidence, weigh } from './infer-types.ts';
import { type CsvFile, foldName, readCsv, readHeader } from './read-csv.ts';

/** A column of a seed with the type that it gets. */
export interface SeedColumn {
  readonly name: string;
  readonly type: string;
}

/** Creates the staged table of a seed, fills it and returns the number of rows. */
export async function loadSeed(
  client: Client,
  staged: RelationName,
  load: SeedLoad,
  projectDir: string,
): Promise<number> {
  const file: CsvFile = {
    absolutePath: join(projectDir, load.path),
    shownPath: load.path,
    delimiter: load.delimiter,
  };
  const columns = await readColumns(file, load);
  const table = quoteQualified(staged.schema, staged.identifier);
  const list = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(', ');
  const unlogged = load.isUnlogged ? 'unlogged ' : '';
  await client.query(`create ${unlogged}table ${table} (${list})${load.tableOptions ?? ''}`);
  return copyIn(
    client,
    `copy ${table} from stdin with (format text, encoding 'UTF8')`,
    copyLines(file),
  );
}

/** Reads the whole file and returns its columns: types from the config, else from all values. */
export async function readColumns(file: CsvFile, load: SeedLoad): Promise<readonly SeedColumn[]> {
  let names: readonly string[] | undefined;
  let evidence: ColumnEvidence[] = [];
  for await (const fields of readCsv(file)) {
    if (names === undefined) {
      names = readHeader(fields, file.shownPath, load.isQuoted);
      evidence = names.map(() => noEvidence);
    } else {
      evidence = evidence.map((seen, index) => weigh(seen, fields[index] ?? ''));
    }
  }
  if (names === undefined) {
    throw new UserError(`\`${file.shownPath}\` is empty`, {
      where: { path: file.shownPath },
      hint: 'write the names of the columns on its first line',
      exitCode: 1,
    });
  }
  const given = givenTypes(names, load, file.shownPath);
  return names.map((name, index) => ({
    name,
    type: given.get(name) ?? inferType(evidence[index] ?? noEvidence),
  }));
}

function givenTypes(
  names: readonly string[],
  load: SeedLoad,
  shownPath: string,
): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const [key, type] of Object.entries(load.columnTypes)) {
    const name = load.isQuoted ? key : foldName(key);
    if (!names.includes(name)) {
      const near = nearestName(name, names);
      throw new UserError(
        `\`column_types\` names column \`${key}\`, which \`${shownPath}\` has not`,
        {
          where: { path: shownPath, line: 1 },
          hint: near ? `did you mean \`${near}\`?` : `its columns are ${names.join(', ')}`,
          exitCode: 1,
        },
      );
    }
    given.set(name, type);
  }
  return given;
}

const flushBytes = 64 * 1024;

async function* copyLines(file: CsvFile): AsyncGenerator<Buffer> {
  let isHeader = true;
  let text = '';
  for await (const fields of readCsv(file)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    text += `${fields.map(copyField).join('\t')}\n`;
    if (text.length >= flushBytes) {
      yield Buffer.from(text);
      text = '';
    }
  }
  if (text !== '') yield Buffer.from(text);
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** Writes a field as COPY's text format has it; an empty one is NULL. */
function copyField(value: string): string {
  if (value === '') return '\\N';
  return value.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character);
}
