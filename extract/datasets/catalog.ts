// All datasets, and what follows from a dataset and a cycle.

import { nearestName, throwFaults, UserError } from '../../core/errors.ts';
import { candidateSummary } from './candidate-summary.ts';
import { ccl } from './ccl.ts';
import { cm } from './cm.ts';
import { cn } from './cn.ts';
import { committeeSummary } from './committee-summary.ts';
import { communicationCosts } from './communication-costs.ts';
import { electioneering } from './electioneering.ts';
import { independentExpenditure } from './independent-expenditure.ts';
import { indiv } from './indiv.ts';
import { oppexp } from './oppexp.ts';
import { oth } from './oth.ts';
import { pas2 } from './pas2.ts';
import type { Dataset } from './types.ts';
import { weball } from './weball.ts';
import { webk } from './webk.ts';
import { webl } from './webl.ts';

/** Every dataset, in the order of loading: masters first, they are small and show a fault soonest. */
export const datasets: readonly Dataset[] = [
  cm,
  cn,
  ccl,
  weball,
  webl,
  webk,
  candidateSummary,
  committeeSummary,
  independentExpenditure,
  electioneering,
  communicationCosts,
  indiv,
  oth,
  pas2,
  oppexp,
];

/** Returns the name of the FEC's file for a cycle: `indiv20.zip`, `candidate_summary_2020.csv`. */
export function fileName(dataset: Dataset, cycle: number): string {
  return withYear(dataset.file, cycle);
}

/** Returns the name of the file that the zip of a cycle must hold; that of the file itself where it is no zip. */
export function memberName(dataset: Dataset, cycle: number): string {
  return withYear(dataset.member ?? dataset.file, cycle);
}

/**
 * Returns the datasets of these names in the order of loading; all of them when no name is given.
 * @throws {UserError} naming the nearest dataset for each name that is unknown.
 */
export function findDatasets(names: readonly string[]): readonly Dataset[] {
  const known = datasets.map((dataset) => dataset.name);
  throwFaults(
    names
      .filter((name) => !known.includes(name))
      .map((name) => {
        const nearest = nearestName(name, known);
        return new UserError(`there is no dataset \`${name}\``, {
          where: '--dataset',
          hint: nearest ? `did you mean \`${nearest}\`?` : `choose from ${known.join(', ')}`,
        });
      }),
  );
  return names.length === 0 ? datasets : datasets.filter(({ name }) => names.includes(name));
}

/**
 * Checks that a number is a cycle of the FEC: an even year, first 1980. Two digits name a cycle in
 * the FEC's files, so the last one is 2078.
 * @throws {UserError} with the cycle that was probably meant.
 */
export function checkCycle(cycle: number): void {
  const isYear = Number.isInteger(cycle) && cycle >= 1979 && cycle <= 2078;
  if (isYear && cycle % 2 === 0) return;
  throw new UserError(`\`${cycle}\` is not a cycle`, {
    where: '--cycle',
    hint: isYear
      ? `a cycle is named by its even year: use \`--cycle ${cycle + 1}\``
      : 'give the even year that ends the cycle, from 1980 on, such as `--cycle 2020`',
  });
}

function withYear(pattern: string, cycle: number): string {
  return pattern
    .replace('{yyyy}', String(cycle))
    .replace('{yy}', String(cycle % 100).padStart(2, '0'));
}
