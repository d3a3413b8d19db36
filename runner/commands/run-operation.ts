// run-operation: a macro of the project, called by hand.

import { openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import { AnswerJournal } from '../compile/compile-hook.ts';
import { type OperationCall, readyOperation } from '../compile/macro-calls.ts';
import { executeOperation } from '../execute/run-operation.ts';
import { loadProject, parseMap } from './load-project.ts';
import type { CommonOptions } from './types.ts';
import { writeManifest, writeRunResults } from './write-artifacts.ts';

/** Options of run-operation; one of `macro` and `sql` is given. */
export interface OperationOptions extends CommonOptions {
  /** `name` or `package.name`. */
  readonly macro: string | undefined;
  /** YAML of the macro's arguments by name. */
  readonly argsText: string | undefined;
  readonly sql: string | undefined;
}

/**
 * Calls a macro in one transaction; what it prints goes to stdout, what it logs to stderr.
 * @throws {UserError} where there is no such macro
 */
export async function runOperation(
  context: ProgramContext,
  options: OperationOptions,
): Promise<ExitCode> {
  const { reporter, signal } = context;
  const call = callOf(options);
  const project = await loadProject(context, options, { WHICH: 'run-operation' });
  const operation = readyOperation(project.resolver, call, {
    onLog: (message) => reporter.info(message),
    onPrint: (message) => reporter.result(message),
  });
  return withTarget<ExitCode>(project.request, async (target) => {
    const database = openDatabase(target.connection, {
      applicationName: 'fundlens:runner:run-operation',
      maxClients: 1,
      signal,
    });
    try {
      const journal = new AnswerJournal();
      const result = await executeOperation(operation, { database, journal, signal });
      await writeManifest(project, options);
      await writeRunResults(project, options, result);
      if (result.interrupted) return 130;
      const error = result.outcomes[0]?.error;
      if (error !== undefined) {
        reporter.fault(error);
        return 1;
      }
      reporter.info(`${operation.label}: OK in ${(result.elapsedMs / 1000).toFixed(2)}s`);
      return 0;
    } finally {
      await database.close();
    }
  });
}

function callOf({ macro, argsText, sql }: OperationOptions): OperationCall {
  if ((macro === undefined) === (sql === undefined)) {
    throw new UserError('run-operation takes a macro, or --sql', {
      where: 'run-operation',
      hint: "runner run-operation grant_all --args '{role: reader}'",
    });
  }
  if (sql === undefined) {
    return { kind: 'macro', name: macro ?? '', args: parseMap('--args', argsText) };
  }
  if (argsText !== undefined) {
    throw new UserError('--args goes with a macro, and --sql has none', { where: '--args' });
  }
  return { kind: 'sql', sql };
}
