// --defer: what is not built here is read where an earlier run built it.

import { openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import type { Buildable, Manifest, NodeId, RelationName } from '../compile/types.ts';
import { readRelationNames } from '../execute/read-relation-names.ts';
import type { BuiltRelation } from '../graph/parse-state.ts';
import { quoteRelation } from '../plan/statements.ts';
import { compileDeferred, type LoadedProject } from './load-project.ts';
import { readBuiltRelations } from './read-state.ts';
import type { SelectionOptions } from './types.ts';

/** Options of the commands that can defer. */
export type Deferring = Pick<SelectionOptions, 'defer' | 'state'>;

/**
 * Compiles the project so that it reads, of nodes that are not in `built`, what the earlier run built:
 * of those that the target lacks, or of all of them.
 * @throws {UserError} where there is no earlier run to read, or it is in another database
 */
export async function deferReads(
  context: ProgramContext,
  project: LoadedProject,
  options: Deferring,
  built: ReadonlySet<NodeId>,
): Promise<LoadedProject> {
  const { defer } = options;
  if (defer?.isOn !== true) return project;
  const earlier = earlierRelations(project, options);
  const candidates = buildables(project.manifest).filter(
    ({ uniqueId }) => !built.has(uniqueId) && earlier.has(uniqueId),
  );
  const missing = defer.favorState
    ? candidates
    : await notThere(context, project, candidates, (node) => node.relation);
  const deferred = new Map(
    missing.flatMap(({ uniqueId }): [NodeId, RelationName][] => {
      const relation = earlier.get(uniqueId);
      return relation === undefined ? [] : [[uniqueId, sameDatabase(project, uniqueId, relation)]];
    }),
  );
  return deferred.size === 0 ? project : compileDeferred(context, project, deferred);
}

/** The nodes of a selection that a command builds itself. */
export function builtBy(
  verb: 'build' | 'run' | 'test' | 'seed' | 'snapshot',
  { manifest }: LoadedProject,
  selected: ReadonlySet<NodeId>,
): ReadonlySet<NodeId> {
  const kinds = {
    build: undefined,
    run: 'model',
    test: 'none',
    seed: 'seed',
    snapshot: 'snapshot',
  };
  const kind = kinds[verb];
  return new Set(
    [...selected].filter((id) => kind === undefined || manifest.nodes.get(id)?.kind === kind),
  );
}

/** The nodes that are relations. */
export function buildables({ nodes }: Manifest): readonly Buildable[] {
  return [...nodes.values()].filter((node): node is Buildable => 'staged' in node);
}

/**
 * Reads where the run that --defer-state or --state names has its relations.
 * @throws {UserError} where neither is given, or has no manifest
 */
export function earlierRelations(
  { projectDir }: LoadedProject,
  { defer, state }: Deferring,
): ReadonlyMap<NodeId, BuiltRelation> {
  if (defer?.state !== undefined)
    return readBuiltRelations(projectDir, defer.state, '--defer-state');
  if (state !== undefined) return readBuiltRelations(projectDir, state, '--state');
  throw new UserError('no earlier run is named', {
    where: '--defer',
    hint: 'name a folder with its manifest.json: --state DIR, or --defer-state DIR',
  });
}

/** @throws {UserError} for a relation of another database, which PostgreSQL cannot read */
export function sameDatabase(
  { inputs }: LoadedProject,
  id: NodeId,
  { database, schema, identifier }: BuiltRelation,
): RelationName {
  const own = inputs.target.database;
  if (database === undefined || database === own) return { schema, identifier };
  throw new UserError(`\`${id}\` is in database \`${database}\`, and the target is \`${own}\``, {
    where: '--state',
    hint: 'PostgreSQL reads one database at a time: defer to a schema of the same one',
  });
}

async function notThere(
  { signal }: ProgramContext,
  { request }: LoadedProject,
  nodes: readonly Buildable[],
  relationOf: (node: Buildable) => RelationName,
): Promise<readonly Buildable[]> {
  if (nodes.length === 0) return nodes;
  return withTarget(request, async ({ connection }) => {
    const applicationName = 'fundlens:runner:defer';
    const database = openDatabase(connection, { applicationName, maxClients: 1, signal });
    try {
      const there = await database.withClient((client) =>
        readRelationNames(client, nodes.map(relationOf)),
      );
      return nodes.filter((node) => !there.has(quoteRelation(relationOf(node))));
    } finally {
      await database.close();
    }
  });
}
