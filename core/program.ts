// What both command lines do around a command: Ctrl-C, errors, exit code.

import type { Argv } from 'yargs';
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
  const interrupt = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      // With the handlers gone it takes its default action.
      removeHandlers();
      process.kill(process.pid, signal);
      return;
    }
    controller.abort(new Interrupted());
    reporter.info('stopping: running statements are cancelled (Ctrl-C again ends at once)');
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
    });
  }
}

/** Runs a command under `runProgram`; its exit code becomes the program's. */
export type RunCommand = (command: (context: ProgramContext) => Promise<ExitCode>) => Promise<void>;

/**
 * Parses a command line with yargs and runs the command it names. Usage errors print one sentence and
 * what to try, and exit with 2.
 */
export async function parseCommandLine(
  program: string,
  words: readonly string[],
  declare: (cli: Argv, run: RunCommand) => Argv,
): Promise<ExitCode> {
  const [{ default: yargs }, { readVersion }] = await Promise.all([
    import('yargs'),
    import('./version.ts'),
  ]);
  let exitCode: ExitCode = 0;
  const cli = yargs([...words])
    .scriptName(program)
    .option('log-format', {
      choices: ['text', 'json'] as const,
      default: logFormatOf(process.env),
      describe: 'how messages on stderr are written',
    })
    .strict()
    .demandCommand(1, 'name a command')
    .recommendCommands()
    .version(readVersion())
    .help()
    .alias('help', 'h')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      // yargs' own errors are words on the command line too; any other comes from our code.
      if (error && error.name !== 'YError') throw error;
      const said = message ?? error?.message ?? 'the command line is wrong';
      throw new UserError(usageSentence(said), { hint: `see \`${program} --help\`` });
    });
  const run: RunCommand = async (command) => {
    exitCode = await runProgram(program, formatAfterFlag(words), command);
  };
  try {
    await declare(cli, run).parseAsync();
    return exitCode;
  } catch (error) {
    createReporter(program, formatAfterFlag(words), {
      out: process.stdout,
      err: process.stderr,
    }).fault(error);
    return error instanceof UserError ? error.exitCode : 1;
  }
}

function formatAfterFlag(words: readonly string[]): LogFormat {
  const index = words.indexOf('--log-format');
  if (index >= 0) return words[index + 1] === 'json' ? 'json' : 'text';
  return words.includes('--log-format=json') ? 'json' : logFormatOf(process.env);
}

function logFormatOf(env: NodeJS.ProcessEnv): LogFormat {
  return (env['RUNNER_LOG_FORMAT'] ?? env['DBT_LOG_FORMAT']) === 'json' ? 'json' : 'text';
}

/** yargs ends some messages with lines of its own; the first sentence says what is wrong. */
function usageSentence(message: string): string {
  const sentence = message.split('\n').filter(Boolean).join(' ');
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
