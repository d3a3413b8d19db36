// Tables for people, as wide as their terminal.

/** One column of a printed table. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly isNumber?: boolean;
  /** Shown where there is room for it; the lowest number goes last. Columns without one always stay. */
  readonly extra?: number;
}

/** Returns how wide the user's terminal is; a file or a pipe takes any width. */
export function terminalWidth(): number {
  const given = Number(process.env['COLUMNS']);
  return process.stdout.columns ?? (given > 0 ? given : Number.POSITIVE_INFINITY);
}

/** Lays rows out under titles, without the extra columns that the width has no room for. */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width: number,
): string {
  const sized = columns.map((column) => {
    const cells = rows.map((row) => column.cell(row));
    return { column, cells, width: Math.max(column.title.length, ...cells.map((c) => c.length)) };
  });
  const dropOrder = sized
    .filter(({ column }) => column.extra !== undefined)
    .sort((one, two) => (two.column.extra ?? 0) - (one.column.extra ?? 0));
  let shown = sized;
  const total = (): number => shown.reduce((sum, item) => sum + item.width + 2, -2);
  for (const item of dropOrder) {
    if (total() <= width) break;
    shown = shown.filter((other) => other !== item);
  }
  const line = (cellOf: (item: (typeof sized)[number]) => string): string =>
    shown
      .map((item) =>
        item.column.isNumber ? cellOf(item).padStart(item.width) : cellOf(item).padEnd(item.width),
      )
      .join('  ')
      .trimEnd();
  return [
    line(({ column }) => column.title),
    ...rows.map((_, index) => line(({ cells }) => cells[index] ?? '')),
  ].join('\n');
}
