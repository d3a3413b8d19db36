// manifest.json, run_results.json and sources.json of an earlier run -> what selections compare with.

import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';
import { fingerprintNode } from './fingerprint.ts';
import type { PreviousState, StateManifest } from './types.ts';

/** The artifacts of an earlier run, parsed from JSON; those that are not there are undefined. */
export interface StateFiles {
  readonly manifest: unknown;
  readonly runResults: unknown;
  readonly sources: unknown;
}

const entries = z.record(z.string(), z.looseObject({}));
const macro = z.looseObject({
  package_name: z.string(),
  macro_sql: z.string(),
  depends_on: z.looseObject({ macros: z.array(z.string()).default([]) }).nullish(),
});
const manifestSchema = z.looseObject({
  metadata: z.looseObject({
    dbt_schema_version: z.string().regex(/\/manifest\/v\d+\.json$/),
    dbt_version: z.string().default(''),
  }),
  nodes: entries,
  sources: entries.default({}),
  exposures: entries.default({}),
  metrics: entries.default({}),
  semantic_models: entries.default({}),
  saved_queries: entries.default({}),
  unit_tests: entries.default({}),
  macros: z.record(z.string(), macro).default({}),
});

/**
 * Parses manifest.json, this runner's or dbt's, to what `state:` compares.
 * @throws {UserError} where it is no manifest.
 */
export function parseStateManifest(artifact: unknown): StateManifest {
  const parsed = manifestSchema.safeParse(artifact);
  if (!parsed.success) throw formFault('manifest.json', 'manifest', parsed.error);
  const { metadata, macros, ...lists } = parsed.data;
  const found = [
    lists.nodes,
    lists.sources,
    lists.exposures,
    lists.metrics,
    lists.semantic_models,
    lists.saved_queries,
    lists.unit_tests,
  ].flatMap((list) => Object.entries(list));
  return {
    // Of `dbt 1.11.0` and `1.11.1`, the macros are the same for what is compared here.
    generator: metadata.dbt_version.split(/[\s.]/)[0] ?? '',
    nodes: new Map(found.map(([id, node]) => [id, fingerprintNode(node)])),
    macros: new Map(
      Object.entries(macros).map(([id, given]) => [
        id,
        {
          packageName: given.package_name,
          text: given.macro_sql,
          macros: given.depends_on?.macros ?? [],
        },
      ]),
    ),
  };
}

const builtSchema = z.looseObject({
  resource_type: z.enum(['model', 'seed', 'snapshot']),
  database: z.string().nullish(),
  schema: z.string(),
  alias: z.string(),
  relation_name: z.string(),
});

/** A relation as an earlier run built it. */
export interface BuiltRelation {
  /** Undefined where the manifest does not tell. */
  readonly database: string | undefined;
  readonly schema: string;
  readonly identifier: string;
}

/**
 * Parses manifest.json to the relations of its models, seeds and snapshots.
 * @throws {UserError} where it is no manifest.
 */
export function parseBuiltRelations(artifact: unknown): ReadonlyMap<NodeId, BuiltRelation> {
  const parsed = manifestSchema.safeParse(artifact);
  if (!parsed.success) throw formFault('manifest.json', 'manifest', parsed.error);
  return new Map(
    Object.entries(parsed.data.nodes).flatMap(([id, node]) => {
      // Tests have no relation, and ephemeral models neither.
      const built = builtSchema.safeParse(node);
      if (!built.success) return [];
      const { database, schema, alias } = built.data;
      return [[id, { database: database ?? undefined, schema, identifier: alias }] as const];
    }),
  );
}

const runResultsSchema = z.looseObject({
  results: z.array(z.looseObject({ unique_id: z.string(), status: z.string() })),
});
const sourcesSchema = z.looseObject({
  results: z.array(z.looseObject({ unique_id: z.string(), max_loaded_at: z.string().nullish() })),
});

/**
 * Parses the artifacts of an earlier run.
 * @throws {UserError} where one is not what its name says.
 */
export function parseState(files: StateFiles): PreviousState {
  const { manifest, runResults, sources } = files;
  return {
    manifest: manifest === undefined ? undefined : parseStateManifest(manifest),
    results: runResults === undefined ? undefined : parseResults(runResults),
    sources: sources === undefined ? undefined : parseSourceStatus(sources),
  };
}

/** Parses sources.json: when each source was loaded last. @throws {UserError} where it is none. */
export function parseSourceStatus(artifact: unknown): ReadonlyMap<NodeId, string | undefined> {
  const parsed = sourcesSchema.safeParse(artifact);
  if (!parsed.success) throw formFault('sources.json', 'freshness result', parsed.error);
  return new Map(
    parsed.data.results.map((result) => [result.unique_id, result.max_loaded_at ?? undefined]),
  );
}

function parseResults(artifact: unknown): ReadonlyMap<NodeId, string> {
  const parsed = runResultsSchema.safeParse(artifact);
  if (!parsed.success) throw formFault('run_results.json', 'run result', parsed.error);
  return new Map(parsed.data.results.map(({ unique_id, status }) => [unique_id, status]));
}

function formFault(file: string, what: string, error: z.ZodError): UserError {
  const [issue] = error.issues;
  const path = issue?.path.join('.') ?? '';
  return new UserError(`${file} is no ${what}: \`${path}\` ${issue?.message ?? ''}`.trim(), {
    where: '--state',
    hint: 'name a folder with the artifacts of an earlier run',
    cause: error,
  });
}
