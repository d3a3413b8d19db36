// The errors a person can act on. Anything that is not a UserError is a bug.

/** A place in a file of the user's; line and column count from 1. */
export interface Place {
  /** Path as the user would type it, relative to the project where it lies inside. */
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a `UserError` carries beside its sentence. */
export interface ErrorParts {
  /** Where it happened: a place in a file, or a name such as a URL or a setting. */
  readonly where?: Place | string | undefined;
  /** The next thing to do, in the imperative. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** 2 when nothing was run (usage, project, profile, connection), 1 when something failed while running. */
  readonly exitCode?: 1 | 2;
}

/** An error that a person can act on: where, what, and what to do next. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly where: Place | string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: 1 | 2;

  constructor(message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.where = parts.where;
    this.hint = parts.hint;
    this.exitCode = parts.exitCode ?? 2;
  }
}

/** Several faults found together, each to be shown. */
export class UserErrors extends UserError {
  override readonly name = 'UserErrors';
  readonly faults: readonly UserError[];

  constructor(faults: readonly UserError[]) {
    super(faults.map((fault) => fault.message).join('\n'), {
      exitCode: faults.some((fault) => fault.exitCode === 1) ? 1 : 2,
    });
    this.faults = faults;
  }
}

/** Raised when the user interrupts a run; nothing published is lost. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** Throws the one fault as it is, or all of them as one error; does nothing for an empty list. */
export function throwFaults(faults: readonly UserError[]): void {
  if (faults.length === 0) return;
  const [only] = faults;
  throw faults.length === 1 && only ? only : new UserErrors(faults);
}

/** Formats a place as `path:line:col`, which terminals and editors open. */
export function formatPlace(where: Place | string): string {
  if (typeof where === 'string') return where;
  const parts: (string | number)[] = [where.path];
  if (where.line !== undefined) parts.push(where.line);
  if (where.line !== undefined && where.column !== undefined) parts.push(where.column);
  return parts.join(':');
}

/**
 * Returns the candidate nearest to `name` by edit distance, or undefined where none is near enough
 * to be what was meant.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters left out, put in, replaced, or two neighbours exchanged: the slips of people who type. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isExchange = j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = isExchange && i > 1 ? (beforeLast[j - 2] ?? 0) + 1 : replaced;
      current.push(Math.min((last[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, replaced, exchanged));
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
