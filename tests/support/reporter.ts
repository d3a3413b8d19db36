// A reporter whose lines a test can read.

import { createReporter, type LogFormat, type Reporter } from '../../core/reporter.ts';

/** What a reporter printed so far. */
export interface Recorded {
  readonly reporter: Reporter;
  out(): string;
  err(): string;
}

/** Creates a reporter of program `runner` that prints into memory. */
export function recordReporter(format: LogFormat = 'text'): Recorded {
  const out: string[] = [];
  const err: string[] = [];
  const reporter = createReporter('runner', format, {
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
  });
  return { reporter, out: () => out.join(''), err: () => err.join('') };
}
