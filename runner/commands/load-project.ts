// The way from a folder to a manifest and a graph, shared by every command that needs them.

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { embeddedDatabase } from '../../core/embedded/cluster.ts';
import { nearestName, UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { type Env, readEnv } from '../../core/settings.ts';
import { readTarget, type Target, type TargetRequest } from '../../core/target.ts';
import { parseYaml } from '../../core/yaml.ts';
import { compileProject } from '../compile/compile-project.ts';
import type { CompileInputs } from '../compile/inputs.ts';
import type { Resolver } from '../compile/resolve.ts';
import type { Manifest } from '../compile/types.ts';
import { buildGraph } from '../graph/build-graph.ts';
import { selectNodes } from '../graph/select.ts';
import type { Graph } from '../graph/types.ts';
import { parseProject } from '../project/parse-project.ts';
import { parseProjectFile } from '../project/project-file.ts';
import { readFiles, readProjectText } from '../project/read-files.ts';
import type { ProjectFile } from '../project/types.ts';
import type { CommonOptions, SelectionOptions } from './types.ts';

/** A project compiled for a target. */
export interface LoadedProject {
  readonly projectDir: string;
  readonly file: ProjectFile;
  /** Answers refs of inline queries. */
  readonly resolver: Resolver;
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly target: Target;
  /** To open the target with `withTarget`. */
  readonly request: TargetRequest;
  readonly inputs: CompileInputs;
}

/** Reads dbt_project.yml and the target; starts and connects to nothing. */
export function readProject(
  context: ProgramContext,
  options: CommonOptions,
): { projectDir: string; env: Env; file: ProjectFile; target: Target; request: TargetRequest } {
  const projectDir = resolve(options.projectDir);
  const env = readEnv(projectDir, context.env);
  const file = parseProjectFile(readProjectText(projectDir));
  const request: TargetRequest = {
    projectDir,
    profilesDir: options.profilesDir,
    profile: options.profile ?? file.profile,
    target: options.target,
    env,
    reporter: context.reporter,
    signal: context.signal,
  };
  return { projectDir, env, file, target: readTarget(request), request };
}

/** Reads, parses and compiles a project. */
export async function loadProject(
  context: ProgramContext,
  options: CommonOptions,
): Promise<LoadedProject> {
  const { projectDir, env, file, target, request } = readProject(context, options);
  const parsed = parseProject(file, await readFiles(projectDir, file.name, file.paths));
  const inputs: CompileInputs = {
    target: targetFacts(target, options.threads),
    vars: parseVars(options.varsText),
    env,
    runStartedAt: new Date().toISOString(),
    invocationId: randomUUID(),
  };
  const { manifest, resolver } = compileProject(parsed, inputs, (message) =>
    context.reporter.info(message),
  );
  const graph = buildGraph(manifest);
  return { projectDir, file, resolver, manifest, graph, target, request, inputs };
}

/** @throws {UserError} where --vars is not a YAML map. */
function parseVars(varsText: string | undefined): Readonly<Record<string, unknown>> {
  if (varsText === undefined) return {};
  const { value } = parseYaml({ path: '--vars', text: varsText });
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UserError('--vars is not a map', {
    where: '--vars',
    hint: "write it as '{cycle: 2020}'",
  });
}

function targetFacts(target: Target, threads: number | undefined): CompileInputs['target'] {
  const common = {
    profile: target.profile,
    name: target.name,
    schema: target.schema,
    threads: threads ?? target.threads,
  };
  if (target.server.kind === 'embedded') {
    return { ...common, database: embeddedDatabase, host: 'embedded', port: 0, user: '' };
  }
  const { host, port, user, database } = target.server.connection;
  return { ...common, host, port, user, database };
}

/**
 * Evaluates --select and --exclude.
 * @throws {UserError} where a criterion matches nothing and so nothing at all is selected.
 */
export function selectFrom(
  project: LoadedProject,
  options: SelectionOptions,
  context: ProgramContext,
): ReadonlySet<string> {
  const { nodes, unmatched } = selectNodes(project.manifest, project.graph, options);
  for (const { criterion, nearest } of unmatched) {
    const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\`?`;
    context.reporter.warn(`\`${criterion}\` matches no node${hint}`);
  }
  if (nodes.size > 0) return nodes;
  throw new UserError('the selection is empty: there is nothing to do', {
    where: '--select',
    hint: 'see what there is with `runner ls`',
  });
}

/**
 * Finds one node by its name or id.
 * @throws {UserError} with the nearest name.
 */
export function findNode(manifest: Manifest, name: string) {
  const nodes = [...manifest.nodes.values()];
  const found = nodes.find(
    (node) => node.uniqueId === name || (node.kind !== 'source' && node.name === name),
  );
  if (found) return found;
  const nearest = nearestName(
    name,
    nodes.map((node) => node.name),
  );
  throw new UserError(`there is no node \`${name}\``, {
    hint: nearest ? `did you mean \`${nearest}\`?` : 'see what there is with `runner ls`',
  });
}
