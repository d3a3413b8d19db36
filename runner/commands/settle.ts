// Before a command runs: its flags decided, and the reporter as they ask for it.

import { resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import type { Reporter } from '../../core/reporter.ts';
import { readEnv } from '../../core/settings.ts';
import { parseYaml } from '../../core/yaml.ts';
import { readOptionalText } from '../project/read-files.ts';
import { resolveFlags } from './flags.ts';

/** A command's context and flags, decided. */
export interface Settled {
  readonly context: ProgramContext;
  readonly given: Readonly<Record<string, unknown>>;
}

/** Decides the flags of a command line. */
export function settle(context: ProgramContext, given: Readonly<Record<string, unknown>>): Settled {
  const first = resolveFlags({ given, env: context.env, project: {} });
  const folder = first['projectDir'];
  const projectDir = resolve(typeof folder === 'string' ? folder : '.');
  const env = readEnv(projectDir, context.env);
  const decided = resolveFlags({ given, env, project: projectFlags(projectDir) });
  const reporter = reporterFor(context.reporter, decided);
  return { context: { ...context, reporter }, given: decided };
}

/** `flags:` as written; what is wrong with the file is told when it is read whole. */
function projectFlags(projectDir: string): Readonly<Record<string, unknown>> {
  try {
    const text = readOptionalText(projectDir, 'dbt_project.yml');
    const { value } = parseYaml({ path: 'dbt_project.yml', text: text ?? '' });
    const found: unknown = Reflect.get(Object(value), 'flags');
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? { ...found } : {};
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}

function reporterFor(reporter: Reporter, decided: Readonly<Record<string, unknown>>): Reporter {
  const isQuiet = decided['quiet'] === true;
  const isStrict = decided['warnError'] === true;
  if (!isQuiet && !isStrict) return reporter;
  return {
    ...reporter,
    info: (message, facts) => {
      if (!isQuiet) reporter.info(message, facts);
    },
    warn: (message, facts) => {
      if (isStrict) {
        throw new UserError(message, {
          where: '--warn-error',
          hint: 'mend what the warning says, or run without --warn-error',
        });
      }
      // As in dbt, --quiet leaves errors and what was asked for.
      if (!isQuiet) reporter.warn(message, facts);
    },
  };
}
