// What stands at the head of every artifact.

import type { ArtifactMetadata } from './manifest-types.ts';

/** Facts of the invocation that stand in every artifact. */
export interface InvocationFacts {
  readonly invocationId: string;
  readonly programVersion: string;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
  readonly projectName: string;
  readonly databaseName: string;
  /** The command line's words, without values that may be secret. */
  readonly command: string;
  /** Flags of the invocation, for `retry`; without values that may be secret. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** dbt's name for the schema of an artifact. */
export function artifactSchema(name: 'manifest' | 'run-results' | 'catalog' | 'sources'): string {
  const versions = { manifest: 12, 'run-results': 6, catalog: 1, sources: 3 };
  return `https://schemas.getdbt.com/dbt/${name}/v${versions[name]}.json`;
}

/** Makes the metadata that all artifacts have. */
export function artifactMetadata(schema: string, facts: InvocationFacts): ArtifactMetadata {
  return {
    dbt_schema_version: schema,
    dbt_version: `fundlens-runner ${facts.programVersion}`,
    generated_at: facts.generatedAt,
    invocation_id: facts.invocationId,
    invocation_started_at: facts.generatedAt,
    env: {},
  };
}
