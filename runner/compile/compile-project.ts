// ParsedProject -> Manifest. Pure: project and inputs decide every byte.

import { throwFaults, UserError } from '../../core/errors.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedProject } from '../project/types.ts';
import { type Captured, captureNode } from './capture.ts';
import { checkAccess } from './check-access.ts';
import { collectFaults, inOrder } from './collect-faults.ts';
import { compileNodes, type LateRequest, nodeRecipes, type Turn, turnOf } from './compile-nodes.ts';
import type { ConfigReport } from './config.ts';
import type { ProjectFacts } from './context.ts';
import { deprecationWarnings } from './deprecations.ts';
import { graphValue } from './graph-value.ts';
import type { CompileInputs } from './inputs.ts';
import { loadMacros } from './macro-library.ts';
import { checkOperation, operationsOf } from './operations.ts';
import { captureKey, type Resolver, resolveNodes } from './resolve.ts';
import type { Manifest, Node, NodeId, Operation, RelationName } from './types.ts';
import { packageVars } from './vars.ts';

/** A project that is resolved and can render more text, such as an inline query. */
export interface CompiledProject {
  readonly manifest: Manifest;
  readonly resolver: Resolver;
}

/** A project of which every node is compiled but the late ones. */
export interface Compilation {
  readonly project: CompiledProject;
  /** Begins to compile late nodes, for one turn: the answers of another turn are forgotten. */
  finish(requests: readonly LateRequest[], selected: readonly NodeId[]): Turn;
}

/**
 * Compiles a project for a target.
 * @throws {UserErrors} with every fault of the project, in the order of their places.
 * @throws {UserError} where a template asks the database.
 */
export function compileProject(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void = () => undefined,
): CompiledProject {
  const { project, finish } = prepareCompilation(parsed, inputs, onLog);
  const late = [...project.manifest.nodes.values()].filter((node) => node.isLate);
  const tried = finish(
    late.map(({ uniqueId }) => ({ id: uniqueId })),
    [],
  )(new Map());
  if (tried.kind === 'done') {
    const { manifest } = project;
    const nodes = [...manifest.nodes].map(
      ([id, node]) => [id, tried.value.get(id) ?? node] as const,
    );
    return { ...project, manifest: { ...manifest, nodes: new Map(nodes) } };
  }
  const [first] = tried.questions;
  throw new UserError(`a template asks the database: \`${first?.sql ?? ''}\``, {
    hint: 'compile with a database at hand',
  });
}

/**
 * Compiles a project without a database; nodes whose templates ask it are late.
 * @throws {UserErrors} with every fault of the project, in the order of their places.
 */
export function prepareCompilation(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void,
): Compilation {
  const faults: UserError[] = [];
  const facts = projectFacts(parsed, inputs, onLog, faults);
  const captured = new Map<string, Captured>();
  const { models, snapshots, analyses, singularTests } = parsed;
  for (const node of [...models, ...snapshots, ...analyses, ...singularTests]) {
    for (const capture of collectFaults(faults, () => captureNode(facts, node))) {
      captured.set(captureKey(node), capture);
    }
  }
  throwFaults(inOrder(faults));
  const resolved = resolveNodes(facts, parsed, captured, faults);
  throwFaults(inOrder(faults));
  const resolver = withGraph(resolved, parsed);
  const recipes = nodeRecipes(parsed, resolver);
  const { nodes, late } = compileNodes(resolver, recipes);
  faults.push(...checkAccess(parsed, resolver, nodes));
  parsed.warnings.push(...deprecationWarnings(resolver, nodes, inputs.runStartedAt));
  const operations = operationsOf(parsed).flatMap((operation) =>
    collectFaults(faults, () => checkOperation(resolver, operation)),
  );
  throwFaults(inOrder([...faults, ...sharedStores(nodes)]));
  return {
    project: { manifest: toManifest(parsed.file.name, nodes, operations), resolver },
    finish: (requests, selected) => turnOf(requests, late, withSelection(resolver, selected)),
  };
}

function projectFacts(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void,
  faults: UserError[],
): ProjectFacts {
  const { file } = parsed;
  const order = { projectName: file.name, dispatch: file.dispatch };
  const vars = new Map<string, ReadonlyMap<string, unknown>>();
  const varsOf = (packageName: string): ReadonlyMap<string, unknown> => {
    const own = parsed.packages?.find((one) => one.name === packageName);
    const known = vars.get(packageName) ?? packageVars(file, own, packageName, inputs.vars);
    vars.set(packageName, known);
    return known;
  };
  return {
    inputs,
    quoting: file.quoting,
    macros: loadMacros(parsed.macroFiles, order, faults, inputs.parseCache),
    vars: varsOf(file.name),
    varsOf,
    projectName: file.name,
    configReport: reportOf(parsed),
    onLog,
    docOf: (from, packageName, name) => {
      const found = (parsed.docs ?? []).filter((block) => block.name === name);
      const order = packageName === undefined ? [from, file.name] : [packageName];
      const own = order.flatMap((one) => found.filter((block) => block.packageName === one));
      return (own[0] ?? (packageName === undefined ? found[0] : undefined))?.text;
    },
  };
}

/** What is odd in a package is its author's to act on, not this project's. */
function reportOf({ file, warnings }: ParsedProject): (packageName: string) => ConfigReport {
  const own = { isStrict: file.isStrict, warnings };
  return (packageName) => (packageName === file.name ? own : { isStrict: false, warnings: [] });
}

function withGraph(resolver: Resolver, parsed: ParsedProject): Resolver {
  let graph: Value | undefined;
  const facts: ProjectFacts = {
    ...resolver.facts,
    graph: () => {
      graph ??= graphValue(resolver, parsed);
      return graph;
    },
  };
  return { ...resolver, facts };
}

function withSelection(resolver: Resolver, selectedResources: readonly NodeId[]): Resolver {
  const inputs = { ...resolver.facts.inputs, selectedResources };
  return { ...resolver, facts: { ...resolver.facts, inputs } };
}

/** Failing rows of two tests in one relation, or in that of a model, would overwrite each other. */
function sharedStores(nodes: readonly Node[]): UserError[] {
  const keyOf = ({ schema, identifier }: RelationName): string => `${schema}.${identifier}`;
  const taken = new Map(
    nodes.flatMap((node) => ('staged' in node ? [[keyOf(node.relation), node.name]] : [])),
  );
  return nodes.flatMap((node) => {
    if (node.kind !== 'test' || node.stored === undefined) return [];
    const key = keyOf(node.stored.relation);
    const other = taken.get(key);
    taken.set(key, other ?? node.name);
    if (other === undefined) return [];
    return [
      new UserError(
        `failing rows of \`${node.name}\` would go to \`${key}\`, where \`${other}\` is`,
        {
          where: { path: node.path },
          hint: 'give one of them another `alias` or `schema` in its config',
        },
      ),
    ];
  });
}

function toManifest(
  projectName: string,
  nodes: readonly Node[],
  operations: readonly Operation[],
): Manifest {
  const ordered = [...nodes].sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
  return {
    projectName,
    nodes: new Map(ordered.map((node) => [node.uniqueId, node])),
    operations,
  };
}
