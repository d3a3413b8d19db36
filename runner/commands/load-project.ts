// The way from a folder to a manifest and a graph, shared by every command that needs them.

import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { embeddedDatabase } from '../../core/embedded/cluster.ts';
import { formatPlace, nearestName, UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { type Env, readEnv } from '../../core/settings.ts';
import { readTarget, type Target, type TargetRequest } from '../../core/target.ts';
import { isMapValue, parseYaml } from '../../core/yaml.ts';
import { type Compilation, prepareCompilation } from '../compile/compile-project.ts';
import type { CompileInputs } from '../compile/inputs.ts';
import type { Resolver } from '../compile/resolve.ts';
import type { Manifest, NodeId } from '../compile/types.ts';
import { buildGraph } from '../graph/build-graph.ts';
import type { Graph } from '../graph/types.ts';
import { parseProject } from '../project/parse-project.ts';
import { parseProjectFile, readProfileName } from '../project/project-file.ts';
import { readFiles, readOptionalText, readProjectText } from '../project/read-files.ts';
import { readPackages } from '../project/read-packages.ts';
import type { ParsedProject, ProjectFile, YamlInputs } from '../project/types.ts';
import { answerUntilDone } from './answer-questions.ts';
import { parseEventTime } from './event-time.ts';
import { openParseCache } from './parse-cache.ts';
import type { CommonOptions } from './types.ts';

/** A project compiled for a target. */
export interface LoadedProject {
  readonly projectDir: string;
  readonly file: ProjectFile;
  readonly parsed: ParsedProject;
  /** Answers refs of inline queries. */
  readonly resolver: Resolver;
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly target: Target;
  /** To open the target with `withTarget`. */
  readonly request: TargetRequest;
  readonly inputs: CompileInputs;
  /** Begins to compile late nodes. */
  readonly finish: Compilation['finish'];
}

/** A project's file and target, before its other files are read. */
export interface ReadProject {
  readonly projectDir: string;
  readonly env: Env;
  /** From --vars. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly file: ProjectFile;
  readonly target: Target;
  readonly request: TargetRequest;
  readonly yamlInputs: YamlInputs;
}

/** Reads dbt_project.yml and the target; starts and connects to nothing. */
export function readProject(context: ProgramContext, options: CommonOptions): ReadProject {
  const projectDir = resolve(options.projectDir);
  const env = readEnv(projectDir, context.env);
  const text = readProjectText(projectDir);
  const vars = parseVars(options.varsText);
  const profile = options.profile ?? readProfileName(text, { vars, env });
  const request: TargetRequest = {
    projectDir,
    profilesDir: options.profilesDir,
    profile,
    target: options.target,
    env,
    reporter: context.reporter,
    signal: context.signal,
  };
  const target = readTarget(request);
  const yamlInputs = { target: yamlTarget(targetFacts(target, options.threads)), vars, env };
  const written = parseProjectFile(
    { project: text, vars: readOptionalText(projectDir, 'vars.yml') },
    yamlInputs,
  );
  const { targetPath = written.paths.target } = options;
  const file = { ...written, paths: { ...written.paths, target: targetPath } };
  return { projectDir, env, vars, file, target, request, yamlInputs };
}

/** dbt's word for the command, and what else templates find among their `flags`. */
export interface InvocationFlags {
  readonly WHICH: string;
  readonly FAIL_FAST?: boolean;
}

/** Reads, parses and compiles a project. */
export async function loadProject(
  context: ProgramContext,
  options: CommonOptions,
  flags: InvocationFlags,
): Promise<LoadedProject> {
  const read = readProject(context, options);
  const { projectDir, env, vars, file, target, request, yamlInputs } = read;
  const [ownFiles, installed] = await Promise.all([
    readFiles(projectDir, file.name, file.paths),
    readPackages(projectDir, file, yamlInputs),
  ]);
  const files = [...ownFiles, ...installed.files];
  const parseCache = openParseCache(join(projectDir, file.paths.target));
  const parsed = parseProject(file, files, {
    inputs: yamlInputs,
    packages: installed.projects,
    parseCache,
  });
  const inputs: CompileInputs = {
    target: targetFacts(target, options.threads),
    vars,
    env,
    runStartedAt: new Date().toISOString(),
    invocationId: randomUUID(),
    parseCache,
    flags: {
      ...flags,
      ...(options.fullRefresh === true ? { FULL_REFRESH: true } : {}),
      STORE_FAILURES: options.storeFailures ?? file.flags['store_failures'] === true,
    },
    eventTime: parseEventTime(options.eventTime),
  };
  const compilation = prepareCompilation(parsed, inputs, (message) =>
    context.reporter.info(message),
  );
  const { manifest, resolver } = compilation.project;
  parseCache.save();
  reportWarnings(context, parsed);
  const graph = buildGraph(manifest);
  return {
    ...{ projectDir, file, parsed, resolver, manifest, graph, target, request, inputs },
    finish: compilation.finish,
  };
}

/** Compiles a project again, with other relations for what it reads. */
export function compileDeferred(
  { reporter }: ProgramContext,
  project: LoadedProject,
  deferred: CompileInputs['deferred'],
): LoadedProject {
  const inputs = { ...project.inputs, deferred };
  // What templates log while they are compiled has been told the first time.
  let isTold = true;
  const compilation = prepareCompilation(project.parsed, inputs, (message) => {
    if (!isTold) reporter.info(message);
  });
  isTold = false;
  const { manifest, resolver } = compilation.project;
  const graph = buildGraph(manifest);
  return { ...project, inputs, manifest, resolver, graph, finish: compilation.finish };
}

/** A config of a folder is found once for each node of it and told once. */
function reportWarnings(context: ProgramContext, { warnings }: ParsedProject): void {
  const lines = warnings.map(({ where, message, hint }) => {
    const place = where === undefined ? '' : `${formatPlace(where)}: `;
    return `${place}${message}${hint === undefined ? '' : `; ${hint}`}`;
  });
  for (const line of new Set(lines)) context.reporter.warn(line);
}

/** `target` as YAML's templates see it: the same names as in models. */
function yamlTarget(facts: CompileInputs['target']): YamlInputs['target'] {
  const { profile, name, ...rest } = facts;
  const { database } = facts;
  return {
    ...rest,
    name,
    target_name: name,
    profile_name: profile,
    type: 'postgres',
    dbname: database,
  };
}

/**
 * Returns the values of --vars.
 * @throws {UserError} where it is not a YAML map.
 */
export function parseVars(varsText: string | undefined): Readonly<Record<string, unknown>> {
  return parseMap('--vars', varsText);
}

/**
 * Returns the values of a flag that holds a YAML map; none where it is not given.
 * @throws {UserError} where it is not a map.
 */
export function parseMap(
  flag: '--vars' | '--args',
  text: string | undefined,
): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  const { value } = parseYaml({ path: flag, text });
  if (isMapValue(value)) return value;
  throw new UserError(`${flag} is not a map`, { where: flag, hint: "write it as '{cycle: 2020}'" });
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
/** Compiles the late ones among these nodes with what the database holds now. */
export async function compileLate(
  context: ProgramContext,
  project: LoadedProject,
  ids: ReadonlySet<NodeId>,
): Promise<LoadedProject> {
  const { manifest } = project;
  const late = [...ids].filter((id) => manifest.nodes.get(id)?.isLate === true);
  if (late.length === 0) return project;
  const turn = project.finish(
    late.map((id) => ({ id })),
    [...ids],
  );
  const finished = await answerUntilDone(context, project.request, turn);
  const nodes = new Map(
    [...manifest.nodes].map(([id, node]) => [id, finished.get(id) ?? node] as const),
  );
  return { ...project, manifest: { ...manifest, nodes } };
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
