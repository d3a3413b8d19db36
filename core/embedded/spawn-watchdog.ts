// Starting the watchdog so that it lives on without us, from compiled JavaScript or from sources.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Places } from './places.ts';
import { openLog } from './server-log.ts';
import { stateFiles, watchSettingNames } from './state.ts';

/** A watchdog that was started; it may find that another has the lock, and end. */
export interface StartedWatchdog {
  /** True once its process ended. */
  readonly hasEnded: boolean;
}

/** Starts a watchdog for a project. */
export async function spawnWatchdog(
  places: Places,
  env: NodeJS.ProcessEnv,
): Promise<StartedWatchdog> {
  const log = await openLog(join(places.stateDir, stateFiles.watchdogLog), places.owner);
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './watchdog.ts' : './watchdog.js', import.meta.url);
  const child = spawn(
    process.execPath,
    [...loaderArguments(isSource), fileURLToPath(entry), places.projectDir],
    {
      // Not the caller's folder, which the watchdog would keep from being unmounted or removed.
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.descriptor, log.descriptor],
      env: watchdogEnvironment(env),
    },
  );
  const started = { hasEnded: false };
  const markEnded = (): void => {
    started.hasEnded = true;
  };
  child.once('exit', markEnded);
  child.once('error', markEnded);
  child.unref();
  await log.close();
  return started;
}

/** Only what the watchdog needs: it and the server live longer than the caller's secrets should. */
function watchdogEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...watchSettingNames, 'PATH', 'HOME', 'TMPDIR', 'NODE_V8_COVERAGE'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** Node before 22.18 does not read TypeScript: sources then run as they do in development, by tsx. */
function loaderArguments(isSource: boolean): string[] {
  if (!isSource || 'typescript' in process.features) return [];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}
