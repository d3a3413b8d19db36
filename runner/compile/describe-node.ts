// One node as artifacts and selections show it; what is costly is made when it is first read.

import { UserError } from '../../core/errors.ts';
import type { ConfigLayer, ParsedProject } from '../project/types.ts';
import type { CapturedRead } from './capture.ts';
import { type ConfigKind, resolveConfig } from './config.ts';
import { dbtConfig } from './dbt-config.ts';
import type { DescribedNode, DescribedType, ParsedNode } from './described.ts';
import { macroUses } from './macro-uses.ts';
import type { Resolver } from './resolve.ts';
import type { Node, NodeId } from './types.ts';

/** What describing a node needs of the project. */
export interface Describer {
  readonly parsed: ParsedProject;
  readonly resolver: Resolver;
  /** The compiled nodes. */
  readonly nodes: ReadonlyMap<NodeId, Node>;
  readonly faults: UserError[];
}

/** What is known of a node before it is described. */
export interface NodeParts {
  readonly type: DescribedType;
  readonly uniqueId: NodeId;
  readonly parsed: ParsedNode;
  /** Those of the file as well; the layers of `parsed` where absent. */
  readonly layers?: readonly ConfigLayer[];
  /** The resolved config, where it is there already. */
  readonly config?: () => Readonly<Record<string, unknown>>;
  readonly reads?: readonly CapturedRead[];
  /** Of its template, to find macros in. */
  readonly tree?: () => unknown;
  readonly dependsOn?: readonly NodeId[];
  readonly relation?: DescribedNode['relation'];
}

const configKinds: Readonly<Record<DescribedType, ConfigKind>> = {
  model: 'model',
  seed: 'seed',
  snapshot: 'snapshot',
  test: 'test',
  source: 'source',
  analysis: 'analysis',
  exposure: 'exposure',
  unit_test: 'unitTest',
  metric: 'metric',
  semantic_model: 'semanticModel',
  saved_query: 'savedQuery',
};

/** The kinds that a manifest of the compiler holds: what is missing there is disabled. */
const compiled: ReadonlySet<DescribedType> = new Set(['model', 'seed', 'test', 'source']);

/** Describes a node; undefined where it is disabled. */
export function describeNode(describer: Describer, parts: NodeParts): DescribedNode | undefined {
  const { resolver, nodes, faults } = describer;
  const { type, uniqueId, parsed, reads = [] } = parts;
  const node = nodes.get(uniqueId);
  if (node === undefined && compiled.has(type)) return undefined;
  const layers = parts.layers ?? parsed.layers;
  const report = resolver.facts.configReport?.(parsed.packageName);
  const config = once(() => {
    // What is odd has been told when the node was compiled.
    const told = { isStrict: report?.isStrict ?? false, warnings: [] };
    const given = parts.config?.() ?? resolveConfig(configKinds[type], layers, faults, told) ?? {};
    return dbtConfig(type, given);
  });
  if (node === undefined && config()['enabled'] === false) return undefined;
  const unrendered = once(() => mergedLayers(layers));
  const macros = once(() => macroUses(parts.tree?.(), parsed.packageName, resolver.facts.macros));
  const relation = parts.relation ?? (node && 'relation' in node ? node.relation : undefined);
  const isModel = parsed.kind === 'model';
  return {
    uniqueId,
    resourceType: type,
    node,
    parsed,
    fqn: parsed.fqn,
    tags: node?.tags ?? textsOf(config()['tags']),
    get config() {
      return config();
    },
    get unrenderedConfig() {
      return unrendered();
    },
    dependsOn: node?.dependsOn ?? parts.dependsOn ?? [],
    get macros() {
      return macros();
    },
    reads,
    relation,
    patchPath: patchPathOf(parsed),
    version: isModel ? parsed.version : undefined,
    latestVersion: isModel ? parsed.latestVersion : undefined,
  };
}

/** The ids of what is read, sorted; what nothing answers to is a fault. */
export function nodesOfReads(
  { resolver, faults }: Describer,
  from: string,
  reads: readonly CapturedRead[],
): readonly NodeId[] {
  const ids = reads.flatMap(({ kind, words: [first, second], version, place }) => {
    try {
      const found =
        kind === 'ref'
          ? resolver.findRef(first, second, { from, version })
          : resolver.findSource(first ?? '', second, { from });
      return [found.uniqueId];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { hint, cause } = error;
      faults.push(new UserError(error.message, { where: place, hint, cause }));
      return [];
    }
  });
  return [...new Set(ids)].sort();
}

function mergedLayers(layers: readonly ConfigLayer[]): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...layers.map((layer) => layer.unrendered ?? layer.values)) as Record<
    string,
    unknown
  >;
}

function patchPathOf(parsed: ParsedNode): string | undefined {
  const isFile = ['model', 'seed', 'snapshot', 'analysis', 'singular-test'].includes(parsed.kind);
  const path = isFile ? parsed.properties?.place.path : undefined;
  return path === parsed.path ? undefined : path;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
