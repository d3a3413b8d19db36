import type { Column } from './types.ts';

/** Describes a column of text, of a code or of a number without a unit. */
export function column(fecName: string, type: string, doc: string): Column {
  return { name: fecName.toLowerCase(), fecName, type, doc };
}

/** Describes a column of US dollars. */
export function dollars(fecName: string, doc: string): Column {
  return { ...column(fecName, 'NUMBER(14,2)', doc), unit: 'US dollars' };
}

/** How a file writes a date. */
type DateForm = 'MMDDYYYY' | 'MM/DD/YYYY' | 'YYYYMMDD' | 'MM/DD/YYYY or YYYYMMDD' | 'DD-MON-YY';

/** Describes a date; `form` is how the file writes it. */
export function dateColumn(fecName: string, form: DateForm, doc: string): Column {
  return { ...column(fecName, 'DATE', doc), unit: `date as ${form}` };
}
