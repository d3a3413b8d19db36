// target/manifest.json in dbt's shape, version 12.
// Source: https://schemas.getdbt.com/dbt/manifest/v12.json, read on 24 November 2026.

/** Facts of the invocation at the head of every artifact. */
export interface ArtifactMetadata {
  readonly dbt_schema_version: string;
  readonly dbt_version: string;
  /** ISO 8601, UTC. */
  readonly generated_at: string;
  readonly invocation_id: string;
  readonly invocation_started_at: string;
  readonly env: Readonly<Record<string, string>>;
}

/** manifest.json. */
export interface ManifestArtifact {
  readonly metadata: ArtifactMetadata & {
    readonly project_name: string;
    /** MD5 of the project's name. */
    readonly project_id: string;
    readonly user_id: null;
    readonly send_anonymous_usage_stats: false;
    readonly adapter_type: 'postgres';
    readonly quoting: ManifestQuoting;
  };
  readonly nodes: Entries<ManifestNode>;
  readonly sources: Entries<ManifestSource>;
  readonly macros: Entries<ManifestMacro>;
  readonly docs: Entries<ManifestDoc>;
  readonly exposures: Entries<ManifestExposure>;
  readonly metrics: Entries<ManifestSemantic>;
  readonly groups: Entries<ManifestGroup>;
  readonly selectors: Entries<Readonly<Record<string, unknown>>>;
  readonly disabled: Entries<readonly ManifestNode[]>;
  readonly parent_map: Entries<readonly string[]>;
  readonly child_map: Entries<readonly string[]>;
  readonly group_map: Entries<readonly string[]>;
  readonly saved_queries: Entries<ManifestSemantic>;
  readonly semantic_models: Entries<ManifestSemantic>;
  readonly unit_tests: Entries<ManifestUnitTest>;
}

/** Entries by id. */
export type Entries<T> = Readonly<Record<string, T>>;

/** Which parts of names stand in quotes. */
export interface ManifestQuoting {
  readonly database: boolean | null;
  readonly schema: boolean | null;
  readonly identifier: boolean | null;
  readonly column: boolean | null;
}

interface Named {
  readonly name: string;
  readonly resource_type: string;
  readonly package_name: string;
  /** Below the folder of its kind. */
  readonly path: string;
  /** From the folder of the package. */
  readonly original_file_path: string;
  readonly unique_id: string;
}

interface Qualified extends Named {
  readonly fqn: readonly string[];
}

/** What a node calls and reads. */
export interface DependsOn {
  readonly macros: readonly string[];
  readonly nodes: readonly string[];
}

/** A documented column. */
export interface ManifestColumn {
  readonly name: string;
  readonly description: string;
  readonly meta: Entries<unknown>;
  readonly data_type: string | null;
  readonly constraints: readonly ManifestConstraint[];
  readonly quote: boolean | null;
  readonly config: { readonly meta: Entries<unknown>; readonly tags: readonly string[] };
  readonly tags: readonly string[];
  readonly granularity: string | null;
  readonly doc_blocks: readonly string[];
}

/** A constraint; `columns` is there for a model's own. */
export interface ManifestConstraint {
  readonly type: string;
  readonly name: string | null;
  readonly expression: string | null;
  readonly warn_unenforced: boolean;
  readonly warn_unsupported: boolean;
  readonly to: string | null;
  readonly to_columns: readonly string[];
  readonly columns?: readonly string[];
}

/** A model, seed, snapshot, analysis or data test. */
export interface ManifestNode extends Qualified {
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
  readonly checksum: { readonly name: string; readonly checksum: string };
  readonly config: Entries<unknown>;
  readonly tags: readonly string[];
  readonly description: string;
  readonly columns: Entries<ManifestColumn>;
  readonly meta: Entries<unknown>;
  readonly group: string | null;
  readonly docs: unknown;
  /** `package://path` of the property file. */
  readonly patch_path: string | null;
  readonly build_path: null;
  readonly unrendered_config: Entries<unknown>;
  /** Seconds since the epoch. */
  readonly created_at: number;
  readonly relation_name: string | null;
  readonly raw_code: string;
  readonly doc_blocks: readonly string[];
  readonly depends_on: Partial<DependsOn>;
  /** From here on, of all but seeds. */
  readonly language?: 'sql';
  readonly refs?: readonly ManifestRef[];
  readonly sources?: readonly (readonly string[])[];
  readonly metrics?: readonly (readonly string[])[];
  readonly compiled_path?: string | null;
  readonly compiled?: boolean;
  readonly compiled_code?: string | null;
  readonly extra_ctes_injected?: boolean;
  readonly extra_ctes?: readonly unknown[];
  readonly contract?: {
    readonly enforced: boolean;
    readonly alias_types: boolean;
    readonly checksum: string | null;
  };
  /** Of seeds. */
  readonly root_path?: string | null;
  /** Of models. */
  readonly access?: string;
  readonly constraints?: readonly ManifestConstraint[];
  readonly version?: string | number | null;
  readonly latest_version?: string | number | null;
  readonly deprecation_date?: string | null;
  readonly primary_key?: readonly string[];
  readonly time_spine?: unknown;
  /** Of generic tests. */
  readonly column_name?: string | null;
  readonly file_key_name?: string | null;
  readonly attached_node?: string | null;
  readonly test_metadata?: {
    readonly name: string;
    readonly kwargs: Entries<unknown>;
    readonly namespace: string | null;
  };
}

/** A `ref` as written. */
export interface ManifestRef {
  readonly name: string;
  readonly package: string | null;
  readonly version: string | number | null;
}

/** A table that something else loads. */
export interface ManifestSource extends Qualified {
  readonly database: string;
  readonly schema: string;
  readonly source_name: string;
  readonly source_description: string;
  readonly loader: string;
  readonly identifier: string;
  readonly quoting: ManifestQuoting;
  readonly loaded_at_field: string | null;
  readonly loaded_at_query: string | null;
  readonly freshness: unknown;
  readonly external: unknown;
  readonly description: string;
  readonly columns: Entries<ManifestColumn>;
  readonly meta: Entries<unknown>;
  readonly source_meta: Entries<unknown>;
  readonly tags: readonly string[];
  readonly config: Entries<unknown>;
  readonly patch_path: null;
  readonly unrendered_config: Entries<unknown>;
  readonly relation_name: string;
  readonly created_at: number;
  readonly unrendered_database: string | null;
  readonly unrendered_schema: string;
  readonly doc_blocks: readonly string[];
}

/** A macro. */
export interface ManifestMacro extends Named {
  readonly macro_sql: string;
  readonly depends_on: { readonly macros: readonly string[] };
  readonly description: string;
  readonly meta: Entries<unknown>;
  readonly docs: unknown;
  readonly patch_path: string | null;
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string | null;
    readonly description: string;
  }[];
  readonly created_at: number;
  readonly supported_languages: null;
}

/** A docs block. */
export interface ManifestDoc extends Named {
  readonly block_contents: string;
}

/** A group of nodes. */
export interface ManifestGroup extends Named {
  readonly owner: Entries<unknown>;
  readonly description: string | null;
  readonly config: { readonly meta: Entries<unknown> };
}

/** Something outside that reads nodes of the project. */
export interface ManifestExposure extends Qualified {
  readonly type: string;
  readonly owner: Entries<unknown>;
  readonly description: string;
  readonly label: string | null;
  readonly maturity: string | null;
  readonly meta: Entries<unknown>;
  readonly tags: readonly string[];
  readonly config: Entries<unknown>;
  readonly unrendered_config: Entries<unknown>;
  readonly url: string | null;
  readonly depends_on: DependsOn;
  readonly refs: readonly ManifestRef[];
  readonly sources: readonly (readonly string[])[];
  readonly metrics: readonly (readonly string[])[];
  readonly created_at: number;
}

/** A unit test. */
export interface ManifestUnitTest extends Qualified {
  readonly model: string;
  readonly given: readonly ManifestRows[];
  readonly expect: Omit<ManifestRows, 'input'>;
  readonly description: string;
  readonly overrides: Entries<unknown> | null;
  readonly depends_on: DependsOn;
  readonly config: Entries<unknown>;
  readonly checksum: string;
  readonly schema: string | null;
  readonly created_at: number;
  readonly versions: Entries<unknown> | null;
  readonly version: string | number | null;
}

/** Rows of a unit test. */
export interface ManifestRows {
  readonly input: string;
  readonly rows: unknown;
  readonly format: 'dict' | 'csv' | 'sql';
  readonly fixture: string | null;
}

/** An entry of the semantic layer: its own keys as written, and what every entry has. */
export interface ManifestSemantic extends Qualified {
  readonly [key: string]: unknown;
}
