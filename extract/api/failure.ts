// Why a call of the API failed, what may be tried again, and how a person is told.

import { UserError } from '../../core/errors.ts';
import { isLastingCode, isTransientStatus } from '../http/transience.ts';

/** Why a call failed. */
export type ApiFailure =
  | { readonly kind: 'network'; readonly reason: string; readonly code: string | undefined }
  /** No whole answer in time. */
  | { readonly kind: 'late'; readonly afterMs: number }
  /** Status 200, and no page. */
  | { readonly kind: 'answer'; readonly reason: string }
  | {
      readonly kind: 'status';
      readonly status: number;
      /** What the answer says, cut short. */
      readonly said: string;
      readonly retryAfterMs: number | undefined;
    };

/** Raised when the API does not answer a call; what was committed stays. */
export class ApiError extends UserError {
  override readonly name = 'ApiError';
  readonly failure: ApiFailure;

  constructor(url: string, failure: ApiFailure) {
    super(describe(failure), { where: url, exitCode: 1, hint: hintFor(failure) });
    this.failure = failure;
  }
}

/** Raised when the quota of the key, or the number of calls that the user allows, is spent. */
export class BudgetSpent extends UserError {
  override readonly name = 'BudgetSpent';
}

/** Tells whether another try may succeed. */
export function isTransientApiFailure(failure: ApiFailure): boolean {
  switch (failure.kind) {
    case 'network':
      return !isLastingCode(failure.code);
    case 'late':
    case 'answer':
      return true;
    case 'status':
      return isTransientStatus(failure.status) || isMaskedFault(failure);
    default:
      return unknownFailure(failure);
  }
}

/** Tells whether the API's own query took too long: a narrower one may not. */
export function isQueryTimeout(failure: ApiFailure): boolean {
  return failure.kind === 'status' && failure.status === 504;
}

/** Tells whether no other request can succeed either: the key is refused. */
export function isRefusedKey(failure: ApiFailure): boolean {
  return failure.kind === 'status' && [401, 403].includes(failure.status);
}

/** The API answers 404 with this text where its own program failed. */
function isMaskedFault(failure: ApiFailure & { readonly kind: 'status' }): boolean {
  return failure.status === 404 && /could not process the request/i.test(failure.said);
}

/** Says in a sentence why a call failed. */
export function describe(failure: ApiFailure): string {
  switch (failure.kind) {
    case 'network':
      return `the connection failed: ${failure.reason}`;
    case 'late':
      return `no whole answer came in ${Math.round(failure.afterMs / 100) / 10} s`;
    case 'answer':
      return `the answer is no page of the API: ${failure.reason}`;
    case 'status': {
      const said = failure.said === '' ? '' : `: ${failure.said}`;
      return `the API answers HTTP \`${failure.status}\`${said}`;
    }
    default:
      return unknownFailure(failure);
  }
}

function hintFor(failure: ApiFailure): string {
  if (failure.kind === 'network' && isLastingCode(failure.code)) {
    return 'check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the address in FEC_API_URL';
  }
  if (failure.kind === 'status' && isRefusedKey(failure)) {
    return 'check the key in FEC_API_KEY; a new one is had at https://api.data.gov/signup/';
  }
  if (failure.kind === 'status' && [400, 422].includes(failure.status)) {
    return 'change what was asked for (--cycle, --state, --committee, --since), or report it: the API may have changed';
  }
  return isTransientApiFailure(failure)
    ? 'what was read is stored; `extract retry` goes on at the next page'
    : 'check the address in FEC_API_URL, and the cycle';
}

function unknownFailure(failure: never): never {
  throw new Error(`unknown failure ${JSON.stringify(failure)}`);
}
