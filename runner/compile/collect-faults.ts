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
