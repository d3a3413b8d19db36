// init: a folder with a project that builds on the embedded database.

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { starterFiles } from '../project/starter.ts';

/** Options of init. */
export interface InitOptions {
  /** `my_project` where absent. */
  readonly name: string | undefined;
  /** Where the new folder is made; the current folder where absent. */
  readonly parentDir: string | undefined;
}

/**
 * Makes a project in a new folder.
 * @throws {UserError} for a name that no project can have, or a folder that is there.
 */
export async function init(context: ProgramContext, options: InitOptions): Promise<ExitCode> {
  const name = options.name ?? 'my_project';
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) {
    throw new UserError(`\`${name}\` is no name for a project`, {
      where: 'init',
      hint: 'use lower-case letters, digits and `_`: runner init my_project',
    });
  }
  const folder = resolve(options.parentDir ?? '.', name);
  const shown = relative(process.cwd(), folder) || '.';
  if (existsSync(folder)) {
    throw new UserError(`there is a \`${shown}\` already`, {
      where: 'init',
      hint: 'choose another name, or remove it',
    });
  }
  for (const [path, text] of Object.entries(starterFiles(name))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  context.reporter.info(`made ${shown}; go on with`);
  context.reporter.result(`cd ${shown}\nrunner build`);
  return 0;
}
