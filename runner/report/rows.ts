// Rows of a query as people and programs read them: table, CSV, JSON.

/** How rows are printed. */
export type RowsFormat = 'table' | 'csv' | 'json';

/** A result set; values as the server's text, apart from numbers and booleans that JSON has. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Formats rows; a table for the eyes, CSV and JSON without loss. */
export function formatRows(rows: Rows, format: RowsFormat): string {
  switch (format) {
    case 'table':
      return formatTable(rows);
    case 'csv':
      return [rows.columns, ...rows.rows].map((row) => row.map(csvField).join(',')).join('\n');
    case 'json':
      return JSON.stringify(
        rows.rows.map((row) =>
          Object.fromEntries(rows.columns.map((column, index) => [column, row[index] ?? null])),
        ),
        null,
        2,
      );
  }
}

/** Formats lines of text cells under a header, numbers to the right. */
export function formatTable(rows: Rows): string {
  const cells = rows.rows.map((row) => row.map(tableCell));
  const widths = rows.columns.map((column, index) =>
    Math.max(width(column), ...cells.map((row) => width(row[index] ?? ''))),
  );
  const isNumeric = rows.columns.map((_, index) => {
    const given = cells.map((row) => row[index] ?? '').filter((cell) => cell !== '');
    return given.length > 0 && given.every((cell) => /^-?[\d,]+(\.\d+)?%?$/.test(cell));
  });
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - width(cell));
        return isNumeric[index] ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((count) => '-'.repeat(count)).join('  ');
  return [line(rows.columns), rule, ...cells.map(line)].join('\n');
}

function tableCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.replaceAll(/[\r\n\t]/g, ' ');
}

/** A value that a CSV reader would misread is quoted; null is empty, the empty string is `""`. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Characters of a terminal cell; close enough for names and numbers. */
function width(text: string): number {
  return [...text].length;
}
