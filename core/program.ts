// What both command lines do around a command: Ctrl-C, errors, exit code.

import { Interrupted, UserError } from './errors.ts';
import { createReporter, type LogFormat, type Reporter } from './reporter.ts';

/** What a command is given by its program. */
export interface ProgramContext {
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: Reporter;
  /** Aborts at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  readonly signal: AbortSignal;
}

/** 0 all good, 1 something failed while running, 2 nothing was run, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;

/** Runs one command and returns the exit code; every error is printed here and nowhere else. */
export async function runProgram(
  program: string,
  format: LogFormat,
  command: (context: ProgramContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const reporter = createReporter(program, format, { out: process.stdout, err: process.stderr });
  const controller = new AbortController();
  const interrupt = (): void => {
    controller.abort(new Interrupted());
    reporter.info('stopping: running statements are cancelled (Ctrl-C again ends at once)');
    // With the handlers gone the next signal takes its default action.
    removeHandlers();
  };
  const removeHandlers = (): void => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const code = await command({ env: process.env, reporter, signal: controller.signal });
    return controller.signal.aborted ? 130 : code;
  } catch (error) {
    if (controller.signal.aborted) {
      reporter.fault(new Interrupted());
      return 130;
    }
    reporter.fault(error);
    return error instanceof UserError ? error.exitCode : 1;
  } finally {
    removeHandlers();
  }
}

/**
 * Ends quietly when the reader of our output has gone (`runner show … | head`), as other programs do.
 * Called once, at the start of a command line.
 */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exitCode = process.exitCode ?? 0;
    });
  }
}
