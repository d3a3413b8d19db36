// One quota for all processes of a key: calls are counted in Bronze, under a lock, by the key's hash.

import { createHash } from 'node:crypto';
import { type Client, type Database, inTransaction } from '../../core/database.ts';

/** What the API said of the quota in its newest answer. */
export interface SeenQuota {
  /** X-RateLimit-Limit. */
  readonly limit: number;
  /** X-RateLimit-Remaining. */
  readonly remaining: number;
}

/** What is asked of the quota. */
export interface QuotaRequest {
  readonly keyHash: string;
  /** Undefined to go by what the server says of the key, else by `usual`. */
  readonly limit: number | undefined;
  readonly usual: number;
  /** The time over which calls count. */
  readonly quotaMs: number;
  /** From the answer before, so that calls made elsewhere with the same key count too. */
  readonly seen: SeenQuota | undefined;
}

/** A call may be made, or not before some time. */
export type QuotaAnswer =
  | { readonly granted: true }
  | {
      readonly granted: false;
      readonly waitMs: number;
      readonly reason: 'spent' | 'blocked';
      readonly limit: number;
    };

/** Calls are counted in as many pieces of the quota's time: a piece counts until it has passed whole. */
const pieces = 120;

/** A hundredth stays unused: the server counts a call a moment after we do. */
const reserveShare = 0.01;

/** Returns what stands for a key in Bronze; the key cannot be found from it. */
export function hashKey(key: string): string {
  return createHash('sha256').update(`fundlens:api:${key}`).digest('hex').slice(0, 32);
}

/** Counts a call, where the quota has room for it. */
export async function takeCall(database: Database, request: QuotaRequest): Promise<QuotaAnswer> {
  return database.withClient((client) =>
    inTransaction(client, async () => {
      await lockKey(client, request.keyHash);
      const { quotaMs, keyHash, seen } = request;
      const state = await readQuota(client, request);
      const limit = limitOf(request, state);
      const room = limit - Math.floor(limit * reserveShare);
      // What the server counts and we do not was called by others with the same key.
      const elsewhere = seen === undefined ? 0 : seen.limit - seen.remaining - state.calls;
      const calls = state.calls + Math.max(0, elsewhere);
      const isGranted = state.blockedMs <= 0 && calls < room;
      await addCalls(client, keyHash, quotaMs, Math.max(0, elsewhere) + (isGranted ? 1 : 0));
      if (seen !== undefined && seen.limit !== state.serverLimit) {
        await keepLimit(client, keyHash, seen.limit);
      }
      if (isGranted) return { granted: true };
      const isBlocked = state.blockedMs > 0;
      const untilFree = calls < room ? 0 : Math.max(1, state.oldestLeavesMs ?? quotaMs);
      return {
        granted: false,
        waitMs: Math.ceil(Math.max(state.blockedMs, untilFree)),
        reason: isBlocked ? 'blocked' : 'spent',
        limit,
      };
    }),
  );
}

/** The user's number binds as well as the server's. */
function limitOf({ limit, usual, seen }: QuotaRequest, state: QuotaState): number {
  const server = seen?.limit ?? state.serverLimit;
  return limit === undefined ? (server ?? usual) : Math.min(limit, server ?? limit);
}

async function keepLimit(client: Client, keyHash: string, serverLimit: number): Promise<void> {
  await client.query(
    `insert into bronze.api_quotas (key_hash, server_limit) values ($1, $2)
     on conflict (key_hash) do update set server_limit = excluded.server_limit`,
    [keyHash, serverLimit],
  );
}

/** Has all calls of a key wait: the server answered 429. */
export async function blockCalls(
  database: Database,
  keyHash: string,
  blockedMs: number,
): Promise<void> {
  await database.withClient((client) =>
    client.query(
      `insert into bronze.api_quotas as quota (key_hash, blocked_until)
       values ($1, clock_timestamp() + make_interval(secs => $2))
       on conflict (key_hash) do update
         set blocked_until = greatest(quota.blocked_until, excluded.blocked_until)`,
      [keyHash, blockedMs / 1000],
    ),
  );
}

/** Returns how many calls a key has made in the quota's time, and what it may make. */
export async function readSpent(
  client: Client,
  keyHash: string,
  quotaMs: number,
): Promise<{ readonly calls: number; readonly serverLimit: number | undefined }> {
  const { rows } = await client.query<{ calls: string; limit: number | null }>(
    `select (select coalesce(sum(calls), 0) from bronze.api_calls
              where key_hash = $1 and ${stillCounts('$2')}) as calls,
            (select server_limit from bronze.api_quotas where key_hash = $1) as limit`,
    [keyHash, quotaMs / 1000],
  );
  return { calls: Number(rows[0]?.calls ?? 0), serverLimit: rows[0]?.limit ?? undefined };
}

/** A piece counts until its end is a whole quota's time ago. */
function stillCounts(seconds: string): string {
  return `piece > clock_timestamp() - make_interval(secs => ${seconds} * ${1 + 1 / pieces})`;
}

async function lockKey(client: Client, keyHash: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `fundlens:api-key:${keyHash}`,
  ]);
}

interface QuotaState {
  readonly calls: number;
  readonly oldestLeavesMs: number | undefined;
  readonly blockedMs: number;
  readonly serverLimit: number | undefined;
}

async function readQuota(client: Client, { keyHash, quotaMs }: QuotaRequest): Promise<QuotaState> {
  const { rows } = await client.query<{
    calls: string;
    leaves: string | null;
    blocked: string | null;
    limit: number | null;
  }>(
    `with counted as (
       select calls, piece from bronze.api_calls
        where key_hash = $1 and ${stillCounts('$2')}
     )
     select (select coalesce(sum(calls), 0) from counted) as calls,
            (select 1000 * extract(epoch from min(piece) - clock_timestamp()
                                   + make_interval(secs => $2 * ${1 + 1 / pieces}))
               from counted) as leaves,
            (select 1000 * extract(epoch from blocked_until - clock_timestamp())
               from bronze.api_quotas where key_hash = $1) as blocked,
            (select server_limit from bronze.api_quotas where key_hash = $1) as limit`,
    [keyHash, quotaMs / 1000],
  );
  const row = rows[0];
  return {
    calls: Number(row?.calls ?? 0),
    oldestLeavesMs: row?.leaves == null ? undefined : Number(row.leaves),
    blockedMs: Math.max(0, Number(row?.blocked ?? 0)),
    serverLimit: row?.limit ?? undefined,
  };
}

async function addCalls(
  client: Client,
  keyHash: string,
  quotaMs: number,
  calls: number,
): Promise<void> {
  if (calls === 0) return;
  const pieceSeconds = quotaMs / 1000 / pieces;
  const { rows } = await client.query<{ first: boolean }>(
    `insert into bronze.api_calls as counted (key_hash, piece, calls)
     values ($1, to_timestamp(floor(extract(epoch from clock_timestamp()) / $2) * $2), $3)
     on conflict (key_hash, piece) do update set calls = counted.calls + excluded.calls
     returning calls = $3 as first`,
    [keyHash, pieceSeconds, calls],
  );
  if (rows[0]?.first !== true) return;
  // Once for each new piece: what no longer counts goes.
  await client.query(
    `delete from bronze.api_calls where key_hash = $1 and not ${stillCounts('$2')}`,
    [keyHash, quotaMs / 1000],
  );
}
