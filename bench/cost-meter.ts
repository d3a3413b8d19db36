// What a piece of work costs by the clock and in processor time of the program, its children and the server.

import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Milliseconds. */
export interface Cost {
  readonly ms: number;
  /** Of this process, of its children and of the server's; NaN where the server is on another machine. */
  readonly cpuMs: number;
}

/** `sysconf(_SC_CLK_TCK)` of every Linux there is. */
const ticksPerSecond = 100;

/** Returns a function that runs a piece of work and says what it cost. */
export async function costMeter(url: string): Promise<(run: () => unknown) => Promise<Cost>> {
  const postmaster = await findPostmaster(url);
  return async (run) => {
    const cpuBefore = processorMs(postmaster);
    const start = performance.now();
    await run();
    const ms = performance.now() - start;
    // A backend counts once the postmaster has seen it end.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { ms, cpuMs: processorMs(postmaster) - cpuBefore };
  };
}

/** Returns the process whose children are the backends; undefined where it is not here. */
async function findPostmaster(url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return statOf(rows[0]?.pid ?? 0)?.parent;
  } finally {
    await client.end();
  }
}

function processorMs(postmaster: number | undefined): number {
  const server = postmaster === undefined ? undefined : statOf(postmaster);
  const own = statOf(process.pid);
  if (server === undefined || own === undefined) return Number.NaN;
  return server.childrenMs + own.ownMs + own.childrenMs;
}

interface Stat {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly childrenMs: number;
}

function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in brackets may hold blanks.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (index: number): number => fields[index] ?? Number.NaN;
  const ms = (ticks: number): number => (ticks * 1000) / ticksPerSecond;
  return { parent: at(1), ownMs: ms(at(11) + at(12)), childrenMs: ms(at(13) + at(14)) };
}
