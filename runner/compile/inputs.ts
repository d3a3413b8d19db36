import type { Env } from '../../core/settings.ts';

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
}
