// Where a PostgreSQL server is and how to reach it: what profiles, DATABASE_URL and the embedded server all become.

import type { ConnectionOptions } from 'node:tls';

/** How to reach one database of one PostgreSQL server. */
export interface Connection {
  /** A host name, an address, or the folder of a Unix socket (then it starts with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string | undefined;
  readonly database: string;
  /** Absent or false: no TLS; true: TLS with the certificate checked; an object: TLS in detail. */
  readonly ssl?: boolean | ConnectionOptions | undefined;
  /** Set as `search_path` of every session. */
  readonly searchPath?: string | undefined;
  /** Set as `role` of every session. */
  readonly role?: string | undefined;
  /** More startup options, as libpq's `options`: `-c name=value …`. */
  readonly startupOptions?: string | undefined;
  /** Shown in `pg_stat_activity` instead of the program's own name. */
  readonly applicationName?: string | undefined;
  /** How long one attempt to connect may take; 10 s where absent. */
  readonly connectTimeoutMs?: number | undefined;
  /** How many times more a failed attempt is made; none where absent. */
  readonly connectRetries?: number | undefined;
  /** How long a connection is silent before TCP asks whether the server is still there. */
  readonly keepAliveIdleMs?: number | undefined;
}
