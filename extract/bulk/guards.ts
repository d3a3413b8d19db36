// When a load stops before it publishes: a file that looks so wrong that a person should see it first.

import { UserError } from '../../core/errors.ts';
import type { GateCounts, RowChanges } from './types.ts';

/** Raised when a load was stopped by a guard: Bronze is as it was. */
export class GuardError extends UserError {
  override readonly name = 'GuardError';
}

/** More rejected lines than both of these stop a load. */
const rejectedShare = 0.001;
const rejectedLines = 10;
/** A larger share of a cycle is not withdrawn unseen. */
const withdrawnShare = 0.05;

/** Why lines were rejected, and how many for that reason. */
export interface RejectReason {
  readonly reason: string;
  readonly lines: number;
}

/** Tells whether so many lines are rejected that the load is to stop. */
export function hasTooManyRejects(counts: GateCounts): boolean {
  const { rowsRead, rowsRejected } = counts;
  return rowsRejected > rejectedLines && rowsRejected > rowsRead * rejectedShare;
}

/** Describes a file with too many rejected lines; `reasons` begin with the most frequent. */
export function tooManyRejects(
  place: { readonly file: string; readonly fields: number; readonly sourceUrl: string },
  counts: GateCounts,
  reasons: readonly RejectReason[],
): GuardError {
  const [first] = reasons;
  const fields = /^(\d+) fields? instead of/.exec(first?.reason ?? '')?.[1];
  const isAnotherFormat = fields !== undefined && (first?.lines ?? 0) * 2 > counts.rowsRead;
  const seen = `${number(counts.rowsRejected)} of ${number(counts.rowsRead)} lines do not fit`;
  const list = reasons.map(({ reason, lines }) => `${number(lines)} × ${reason}`).join('; ');
  return new GuardError(
    isAnotherFormat
      ? `the format changed: lines have \`${fields}\` fields instead of \`${place.fields}\`; ${seen}: ${list}`
      : `${seen}: ${list}`,
    {
      where: place.file,
      exitCode: 1,
      hint: isAnotherFormat
        ? `Bronze is as it was; compare the file with ${place.sourceUrl}, and load it with \`--accept\` only to keep the lines that fit`
        : 'Bronze is as it was; look at the file, and load it with `--accept` if it is to be loaded all the same',
    },
  );
}

/**
 * Checks how much of a cycle a load would withdraw.
 * @throws {GuardError} when it is more than a twentieth.
 */
export function checkWithdrawals(file: string, changes: RowChanges): void {
  const before = changes.unchanged + changes.updated + changes.withdrawn;
  if (changes.withdrawn <= before * withdrawnShare) return;
  const percent = ((changes.withdrawn / before) * 100).toFixed(1);
  throw new GuardError(
    `would withdraw ${number(changes.withdrawn)} of ${number(before)} rows (${percent} %): the file no longer has them`,
    {
      where: file,
      exitCode: 1,
      hint: 'Bronze is as it was; check that the file is whole, and load it with `--accept` if the FEC did withdraw them',
    },
  );
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
