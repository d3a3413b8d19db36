import type { ParseCache } from '../../core/parse-cache.ts';
import type { Env } from '../../core/settings.ts';
import type { NodeId, RelationName } from './types.ts';

/** The target as templates see it; never a password. */
export interface TargetFacts {
  readonly profile: string;
  readonly name: string;
  readonly database: string;
  readonly schema: string;
  readonly threads: number;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Everything outside the project that compiled SQL can depend on. */
export interface CompileInputs {
  readonly target: TargetFacts;
  /** From --vars; they win over those of dbt_project.yml. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Env;
  /** ISO 8601 with offset; `run_started_at`. */
  readonly runStartedAt: string;
  readonly invocationId: string;
  /** Spares parsing texts again; it changes nothing that comes out. */
  readonly parseCache?: ParseCache | undefined;
  /** dbt's flags by their names in capitals, such as `FULL_REFRESH`, where they are not the default. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The range that microbatch models build again; both in milliseconds since the epoch. */
  readonly eventTime?: { readonly startMs: number; readonly endMs: number } | undefined;
  /** What `ref` gives in place of a node's own relation: that of an earlier run, for --defer. */
  readonly deferred?: ReadonlyMap<NodeId, RelationName> | undefined;
  /** Ids of the selected nodes, for `selected_resources`; a template that asks for them waits until they are known. */
  readonly selectedResources?: readonly string[];
}
