// Faults as the user reads them, for tests to compare.

import { formatPlace, UserError, UserErrors } from '../../core/errors.ts';

/** Runs code that must fail for a user's fault and returns each fault as `place: message (hint)`. */
export function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    return listFaults(error);
  }
  throw new Error('nothing failed');
}

/** The same for a promise. */
export async function faultsOfAsync(run: () => Promise<unknown>): Promise<string[]> {
  try {
    await run();
  } catch (error) {
    return listFaults(error);
  }
  throw new Error('nothing failed');
}

function listFaults(error: unknown): string[] {
  if (error instanceof UserErrors) return error.faults.map(faultLine);
  if (error instanceof UserError) return [faultLine(error)];
  throw error;
}

function faultLine(fault: UserError): string {
  const where = fault.where === undefined ? '' : `${formatPlace(fault.where)}: `;
  return `${where}${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`;
}
