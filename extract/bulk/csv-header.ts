// Whether the header of a CSV is the one that its table was made for.

import type { Column, Dataset } from '../datasets/types.ts';
import { ArchiveError } from '../errors.ts';
import { GuardError } from './guards.ts';

/** How the header of a file differs from the columns of its table, in the FEC's spelling. */
export interface HeaderChange {
  /** A new name in the place of one that is gone. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  readonly gone: readonly string[];
  readonly added: readonly string[];
  /** Names that stand more than once. */
  readonly repeated: readonly string[];
}

/** Matches the names of a header with columns, in any order and in upper or lower case. */
export function compareHeader(columns: readonly Column[], names: readonly string[]): HeaderChange {
  const found = names.map((name) => findColumn(columns, name));
  const gone = columns.filter((column) => !found.includes(column));
  const added = names.filter((_, index) => found[index] === undefined);
  const renamed: (readonly [string, string])[] = [];
  let previous: Column | undefined;
  for (const [index, name] of names.entries()) {
    // A new name where a column is missing is that column under another name.
    const next = columns[previous === undefined ? 0 : columns.indexOf(previous) + 1];
    const isRenamed = found[index] === undefined && next !== undefined && gone.includes(next);
    if (isRenamed) renamed.push([next.fecName, name]);
    previous = found[index] ?? (isRenamed ? next : previous);
  }
  return {
    renamed,
    gone: gone
      .map(({ fecName }) => fecName)
      .filter((name) => !renamed.some(([from]) => from === name)),
    added: added.filter((name) => !renamed.some(([, to]) => to === name)),
    repeated: [...new Set(names.filter((name, index) => names.indexOf(name) !== index))],
  };
}

/** Returns the column that a header means by a name. */
export function findColumn(columns: readonly Column[], name: string): Column | undefined {
  const folded = name.toLowerCase();
  return columns.find((column) => column.name === folded || column.alias?.toLowerCase() === folded);
}

/**
 * Checks the header of a file. New columns may be left out where the user accepts that; a column that is
 * gone or is called otherwise may not, as its figures would be blank.
 * @throws {GuardError} that names what changed, and what to do.
 * @throws {ArchiveError} when the first line is no header of this dataset at all.
 */
export function checkHeader(
  file: string,
  dataset: Dataset,
  names: readonly string[],
  accept: boolean,
): void {
  const change = compareHeader(dataset.columns, names);
  const { renamed, gone, added, repeated } = change;
  const known = dataset.columns.length - renamed.length - gone.length;
  if (known * 2 < dataset.columns.length) {
    const start = names.join(',').slice(0, 60);
    throw new ArchiveError(
      file,
      `does not begin with the header of ${dataset.name}: its first line is \`${start}…\``,
      { hint: `check that this is the FEC's file and has its first line; ${dataset.sourceUrl}` },
    );
  }
  const isSame = renamed.length + gone.length + repeated.length === 0;
  if (isSame && (added.length === 0 || accept)) return;
  throw new GuardError(`the header changed: ${describe(change)}`, {
    where: file,
    exitCode: 1,
    hint: isSame
      ? `Bronze is as it was; the columns that FundLens knows are loaded with \`--accept\`, without the new ones; a newer FundLens may know them too: ${dataset.sourceUrl}`
      : `Bronze is as it was, and \`--accept\` does not help: figures would be missing; see whether a newer FundLens knows the new header, else report it with ${dataset.sourceUrl}`,
  });
}

function describe({ renamed, gone, added, repeated }: HeaderChange): string {
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  return [
    ...renamed.map(([from, to]) => `\`${from}\` is now called \`${to}\``),
    ...(gone.length === 0 ? [] : [`gone: ${list(gone)}`]),
    ...(added.length === 0 ? [] : [`new: ${list(added)}`]),
    ...(repeated.length === 0 ? [] : [`more than once: ${list(repeated)}`]),
  ].join('; ');
}
