// run_results.json, version 6, catalog.json, version 1, and sources.json, version 3, in dbt's shapes.
// Source: https://schemas.getdbt.com/dbt/{run-results/v6,catalog/v1,sources/v3}.json, read on 24 November 2026.

import type { ArtifactMetadata, Entries } from './manifest-types.ts';

/** run_results.json. */
export interface RunResultsArtifact {
  readonly metadata: ArtifactMetadata;
  readonly results: readonly RunResultEntry[];
  /** Seconds. */
  readonly elapsed_time: number;
  readonly args: Entries<unknown>;
}

/** What came of one node. */
export interface RunResultEntry {
  readonly status: 'success' | 'error' | 'skipped' | 'pass' | 'fail' | 'warn';
  readonly timing: readonly Timing[];
  readonly thread_id: string;
  /** Seconds. */
  readonly execution_time: number;
  readonly adapter_response: Entries<unknown>;
  readonly message: string | null;
  readonly failures: number | null;
  readonly unique_id: string;
  readonly compiled: boolean | null;
  readonly compiled_code: string | null;
  readonly relation_name: string | null;
}

/** When a phase began and ended, ISO 8601. */
export interface Timing {
  readonly name: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** catalog.json. */
export interface CatalogArtifact {
  readonly metadata: ArtifactMetadata;
  readonly nodes: Entries<CatalogTable>;
  readonly sources: Entries<CatalogTable>;
  readonly errors: readonly string[] | null;
}

/** A relation as it is in the database. */
export interface CatalogTable {
  readonly metadata: {
    readonly type: string;
    readonly schema: string;
    readonly name: string;
    readonly database: string;
    readonly comment: string | null;
    readonly owner: string | null;
  };
  readonly columns: Entries<CatalogColumn>;
  readonly stats: Entries<CatalogStatistic>;
  readonly unique_id: string;
}

/** A column as it is in the database; the first has index 1. */
export interface CatalogColumn {
  readonly type: string;
  readonly index: number;
  readonly name: string;
  readonly comment: string | null;
}

/** A figure about a relation. */
export interface CatalogStatistic {
  readonly id: string;
  readonly label: string;
  readonly value: boolean | string | number | null;
  readonly include: boolean;
  readonly description: string | null;
}

/** sources.json. */
export interface SourcesArtifact {
  readonly metadata: ArtifactMetadata;
  readonly results: readonly (SourceFreshness | SourceFreshnessError)[];
  /** Seconds. */
  readonly elapsed_time: number;
}

/** How fresh a source is. */
export interface SourceFreshness {
  readonly unique_id: string;
  /** ISO 8601, as the next. */
  readonly max_loaded_at: string;
  readonly snapshotted_at: string;
  readonly max_loaded_at_time_ago_in_s: number;
  readonly status: 'pass' | 'warn' | 'error';
  readonly criteria: unknown;
  readonly adapter_response: Entries<unknown>;
  readonly timing: readonly Timing[];
  readonly thread_id: string;
  /** Seconds. */
  readonly execution_time: number;
}

/** A source whose freshness could not be told. */
export interface SourceFreshnessError {
  readonly unique_id: string;
  readonly error: string;
  readonly status: 'runtime error';
}
