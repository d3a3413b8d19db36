import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readCsvRows } from '../../../../extract/bulk/csv-rows.ts';
import { electioneering } from '../../../../extract/datasets/electioneering.ts';

const names = electioneering.columns.map(({ fecName }) => fecName);
const request = { dataset: electioneering, file: 'E.csv', accept: true };

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads the body of COPY as the server does in text format: `|` between fields, a backslash escapes. */
function readCopy(body: string): string[][] {
  const meant: Readonly<Record<string, string>> = { n: '\n', r: '\r' };
  const rows: string[][] = [[]];
  let field = '';
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at] ?? '';
    if (character === '\\') {
      at += 1;
      field += meant[body[at] ?? ''] ?? body[at];
    } else if (!['|', '\n'].includes(character)) field += character;
    else {
      rows.at(-1)?.push(field);
      field = '';
      if (character === '\n') rows.push([]);
    }
  }
  rows.pop();
  return rows;
}

async function read(text: string, size = 1_000_000): Promise<string[][]> {
  const { rows } = readCsvRows(request, pieces(Buffer.from(text), size), async () => undefined);
  const body: Buffer[] = [];
  for await (const piece of rows) body.push(piece);
  return readCopy(Buffer.concat(body).toString());
}

const write = (fields: readonly string[]): string =>
  fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');

describe('extract/bulk/csv-rows', () => {
  it('gives every field back as it was written, whatever it holds', async () => {
    const field = fc.stringMatching(/^[ab,"|\r\n\\ é]{0,8}$/);
    const record = fc.array(field, { minLength: names.length, maxLength: names.length });
    await fc.assert(
      fc.asyncProperty(fc.array(record), fc.integer({ min: 1, max: 60 }), async (records, size) => {
        const text = [names.join(','), ...records.map(write)].map((line) => `${line}\n`).join('');
        const rows = await read(text, size);
        assert.deepEqual(
          rows.map((row) => row.slice(2)),
          records,
        );
        // Rows that differ have different hashes; a `|` in a field is no border of fields.
        const hashes = new Set(rows.map(([, hash]) => hash));
        assert.equal(hashes.size, new Set(records.map((fields) => JSON.stringify(fields))).size);
      }),
      { numRuns: 300 },
    );
  });

  it('tells rows apart whose fields differ in where a pipe stands', async () => {
    const row = (first: string, second: string) =>
      write([first, second, ...names.slice(2).map(() => '')]);
    const rows = await read(`${[names.join(','), row('a|b', 'c'), row('a', 'b|c')].join('\n')}\n`);
    assert.equal(new Set(rows.map(([, hash]) => hash)).size, 2);
  });

  it('reads a last field that ends in a quote and a newline as the standard has it, and mends no more', async () => {
    for (const last of ['"\n', 'a"\r\n', '"\n"', '\n']) {
      const fields = names.map((_, index) => (index === names.length - 1 ? last : ''));
      const good = names.map(() => 'x');
      const text = [names.join(','), write(fields), write(good)]
        .map((line) => `${line}\n`)
        .join('');
      for (const size of [1, 7, 1_000_000]) {
        const rows = await read(text, size);
        assert.deepEqual(
          rows.map((row) => row.slice(2)),
          [fields, good],
        );
      }
    }
  });

  it('puts the fields under their names when the file has them in another order', async () => {
    const fields = names.map((_, index) => String(index));
    const text = `${[...names, 'NEW'].reverse().join(',')}\n${write([...fields, 'x'].reverse())}\n`;
    const [row = []] = await read(text);
    assert.deepEqual([row[0], ...row.slice(2)], ['2', ...fields]);
  });

  it('refuses a file without even a header, and reads one with nothing else', async () => {
    await assert.rejects(read(''), /is empty: it has not even a header/);
    assert.deepEqual(await read(`${names.join(',')}\n`), []);
  });
});
