// --event-time-start and --event-time-end, read as UTC where they name no zone.

import { UserError } from '../../core/errors.ts';
import type { CompileInputs } from '../compile/inputs.ts';
import { parseMoment } from '../compile/moments.ts';
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
  const startMs = momentOf(start, '--event-time-start');
  const endMs = momentOf(end, '--event-time-end');
  if (startMs < endMs) return { startMs, endMs };
  throw new UserError(`the range is empty: \`${start}\` is not before \`${end}\``, {
    where: '--event-time-start',
    hint: 'the end is not part of the range: for one day give the next one',
  });
}

function momentOf(text: string, where: string): number {
  const ms = parseMoment(text);
  if (ms !== undefined) return ms;
  throw new UserError(`\`${text}\` is no time`, {
    where,
    hint: 'write it as 2024-09-01 or 2024-09-01T12:00:00, in UTC',
  });
}
