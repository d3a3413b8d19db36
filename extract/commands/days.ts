import { UserError } from '../../core/errors.ts';

/**
 * Returns the day that a flag was given, as YYYY-MM-DD; undefined where it was not given.
 * @throws {UserError} for what is no day of the calendar.
 */
export function parseDay(flag: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = String(value);
  const isForm = /^\d{4}-\d\d-\d\d$/.test(text);
  const moment = new Date(`${text}T00:00:00Z`);
  if (isForm && !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text)) {
    return text;
  }
  throw new UserError(`\`${text}\` is not a day`, {
    where: flag,
    hint: `write it as year, month, day: \`${flag} 2026-01-31\``,
  });
}
