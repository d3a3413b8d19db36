// What a piece of work costs by the clock and in processor time of the program, its children and the server.

import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Milliseconds. */
export interface Cost {
  readonly ms: number;
  /** Processor time of this process and its children. */
  readonly clientMs: number;
  /** Processor time of the server's processes; NaN where it is on another machine. */
  readonly serverMs: number;
}

/** `sysconf(_SC_CLK_TCK)` of every Linux there is. */
const ticksPerSecond = 100;

/** Measures work, and must be closed. */
export interface CostMeter {
  measure(run: () => unknown): Promise<Cost>;
  close(): Promise<void>;
}

/** Makes a meter of work that uses the server at `url`, with nobody else on it. */
export async function costMeter(url: string): Promise<CostMeter> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const postmaster = statOf(rows[0]?.pid ?? 0)?.parent ?? 0;
  return {
    async measure(run) {
      await untilAlone(client);
      const before = processorTimes(postmaster);
      const start = performance.now();
      await run();
      const ms = performance.now() - start;
      await untilAlone(client);
      const after = processorTimes(postmaster);
      return {
        ms,
        clientMs: after.client - before.client,
        serverMs: after.server - before.server,
      };
    },
    close: () => client.end(),
  };
}

/** A backend counts once the postmaster has seen it end; so does a worker of autovacuum, which is waited for too. */
async function untilAlone(client: pg.Client): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < patienceMs) {
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
        where pid <> pg_backend_pid() and application_name <> 'fundlens:watchdog'
          and backend_type in ('client backend', 'parallel worker', 'autovacuum worker')`,
    );
    if (rows[0]?.others === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Whoever stays longer than this is not of this measurement, which is then not to be trusted. */
const patienceMs = 5_000;

function processorTimes(postmaster: number): { readonly client: number; readonly server: number } {
  const own = statOf(process.pid);
  return {
    client: (own?.ownMs ?? Number.NaN) + (own?.childrenMs ?? Number.NaN),
    server: statOf(postmaster)?.childrenMs ?? Number.NaN,
  };
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
