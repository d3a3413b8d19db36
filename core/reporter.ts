// The one place that prints: results on stdout, everything else on stderr, secrets nowhere.

import { styleText } from 'node:util';
import { formatPlace, Interrupted, UserError, UserErrors } from './errors.ts';

/** How messages are written: for people, or one JSON object a line for machines. */
export type LogFormat = 'text' | 'json';

/** Facts that go with a message in JSON. */
export type Facts = Readonly<Record<string, unknown>>;

/** Prints for one program run. */
export interface Reporter {
  readonly format: LogFormat;
  /** Progress and notices, on stderr. */
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  /** An error in its three parts (where, what, hint), on stderr; a bug with its stack. */
  fault(error: unknown): void;
  /** What the user asked for, on stdout, untouched but for secrets. */
  result(text: string): void;
  /** Hides a value wherever it would be printed from now on. */
  addSecret(secret: string): void;
  /** Returns text with every secret replaced, for artifacts and tables. */
  scrub(text: string): string;
}

/** Where a reporter writes; tests give their own. */
export interface Sinks {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Creates the reporter of one program run. */
export function createReporter(program: string, format: LogFormat, sinks: Sinks): Reporter {
  const secrets = new Set<string>();
  const scrub = (text: string): string => {
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret, '*****');
    return clean;
  };
  const colour = (style: Parameters<typeof styleText>[0], text: string): string =>
    sinks.err.isTTY && format === 'text' && !process.env['NO_COLOR']
      ? styleText(style, text)
      : text;
  const log = (level: 'info' | 'warn' | 'error', message: string, facts: Facts = {}): void => {
    if (format === 'text') {
      sinks.err.write(
        `${scrub(level === 'warn' ? colour('yellow', `warning: ${message}`) : message)}\n`,
      );
      return;
    }
    const line = { level, ts: new Date().toISOString(), program, msg: message, ...facts };
    sinks.err.write(`${scrub(JSON.stringify(line))}\n`);
  };
  return {
    format,
    info: (message, facts) => log('info', message, facts),
    warn: (message, facts) => log('warn', message, facts),
    fault: (error) => {
      if (format === 'json')
        log(
          'error',
          faultText(error, (_style, text) => text),
          faultFacts(error),
        );
      else sinks.err.write(`${scrub(faultText(error, colour))}\n`);
    },
    result: (text) => {
      sinks.out.write(`${scrub(text)}\n`);
    },
    addSecret: (secret) => {
      // A password of a few letters would black out ordinary words.
      if (secret.length < 4) return;
      secrets.add(secret);
      secrets.add(encodeURIComponent(secret));
    },
    scrub,
  };
}

type Colour = (style: Parameters<typeof styleText>[0], text: string) => string;

function faultText(error: unknown, colour: Colour): string {
  if (error instanceof UserErrors) {
    return error.faults.map((fault) => faultText(fault, colour)).join('\n');
  }
  if (error instanceof Interrupted) return 'interrupted; what was published stays';
  if (error instanceof UserError) {
    const where = error.where === undefined ? '' : `${colour('bold', formatPlace(error.where))}: `;
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint.replaceAll('\n', '\n  ')}`;
    return `${colour('red', 'error')}: ${where}${error.message}${hint}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug in FundLens, please report it with the lines below\n${stack}`;
}

function faultFacts(error: unknown): Facts {
  if (!(error instanceof UserError)) return {};
  return {
    where: error.where === undefined ? undefined : formatPlace(error.where),
    hint: error.hint,
  };
}
