// Types of a seed's columns, from all its values.

/** What the values of one column have been seen to be. */
export interface ColumnEvidence {
  /** Types that every value so far could have, narrowest first. */
  readonly candidates: readonly InferredType[];
  readonly hasValue: boolean;
}

/** A type that a column of a seed can be given. */
export type InferredType =
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'text';

/** A column of which no value has been seen. */
export const noEvidence: ColumnEvidence = {
  candidates: ['integer', 'bigint', 'numeric', 'boolean', 'date', 'timestamp', 'text'],
  hasValue: false,
};

/** Returns what is known after one more value; an empty field says nothing. */
export function weigh(evidence: ColumnEvidence, value: string): ColumnEvidence {
  if (value === '') return evidence;
  const candidates = evidence.candidates.filter((type) => fits(type, value));
  return { candidates, hasValue: true };
}

/** Returns the narrowest type that holds every value; text for a column without any. */
export function inferType(evidence: ColumnEvidence): InferredType {
  return evidence.hasValue ? (evidence.candidates[0] ?? 'text') : 'text';
}

// A leading zero is a code, not a number: it must not be lost.
const integerPattern = /^-?(?:0|[1-9]\d*)$/;
const numericPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const timestampPattern =
  /^(\d{4}-\d{2}-\d{2})[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$/;

function fits(type: InferredType, value: string): boolean {
  switch (type) {
    case 'integer':
      return isIntegerOf(value, 31n);
    case 'bigint':
      return isIntegerOf(value, 63n);
    case 'numeric':
      return numericPattern.test(value);
    case 'boolean':
      return /^(?:true|false)$/i.test(value);
    case 'date':
      return isDate(value);
    case 'timestamp': {
      const date = timestampPattern.exec(value)?.[1];
      return (date !== undefined && isDate(date)) || isDate(value);
    }
    case 'text':
      return true;
  }
}

function isIntegerOf(value: string, bits: bigint): boolean {
  // 19 digits hold every bigint; longer text is not worth a BigInt.
  if (value.length > 20 || !integerPattern.test(value) || value === '-0') return false;
  const number = BigInt(value);
  return number >= -(2n ** bits) && number < 2n ** bits;
}

function isDate(value: string): boolean {
  const [, year, month, day] = datePattern.exec(value)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined || year === 0) return false;
  const date = new Date(Date.UTC(2000, month - 1, day));
  // Not Date.UTC(year): it takes years below 100 for those of the last century.
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
