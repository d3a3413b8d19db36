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
  /** What went wrong in a run that goes on to its end, on stderr. */
  error(message: string, facts?: Facts): void;
  /** An error in its three parts (where, what, hint), on stderr; a bug with its stack. */
  fault(error: unknown): void;
  /** What the user asked for, on stdout, untouched but for secrets. */
  result(text: string): void;
  /** Rows of the database on stdout, verbatim: a password such as `2020` must not alter a number. */
  data(text: string): void;
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
    // The longest first, so that no secret leaves the rest of one that it is part of.
    for (const secret of [...secrets].sort((a, b) => b.length - a.length))
      clean = clean.replaceAll(secret, '*****');
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
    const head = { level, ts: new Date().toISOString(), program, msg: message };
    // Scrubbed before it is JSON: a secret may hold quotes, and what replaces it must break no line.
    const line = JSON.stringify({ ...head, ...facts, ...head }, (_key, value: unknown) =>
      typeof value === 'string' ? scrub(value) : typeof value === 'bigint' ? `${value}` : value,
    );
    sinks.err.write(`${line}\n`);
  };
  return {
    format,
    info: (message, facts) => log('info', message, facts),
    warn: (message, facts) => log('warn', message, facts),
    error: (message, facts) => log('error', message, facts),
    fault: (error) => {
      if (format === 'text') sinks.err.write(`${scrub(faultText(error, colour))}\n`);
      else for (const fault of flatten(error)) log('error', sentence(fault), faultFacts(fault));
    },
    result: (text) => {
      sinks.out.write(`${scrub(text)}\n`);
    },
    data: (text) => {
      sinks.out.write(`${text}\n`);
    },
    addSecret: (secret) => {
      // A password of a few letters would black out ordinary words.
      if (secret.length < 4) return;
      for (const form of writtenForms(secret)) secrets.add(form);
    },
    scrub,
  };
}

/** The ways in which URLs and JSON write the same secret. */
function writtenForms(secret: string): string[] {
  // encodeURIComponent refuses half of a surrogate pair; as UTF-8 there is none.
  const whole = Buffer.from(secret).toString();
  const encoded = encodeURIComponent(whole);
  const lowerHex = encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const url = new URL('postgresql://host');
  url.password = whole;
  const forms = [secret, encoded, lowerHex, url.password, JSON.stringify(secret).slice(1, -1)];
  return forms.filter((form) => form !== '');
}

type Colour = (style: Parameters<typeof styleText>[0], text: string) => string;

function flatten(error: unknown): unknown[] {
  return error instanceof UserErrors ? error.faults.flatMap(flatten) : [error];
}

function faultText(error: unknown, colour: Colour): string {
  if (error instanceof UserErrors) {
    return error.faults.map((fault) => faultText(fault, colour)).join('\n');
  }
  if (!(error instanceof UserError)) return sentence(error);
  const where = error.where === undefined ? '' : `${colour('bold', formatPlace(error.where))}: `;
  const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint.replaceAll('\n', '\n  ')}`;
  return `${colour('red', 'error')}: ${where}${error.message}${hint}`;
}

function sentence(error: unknown): string {
  if (error instanceof Interrupted) return 'interrupted; what was published stays';
  if (error instanceof UserError) return error.message;
  return `this is a bug in FundLens, please report it with the lines below\n${stackOf(error)}`;
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  if (error.cause === undefined || depth > 5) return stack;
  return `${stack}\ncaused by: ${stackOf(error.cause, depth + 1)}`;
}

function faultFacts(error: unknown): Facts {
  if (!(error instanceof UserError)) return {};
  return {
    where: error.where === undefined ? undefined : formatPlace(error.where),
    hint: error.hint,
  };
}
