// All datasets of the API, and what part of one can be asked for.

import { nearestName, throwFaults, UserError } from '../../core/errors.ts';
import { apiCandidateTotals } from './api-candidate-totals.ts';
import { apiCandidates } from './api-candidates.ts';
import { apiCommitteeTotals } from './api-committee-totals.ts';
import { apiCommittees } from './api-committees.ts';
import { apiFilings } from './api-filings.ts';
import { apiScheduleA } from './api-schedule-a.ts';
import { apiScheduleB } from './api-schedule-b.ts';
import { apiScheduleE } from './api-schedule-e.ts';
import type { ApiDataset } from './api-types.ts';

/** Every dataset of the API, in the order of loading: filings before the disbursements that they announce. */
export const apiDatasets: readonly ApiDataset[] = [
  apiCommittees,
  apiCandidates,
  apiCandidateTotals,
  apiCommitteeTotals,
  apiFilings,
  apiScheduleA,
  apiScheduleB,
  apiScheduleE,
];

/** The states that `--all-states` stands for: fifty and the District of Columbia. */
export const states: readonly string[] = (
  'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO ' +
  'MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY'
).split(' ');

/** Which rows of a dataset and cycle: the whole country, a state, or one committee. */
export type Scope =
  | { readonly kind: 'national' }
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'committee'; readonly committee: string };

/** Returns a scope as the ledger writes it: `national`, `state:MD`, `committee:C00401224`. */
export function scopeName(scope: Scope): string {
  switch (scope.kind) {
    case 'national':
      return 'national';
    case 'state':
      return `state:${scope.state}`;
    case 'committee':
      return `committee:${scope.committee}`;
    default:
      throw new Error(`unknown scope ${JSON.stringify(scope satisfies never)}`);
  }
}

/** Reads a scope back from the ledger; undefined for what none of ours is. */
export function parseScope(name: string): Scope | undefined {
  if (name === 'national') return { kind: 'national' };
  const [kind, value] = name.split(':');
  if (kind === 'state' && value) return { kind: 'state', state: value };
  if (kind === 'committee' && value) return { kind: 'committee', committee: value };
  return undefined;
}

/** Returns how a dataset is asked for a scope: the filter and its value; none for the whole country. */
export function scopeFilter(
  dataset: ApiDataset,
  scope: Scope,
): { readonly param: string; readonly column: string; readonly value: string } | undefined {
  if (scope.kind === 'state' && dataset.state) return { ...dataset.state, value: scope.state };
  if (scope.kind === 'committee' && dataset.committee) {
    return { ...dataset.committee, value: scope.committee };
  }
  return undefined;
}

/**
 * Returns the datasets of these names in the order of loading; all of them when no name is given.
 * @throws {UserError} naming the nearest dataset for each name that is unknown.
 */
export function findApiDatasets(names: readonly string[]): readonly ApiDataset[] {
  const known = apiDatasets.map(({ name }) => name);
  throwFaults(
    names
      .filter((name) => !known.includes(name))
      .map((name) => {
        const nearest = nearestName(name, known);
        return new UserError(`the API has no dataset \`${name}\``, {
          where: '--dataset',
          hint: nearest ? `did you mean \`${nearest}\`?` : `choose from ${known.join(', ')}`,
        });
      }),
  );
  return names.length === 0 ? apiDatasets : apiDatasets.filter(({ name }) => names.includes(name));
}

/**
 * Parses `--state`, `--all-states` and `--committee` into scopes; the whole country where none is given.
 * @throws {UserError} for what is no state or no committee.
 */
export function parseScopes(given: {
  readonly states: readonly string[];
  readonly allStates: boolean;
  readonly committees: readonly string[];
}): readonly Scope[] {
  const named = given.states.map((state) => state.toUpperCase());
  const committees = given.committees.map((id) => id.toUpperCase());
  throwFaults([
    ...named
      .filter((state) => !states.includes(state))
      .map(
        (state) =>
          new UserError(`\`${state}\` is not a state`, {
            where: '--state',
            hint: 'give two letters, such as `--state MD`; `--all-states` stands for the fifty and DC',
          }),
      ),
    ...committees
      .filter((id) => !/^C\d{8}$/.test(id))
      .map(
        (id) =>
          new UserError(`\`${id}\` is not a committee`, {
            where: '--committee',
            hint: 'give C and eight digits, such as `--committee C00401224`',
          }),
      ),
  ]);
  const chosen = given.allStates ? states : [...new Set(named)];
  const scopes: readonly Scope[] = [
    ...chosen.map((state) => ({ kind: 'state' as const, state })),
    ...[...new Set(committees)].map((committee) => ({ kind: 'committee' as const, committee })),
  ];
  return scopes.length === 0 ? [{ kind: 'national' }] : scopes;
}
