// When a load stops before it publishes: a file that looks so wrong that a person should see it first.

import { UserError } from '../../core/errors.ts';
import type { GateCounts, RowChanges } from './types.ts';

/** Raised when a load was stopped by a guard: Bronze is as it was. */
export class GuardError extends UserError {
  override readonly name = 'GuardError';
}

/** More rejected lines than both of these stop a load; more than half of them always do. */
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
  const isMost = rowsRejected * 2 > rowsRead;
  return isMost || (rowsRejected > rejectedLines && rowsRejected > rowsRead * rejectedShare);
}

/** A file and what its table expects of it. */
export interface GuardedFile {
  readonly file: string;
  /** Fields of a line that fits. */
  readonly fields: number;
  /** The FEC's page that documents the file. */
  readonly sourceUrl: string;
}

/** Describes a file with too many rejected lines; `reasons` begin with the most frequent. */
export function tooManyRejects(
  place: GuardedFile,
  counts: GateCounts,
  reasons: readonly RejectReason[],
): GuardError {
  const seen = `${number(counts.rowsRejected)} of ${number(counts.rowsRead)} lines do not fit`;
  const list = reasons.map(({ reason, lines }) => `${number(lines)} × ${reason}`).join('; ');
  const layout = otherLayout(counts, reasons);
  if (layout !== undefined) return changedLayout(place, counts, layout, seen);
  return new GuardError(`${seen}: ${list}`, {
    where: place.file,
    exitCode: 1,
    hint:
      counts.rowsPassed > 0
        ? 'Bronze is as it was; look at the file, and load it with `--accept` if it is to be loaded all the same'
        : `Bronze is as it was; compare the file with ${place.sourceUrl}`,
  });
}

/** Returns how many fields most lines have, where that is not as many as the table has columns. */
function otherLayout(counts: GateCounts, reasons: readonly RejectReason[]): string | undefined {
  const [first] = reasons;
  const fields = /^(\d+) fields? instead of/.exec(first?.reason ?? '')?.[1];
  return (first?.lines ?? 0) * 2 > counts.rowsRead ? fields : undefined;
}

function changedLayout(
  place: GuardedFile,
  counts: GateCounts,
  fields: string,
  seen: string,
): GuardError {
  const change = Number(fields) > place.fields ? 'more' : 'fewer';
  const onlyGood = counts.rowsPassed > 0 ? '; `--accept` loads nothing but the lines that fit' : '';
  return new GuardError(
    `the layout changed: lines have \`${fields}\` fields, ${change} than the \`${place.fields}\` that FundLens knows (${seen})`,
    {
      where: place.file,
      exitCode: 1,
      hint: `Bronze is as it was; see ${place.sourceUrl} for what changed, and whether a newer FundLens knows the new layout, else report it${onlyGood}`,
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
