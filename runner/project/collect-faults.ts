// Faults gathered, so that those of all files are shown together.

import { type Place, UserError, UserErrors } from '../../core/errors.ts';

/** Runs one parse and keeps its faults; a list of nothing where there are any. */
export function collect<T>(faults: UserError[], parse: () => T): T[] {
  try {
    return [parse()];
  } catch (error) {
    if (error instanceof UserErrors) faults.push(...error.faults);
    else if (error instanceof UserError) faults.push(error);
    else throw error;
    return [];
  }
}

/**
 * Faults in the order of their places. Where a template could not be rendered, or a value not be
 * read, a second fault of the same place only follows from the first and is left out.
 */
export function orderedFaults(faults: readonly UserError[]): UserError[] {
  const keyed = faults.map((fault) => ({ fault, key: keyOf(fault.where) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const unread = new Set<string>();
  return keyed.flatMap(({ fault, key }) => {
    const follows = unread.has(key);
    if (fault.cause !== undefined) unread.add(key);
    return follows ? [] : [fault];
  });
}

function keyOf(where: Place | string | undefined): string {
  if (where === undefined || typeof where === 'string') return where ?? '';
  const number = (value: number | undefined) => String(value ?? 0).padStart(8, '0');
  return `${where.path}:${number(where.line)}:${number(where.column)}`;
}
