// The watchdog's process: started detached by whoever joins, it owns the server and outlives its users.
// Arguments: project folder, and `adopt` where it may only take over a server that runs already.

import { spawn } from 'node:child_process';
import { clusterTitle } from './cluster.ts';
import { findPlaces, type Places } from './places.ts';
import { listServerProcesses } from './processes.ts';
import { readClusterRecord } from './state.ts';
import { readWatchSettings, watch } from './watch.ts';

const [projectDir = '', mode = 'start'] = process.argv.slice(2);
const controller = new AbortController();
process.on('SIGTERM', () => controller.abort());
// Meant for the program in the terminal, not for the server that others may use.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);

try {
  const places = await findPlaces(projectDir, process.env);
  if (mode !== 'adopt' || (await isServerRunning(places))) {
    await watch(places, {
      ...readWatchSettings(process.env),
      signal: controller.signal,
      startSuccessor,
    });
  }
} catch (error) {
  // Stands in watchdog.log; the joiner reads the reason from the state file.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
  process.exitCode = 1;
}

async function isServerRunning(places: Places): Promise<boolean> {
  const record = await readClusterRecord(places);
  if (record === undefined) return false;
  return listServerProcesses(record.dataDir, clusterTitle(places)).length > 0;
}

/**
 * Starts a shell that waits for this process to be killed and then becomes another watchdog: with
 * every Node process killed at once, someone must still stop the server. Returns how to end it.
 */
function startSuccessor(): () => void {
  const script = 'while kill -0 "$0" 2>/dev/null; do sleep 3; done; exec "$@"';
  const entry = process.argv[1] ?? '';
  const successor = [process.execPath, ...process.execArgv, entry, projectDir, 'adopt'];
  const shell = spawn('/bin/sh', ['-c', script, String(process.pid), ...successor], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // Without a shell the server still has its watchdog, and that one its users.
  shell.on('error', () => undefined);
  shell.unref();
  return () => {
    // The group, for the `sleep` in it.
    if (shell.pid !== undefined && shell.exitCode === null) process.kill(-shell.pid, 'SIGKILL');
  };
}
