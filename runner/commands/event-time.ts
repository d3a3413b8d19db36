// --event-time-start and --event-time-end, read as UTC where they name no zone.

import { UserError } from '../../core/errors.ts';
import type { CompileInputs } from '../compile/inputs.ts';
import type { EventTimeOptions } from './types.ts';

/**
 * Returns the range that microbatch models build again; undefined where none was given.
 * @throws {UserError} where one end is missing, is no time, or the start is not before the end.
 */
export function parseEventTime(given: EventTimeOptions | undefined): CompileInputs['eventTime'] {
  if (given === undefined) return undefined;
  const { start, end } = given;
  if (start === undefined || end === undefined) {
    throw new UserError('a range has a start and an end', {
      where: start === undefined ? '--event-time-start' : '--event-time-end',
      hint: 'give both --event-time-start and --event-time-end',
    });
  }
  const startMs = parseMoment(start, '--event-time-start');
  const endMs = parseMoment(end, '--event-time-end');
  if (startMs < endMs) return { startMs, endMs };
  throw new UserError(`the range is empty: \`${start}\` is not before \`${end}\``, {
    where: '--event-time-start',
    hint: 'the end is not part of the range: for one day give the next one',
  });
}

const moment =
  /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/;

function parseMoment(text: string, where: string): number {
  const isZoned = /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(10));
  const iso = text.replace(' ', 'T').replace(/([+-]\d\d)(\d\d)?$/, withMinutes);
  const ms = moment.test(text)
    ? Date.parse(text.length === 10 ? `${text}T00:00:00Z` : isZoned ? iso : `${iso}Z`)
    : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new UserError(`\`${text}\` is no time`, {
    where,
    hint: 'write it as 2024-09-01 or 2024-09-01T12:00:00, in UTC',
  });
}

function withMinutes(zone: string, hours: string, minutes: string | undefined, at: number): string {
  // The last two parts of a plain date look like an offset too.
  return at < 11 ? zone : `${hours}:${minutes ?? '00'}`;
}
