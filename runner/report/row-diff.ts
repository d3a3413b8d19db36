// What a unit test expected beside what it got: rows that are most alike in pairs, changed cells marked.

import type { RowDiff } from '../execute/types.ts';

type Cells = readonly (string | null)[];

/** Rows that belong together, or a row that has no other. */
interface Pair {
  readonly expected: Cells | undefined;
  readonly actual: Cells | undefined;
}

/**
 * Formats the difference as a table where that is not wider than `width`, else row by row with one cell
 * a line, broken where it is longer than the line.
 */
export function formatRowDiff(diff: RowDiff, width: number): string {
  const pairs = pairUp(diff.missing, diff.unexpected);
  const table = formatTable(diff.columns, pairs);
  const fits = table.every((line) => lengthOf(line) <= width);
  const body = fits ? table : pairs.flatMap((pair) => formatPair(diff.columns, pair, width));
  return [...summaryOf(diff, pairs), ...body].join('\n');
}

function summaryOf(diff: RowDiff, pairs: readonly Pair[]): readonly string[] {
  const shown = diff.missing.length + diff.unexpected.length;
  const total = diff.missingCount + diff.unexpectedCount;
  const changed = pairs.filter(({ expected, actual }) => expected && actual).length;
  const parts = [
    changed === 0 ? undefined : `${changed} changed`,
    diff.missingCount === changed ? undefined : `${diff.missingCount - changed} missing`,
    diff.unexpectedCount === changed ? undefined : `${diff.unexpectedCount - changed} not expected`,
  ].filter((part) => part !== undefined);
  const rest = shown < total ? [`the first ${shown} of ${total} rows that differ:`] : [];
  return [`rows that differ: ${parts.join(', ')}; * marks what changed`, ...rest];
}

/** Each row that is missing with the row not expected that has most cells in common with it. */
function pairUp(missing: readonly Cells[], unexpected: readonly Cells[]): readonly Pair[] {
  const candidates = missing.flatMap((expected, from) =>
    unexpected.map((actual, to) => ({ from, to, alike: alike(expected, actual) })),
  );
  const isOnly = missing.length === 1 && unexpected.length === 1;
  const partners = new Map<number, number>();
  const taken = new Set<number>();
  for (const { from, to, alike: count } of candidates.sort((a, b) => b.alike - a.alike)) {
    if ((count === 0 && !isOnly) || partners.has(from) || taken.has(to)) continue;
    partners.set(from, to);
    taken.add(to);
  }
  return [
    ...missing.map((expected, index): Pair => {
      const partner = partners.get(index);
      return { expected, actual: partner === undefined ? undefined : unexpected[partner] };
    }),
    ...unexpected
      .filter((_, index) => !taken.has(index))
      .map((actual): Pair => ({ expected: undefined, actual })),
  ];
}

function alike(a: Cells, b: Cells): number {
  return a.filter((cell, index) => cell === b[index]).length;
}

function labelOf({ expected, actual }: Pair): readonly [string, string] {
  if (expected && actual) return ['expected', 'actual'];
  return expected ? ['missing', ''] : ['', 'not expected'];
}

function formatTable(columns: readonly string[], pairs: readonly Pair[]): readonly string[] {
  const lines = pairs.flatMap((pair): (readonly string[])[] => {
    const { expected, actual } = pair;
    const [before, after] = labelOf(pair);
    const cellsOf = (own: Cells, other: Cells | undefined): string[] =>
      own.map((cell, index) => mark(other !== undefined && cell !== other[index]) + show(cell));
    return [
      ...(expected ? [[before, ...cellsOf(expected, actual)]] : []),
      ...(actual ? [[after, ...cellsOf(actual, expected)]] : []),
    ];
  });
  const header = ['', ...columns.map((name) => ` ${name}`)];
  const widths = header.map((name, index) =>
    Math.max(lengthOf(name), ...lines.map((line) => lengthOf(line[index] ?? ''))),
  );
  const format = (line: readonly string[]): string =>
    line
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd();
  return [header, ...lines].map(format);
}

function formatPair(columns: readonly string[], pair: Pair, width: number): readonly string[] {
  const { expected, actual } = pair;
  const title =
    expected && actual ? 'changed row' : expected ? 'missing row' : 'row that was not expected';
  const names = Math.min(30, Math.max(...columns.map(lengthOf)));
  const lines = columns.flatMap((name, index) => {
    const [before, after] = [expected?.[index], actual?.[index]];
    const isChanged = expected !== undefined && actual !== undefined && before !== after;
    const margin = `${mark(isChanged)} ${name.padEnd(names)}  `;
    const indent = ' '.repeat(lengthOf(margin));
    if (!isChanged) return wrap(margin, indent, show(before ?? after ?? null), width);
    return [
      ...wrap(`${margin}expected  `, `${indent}          `, show(before ?? null), width),
      ...wrap(`${indent}actual    `, `${indent}          `, show(after ?? null), width),
    ];
  });
  return [title, ...lines.map((line) => `  ${line}`)];
}

function wrap(first: string, next: string, text: string, width: number): readonly string[] {
  const room = Math.max(10, width - 2 - lengthOf(first));
  const characters = [...text];
  const lines: string[] = [];
  do lines.push(characters.splice(0, room).join(''));
  while (characters.length > 0);
  return lines.map((line, index) => ((index === 0 ? first : next) + line).trimEnd());
}

function mark(isChanged: boolean): string {
  return isChanged ? '*' : ' ';
}

/** Text that could be taken for no value, or for nothing, stands in quotes. */
function show(cell: string | null): string {
  if (cell === null) return 'NULL';
  if (cell === 'NULL' || cell === '' || cell !== cell.trim()) return `"${cell}"`;
  return cell.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
}

function lengthOf(text: string): number {
  return [...text].length;
}
