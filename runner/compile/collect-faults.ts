import { UserError, UserErrors } from '../../core/errors.ts';

/** Runs one step and keeps its faults, so that those of all nodes are shown together. */
export function collectFaults<T>(faults: UserError[], step: () => T): T[] {
  try {
    return [step()];
  } catch (error) {
    if (error instanceof UserErrors) faults.push(...error.faults);
    else if (error instanceof UserError) faults.push(error);
    else throw error;
    return [];
  }
}

/** Sorts faults by their places. */
export function inOrder(faults: readonly UserError[]): UserError[] {
  const key = (fault: UserError): string => {
    const { where } = fault;
    if (where === undefined || typeof where === 'string') return where ?? '';
    const number = (value: number | undefined) => String(value ?? 0).padStart(8, '0');
    return `${where.path}:${number(where.line)}:${number(where.column)}`;
  };
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
