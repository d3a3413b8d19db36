// `bronze.extraction_state` of the API's scopes: where each walk stands, so that the next run goes on there.

import type { Client } from '../../core/database.ts';
import type { LoadUnit } from './types.ts';

/** A part of a window, as the state keeps it. */
export interface StatePart {
  readonly path: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** What is known of a dataset, cycle and scope. */
export interface ApiState {
  readonly status: 'complete' | 'incomplete';
  /** Complete up to then; undefined where no window was read to its end. */
  readonly watermark: Date | undefined;
  readonly openedAt: Date | undefined;
  readonly windowFrom: string | undefined;
  /** True where the end of the window moves the watermark. */
  readonly advances: boolean;
  readonly parts: readonly StatePart[];
  readonly proven: readonly StatePart[];
  readonly cursor: Readonly<Record<string, string>> | null;
  readonly partRows: number;
  readonly expected: number | null;
  readonly drifted: boolean;
  readonly passes: number;
  /** Answers stored, ever. */
  readonly pages: number;
  readonly windowRows: number;
  readonly windowCalls: number;
  readonly calls: number;
  readonly duplicates: number;
}

/** What tells a state apart. */
export type StateKey = Pick<LoadUnit, 'dataset' | 'cycle' | 'scope'>;

interface StateRow {
  readonly status: 'complete' | 'incomplete';
  readonly watermark: string | null;
  readonly opened: string | null;
  readonly from: string | null;
  readonly advances: boolean;
  readonly parts: readonly StatePart[];
  readonly proven: readonly StatePart[];
  readonly cursor: Readonly<Record<string, string>> | null;
  readonly part_rows: string;
  readonly expected: string | null;
  readonly part_drifted: boolean;
  readonly passes: number;
  readonly pages: string;
  readonly row_count: string;
  readonly window_calls: string;
  readonly calls: string;
  readonly duplicates: string;
}

/** Reads a state; undefined where the scope was never asked for. */
export async function readApiState(client: Client, key: StateKey): Promise<ApiState | undefined> {
  const { rows } = await client.query<StateRow>(
    `select status, extract(epoch from watermark) * 1000 as watermark,
            extract(epoch from opened_at) * 1000 as opened, window_from as from, advances, parts, proven,
            cursor, part_rows, part_expected as expected, part_drifted, passes, pages, row_count, window_calls,
            calls, duplicates
       from bronze.extraction_state where dataset = $1 and cycle = $2 and scope = $3`,
    [key.dataset, key.cycle, key.scope],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    status: row.status,
    watermark: momentOf(row.watermark),
    openedAt: momentOf(row.opened),
    windowFrom: row.from ?? undefined,
    advances: row.advances,
    parts: row.parts,
    proven: row.proven,
    cursor: row.cursor,
    partRows: Number(row.part_rows),
    expected: row.expected === null ? null : Number(row.expected),
    drifted: row.part_drifted,
    passes: row.passes,
    pages: Number(row.pages),
    windowRows: Number(row.row_count),
    windowCalls: Number(row.window_calls),
    calls: Number(row.calls),
    duplicates: Number(row.duplicates),
  };
}

/** Opens a window: from now on the scope is incomplete until it is read to its end. */
export async function openWindow(
  client: Client,
  key: StateKey,
  window: {
    readonly from: string | undefined;
    readonly parts: readonly StatePart[];
    readonly openedAt: Date;
    readonly advances: boolean;
  },
): Promise<void> {
  await forgetSeen(client, key);
  await client.query(
    `insert into bronze.extraction_state as state
       (dataset, cycle, scope, row_count, status, opened_at, window_from, parts, advances)
     values ($1, $2, $3, 0, 'incomplete', $4, $5, $6, $7)
     on conflict (dataset, cycle, scope) do update
       set status = 'incomplete', opened_at = excluded.opened_at,
           window_from = excluded.window_from, parts = excluded.parts,
           advances = excluded.advances, proven = '[]',
           cursor = null, part_rows = 0, part_expected = null, part_drifted = false, passes = 0, row_count = 0,
           window_calls = 0, duplicates = 0, error = null, updated_at = clock_timestamp()`,
    [
      key.dataset,
      key.cycle,
      key.scope,
      window.openedAt,
      window.from ?? null,
      JSON.stringify(window.parts),
      window.advances,
    ],
  );
}

/** What a page changes in a state. */
export interface StateChange {
  /** The state's count of pages before this one: another run must not have come between. */
  readonly pagesBefore: number;
  readonly loadId: number;
  readonly walk: {
    readonly parts: readonly StatePart[];
    readonly proven: readonly StatePart[];
    readonly cursor: Readonly<Record<string, string>> | null;
    readonly partRows: number;
    readonly expected: number | null;
    readonly drifted: boolean;
    readonly passes: number;
  };
  readonly rows: number;
  readonly duplicates: number;
  readonly calls: number;
}

/** Writes where the walk stands after a page, in the transaction that stores the page's rows. */
export async function advanceState(
  client: Client,
  key: StateKey,
  change: StateChange,
): Promise<void> {
  const { walk } = change;
  const { rowCount } = await client.query(
    `update bronze.extraction_state
        set parts = $5, proven = $6, cursor = $7, part_rows = $8, part_expected = $9, passes = $10,
            last_load_id = $11, row_count = row_count + $12, duplicates = duplicates + $13,
            window_calls = window_calls + $14, calls = calls + $14, part_drifted = $15, pages = pages + 1,
            error = null, updated_at = clock_timestamp()
      where dataset = $1 and cycle = $2 and scope = $3 and pages = $4`,
    [
      key.dataset,
      key.cycle,
      key.scope,
      change.pagesBefore,
      JSON.stringify(walk.parts),
      JSON.stringify(walk.proven),
      walk.cursor === null ? null : JSON.stringify(walk.cursor),
      walk.partRows,
      walk.expected,
      walk.passes,
      change.loadId,
      change.rows,
      change.duplicates,
      change.calls,
      walk.drifted,
    ],
  );
  if (rowCount !== 1) throw new Error('another run went on with this scope meanwhile');
}

/** Replaces what is still to be read of a window: a part that was too large goes on in pieces. */
export async function replaceParts(
  client: Client,
  key: StateKey,
  parts: readonly StatePart[],
): Promise<void> {
  await client.query(
    `update bronze.extraction_state
        set parts = $4, cursor = null, part_rows = 0, part_expected = null, part_drifted = false, passes = 0
      where dataset = $1 and cycle = $2 and scope = $3`,
    [key.dataset, key.cycle, key.scope, JSON.stringify(parts)],
  );
}

/** Closes a window: the scope is complete up to when it was opened. */
export async function closeWindow(client: Client, key: StateKey): Promise<void> {
  await client.query(
    `update bronze.extraction_state
        set status = 'complete', proven = '[]',
            watermark = case when advances then opened_at else watermark end
      where dataset = $1 and cycle = $2 and scope = $3`,
    [key.dataset, key.cycle, key.scope],
  );
  await forgetSeen(client, key);
}

/** Forgets a window that is not to be read after all, of a scope of which nothing was ever complete. */
export async function dropWindow(client: Client, key: StateKey): Promise<void> {
  await client.query(
    `delete from bronze.extraction_state
      where dataset = $1 and cycle = $2 and scope = $3 and watermark is null`,
    [key.dataset, key.cycle, key.scope],
  );
}

/** Writes why a run stopped, and the calls that brought no page. */
export async function noteError(
  client: Client,
  key: StateKey,
  error: string,
  calls: number,
): Promise<void> {
  await client.query(
    `update bronze.extraction_state
        set error = $4, window_calls = window_calls + $5, calls = calls + $5,
            updated_at = clock_timestamp()
      where dataset = $1 and cycle = $2 and scope = $3`,
    [key.dataset, key.cycle, key.scope, error, calls],
  );
}

/** Returns up to when bulk files hold the rows of a cycle: the earliest of those that are loaded. */
export async function readBulkWatermark(
  client: Client,
  datasets: readonly string[],
  cycle: number,
): Promise<Date | undefined> {
  const { rows } = await client.query<{ watermark: string | null }>(
    `select extract(epoch from min(watermark)) * 1000 as watermark from bronze.extraction_state
      where dataset = any($1) and cycle = $2 and scope = 'national' and watermark is not null`,
    [datasets, cycle],
  );
  return momentOf(rows[0]?.watermark ?? null);
}

async function forgetSeen(client: Client, key: StateKey): Promise<void> {
  await client.query(
    'delete from bronze.api_seen where dataset = $1 and cycle = $2 and scope = $3',
    [key.dataset, key.cycle, key.scope],
  );
}

function momentOf(milliseconds: string | null): Date | undefined {
  return milliseconds === null ? undefined : new Date(Number(milliseconds));
}
