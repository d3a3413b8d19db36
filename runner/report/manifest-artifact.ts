// target/manifest.json: everything that is known of a project, in dbt's shape.

import { createHash } from 'node:crypto';
import type { DescribedNode, DescribedProject } from '../compile/described.ts';
import type { ParsedProject } from '../project/types.ts';
import { artifactMetadata, artifactSchema, type InvocationFacts } from './artifact-metadata.ts';
import {
  manifestDoc,
  manifestExposure,
  manifestGroup,
  manifestMacro,
  manifestSemantic,
  manifestSource,
  manifestUnitTest,
} from './manifest-entries.ts';
import { manifestNode } from './manifest-nodes.ts';
import type { ManifestScope } from './manifest-shapes.ts';
import type { ManifestArtifact } from './manifest-types.ts';

/** What manifest.json is made from. */
export interface ManifestParts {
  readonly parsed: ParsedProject;
  readonly described: DescribedProject;
  readonly facts: InvocationFacts;
  /** Selectors as written, by name. */
  readonly selectors: Readonly<Record<string, unknown>>;
  readonly seedChecksums: ManifestScope['seedChecksums'];
  readonly compiledPath: ManifestScope['compiledPath'];
}

/** Makes manifest.json; the same project gives the same nodes in the same order. */
export function manifestArtifact(parts: ManifestParts): ManifestArtifact {
  const { parsed, described, facts } = parts;
  const scope: ManifestScope = {
    database: facts.databaseName,
    projectName: parsed.file.name,
    projects: new Map([...parsed.packages, parsed.file].map((file) => [file.name, file])),
    createdAt: Date.parse(facts.generatedAt) / 1000,
    seedChecksums: parts.seedChecksums,
    compiledPath: parts.compiledPath,
  };
  const nodes = [...described.nodes.values()];
  const lists = listsOf(scope, nodes, described);
  return {
    metadata: {
      ...artifactMetadata(artifactSchema('manifest'), facts),
      project_name: parsed.file.name,
      project_id: createHash('md5').update(parsed.file.name).digest('hex'),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'postgres',
      quoting: { database: true, schema: true, identifier: true, column: null },
    },
    nodes: lists.nodes,
    sources: lists.sources,
    macros: lists.macros(parsed),
    docs: byId(parsed.docs.map((block) => manifestDoc(scope, block))),
    exposures: lists.exposures,
    metrics: lists.semantic('metric'),
    groups: byId(parsed.groups.map((group) => manifestGroup(scope, group))),
    selectors: selectorsOf(parts.selectors),
    disabled: {},
    parent_map: Object.fromEntries(nodes.map((node) => [node.uniqueId, node.dependsOn])),
    child_map: childMap(nodes),
    group_map: groupMap(parsed, nodes),
    saved_queries: lists.semantic('saved_query'),
    semantic_models: lists.semantic('semantic_model'),
    unit_tests: lists.unitTests,
  };
}

function listsOf(
  scope: ManifestScope,
  nodes: readonly DescribedNode[],
  described: DescribedProject,
) {
  const tests = attachedTests(nodes);
  const isNode = new Set(['model', 'seed', 'snapshot', 'analysis', 'test']);
  return {
    nodes: byId(
      nodes
        .filter((node) => isNode.has(node.resourceType))
        .map((node) => manifestNode(scope, node, tests.get(node.uniqueId) ?? [])),
    ),
    sources: byId(
      nodes.flatMap((node) =>
        node.parsed.kind === 'source' ? [manifestSource(scope, node, node.parsed)] : [],
      ),
    ),
    exposures: byId(
      nodes.flatMap((node) =>
        node.parsed.kind === 'exposure' ? [manifestExposure(scope, node, node.parsed)] : [],
      ),
    ),
    unitTests: byId(
      nodes.flatMap((node) => {
        if (node.parsed.kind !== 'unit-test') return [];
        const model = described.nodes.get(node.dependsOn[0] ?? '');
        return [manifestUnitTest(scope, node, node.parsed, model?.relation?.schema)];
      }),
    ),
    semantic: (type: DescribedNode['resourceType']) =>
      byId(
        nodes.flatMap((node) =>
          node.resourceType === type && 'entry' in node.parsed
            ? [manifestSemantic(scope, node, node.parsed)]
            : [],
        ),
      ),
    macros: ({ macroProperties }: ParsedProject) =>
      byId(
        described.macros.map((macro) => {
          const said = macroProperties.find(
            (one) => one.name === macro.name && one.packageName === macro.packageName,
          );
          return manifestMacro(scope, macro, said);
        }),
      ),
  };
}

function attachedTests(nodes: readonly DescribedNode[]): ReadonlyMap<string, DescribedNode[]> {
  const attached = new Map<string, DescribedNode[]>();
  for (const node of nodes) {
    const to = node.node?.kind === 'test' ? node.node.attachedTo : undefined;
    if (to === undefined) continue;
    const known = attached.get(to);
    if (known) known.push(node);
    else attached.set(to, [node]);
  }
  return attached;
}

function byId<T extends { readonly unique_id: string }>(
  entries: readonly T[],
): Readonly<Record<string, T>> {
  return Object.fromEntries(entries.map((entry) => [entry.unique_id, entry]));
}

function childMap(nodes: readonly DescribedNode[]): Readonly<Record<string, readonly string[]>> {
  const children = new Map<string, string[]>(nodes.map((node) => [node.uniqueId, []]));
  for (const node of nodes) {
    for (const parent of node.dependsOn) children.get(parent)?.push(node.uniqueId);
  }
  return Object.fromEntries(children);
}

function groupMap(
  parsed: ParsedProject,
  nodes: readonly DescribedNode[],
): Readonly<Record<string, readonly string[]>> {
  if (parsed.groups.length === 0) return {};
  return Object.fromEntries(
    parsed.groups.map(({ name }) => [
      name,
      nodes.filter(({ config }) => config['group'] === name).map((node) => node.uniqueId),
    ]),
  );
}

function selectorsOf(
  selectors: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(
    Object.entries(selectors).map(([name, definition]) => [name, { name, definition }]),
  );
}
