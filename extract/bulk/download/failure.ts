// Why a request failed, what may be tried again, and how a person is told.

import { UserError } from '../../../core/errors.ts';
import { bareUrl } from '../../http/address.ts';
import { isLastingCode, isTransientStatus } from '../../http/transience.ts';

/** Why one try to fetch a file failed. */
export type Failure =
  | { readonly kind: 'network'; readonly reason: string; readonly code: string | undefined }
  | { readonly kind: 'stalled'; readonly afterMs: number }
  | { readonly kind: 'cut'; readonly received: number; readonly expected: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
    }
  /** An answer that HTTP does not allow here, such as another range than the one asked for. */
  | { readonly kind: 'answer'; readonly reason: string }
  /** The bytes came whole and are not the file. */
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'redirect'; readonly reason: string };

/** Raised when a file cannot be fetched; what was received stays for the next run where it is of use. */
export class DownloadError extends UserError {
  override readonly name = 'DownloadError';
  /** Without credentials and query. */
  readonly url: string;
  readonly failure: Failure;

  constructor(url: string, failure: Failure, cause?: unknown) {
    super(describe(failure), {
      where: bareUrl(url),
      exitCode: 1,
      hint: hintFor(failure),
      cause: cause instanceof UserError ? cause : undefined,
    });
    this.url = bareUrl(url);
    this.failure = failure;
  }
}

/** Tells whether another try may succeed: the one place that decides it for downloads. */
export function isTransientFailure(failure: Failure): boolean {
  switch (failure.kind) {
    case 'network':
      return !isLastingCode(failure.code);
    case 'status':
      return failure.status === 416 || isTransientStatus(failure.status);
    case 'stalled':
    case 'cut':
    case 'answer':
    case 'damaged':
      return true;
    case 'redirect':
      return false;
    default:
      return unknownFailure(failure);
  }
}

/** Says in a sentence why a try failed. */
export function describe(failure: Failure): string {
  switch (failure.kind) {
    case 'network':
      return `the connection failed: ${failure.reason}`;
    case 'stalled':
      return `the server sent nothing for ${Math.round(failure.afterMs / 100) / 10} s`;
    case 'cut':
      return `the answer ended after \`${failure.received}\` of \`${failure.expected}\` bytes`;
    case 'status': {
      const { status, retryAfterMs } = failure;
      const wait =
        retryAfterMs === undefined ? '' : ` and asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
      return status === 404
        ? 'there is no such file (HTTP `404`)'
        : `the server answers HTTP \`${status}\`${wait}`;
    }
    case 'answer':
    case 'damaged':
    case 'redirect':
      return failure.reason;
    default:
      return unknownFailure(failure);
  }
}

function hintFor(failure: Failure): string {
  switch (failure.kind) {
    case 'status':
      if (failure.status === 404) {
        return 'check the cycle, or name the datasets that the FEC has with `--dataset`';
      }
      return isTransientFailure(failure)
        ? 'run the same command again later: what was received is kept'
        : 'check the address in FEC_BULK_URL, or fetch the file by hand and use `--from DIR`';
    case 'redirect':
      return 'check the address in FEC_BULK_URL, or fetch the file by hand and use `--from DIR`';
    case 'network':
      // A proxy that is not there refuses the connection in the FEC's name.
      return failure.code === 'ECONNREFUSED' || isLastingCode(failure.code)
        ? 'check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the address in FEC_BULK_URL'
        : 'run the same command again: it goes on where this one stopped';
    case 'damaged':
      return 'nothing of it is kept; run the same command again later, or fetch the file by hand and use `--from DIR`';
    case 'stalled':
    case 'cut':
    case 'answer':
      return 'run the same command again: it goes on where this one stopped';
    default:
      return unknownFailure(failure);
  }
}

function unknownFailure(failure: never): never {
  throw new Error(`unknown failure ${JSON.stringify(failure)}`);
}
