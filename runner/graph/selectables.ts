import type { DescribedNode } from '../compile/described.ts';
import type { NodeId } from '../compile/types.ts';
import type { Edges, Selectable } from './types.ts';

/** Shows the nodes of a project as selections see them. */
export function selectablesOf(
  nodes: ReadonlyMap<NodeId, DescribedNode>,
): ReadonlyMap<NodeId, Selectable> {
  return new Map([...nodes].map(([id, node]) => [id, selectableOf(node)]));
}

/** The edges between all nodes, exposures and what else is never built among them. */
export function edgesBetween(nodes: ReadonlyMap<NodeId, Selectable>): Edges {
  const children = new Map<NodeId, NodeId[]>([...nodes.keys()].map((id) => [id, []]));
  for (const node of nodes.values()) {
    for (const parent of node.dependsOn) children.get(parent)?.push(node.uniqueId);
  }
  return { parents: new Map([...nodes].map(([id, node]) => [id, node.dependsOn])), children };
}

function selectableOf(node: DescribedNode): Selectable {
  const { parsed } = node;
  const textOf = (key: string): string | undefined => {
    const value = node.config[key];
    return typeof value === 'string' ? value : undefined;
  };
  const testType = parsed.kind === 'generic-test' ? 'generic' : 'singular';
  return {
    uniqueId: node.uniqueId,
    resourceType: node.resourceType,
    name: parsed.name,
    packageName: parsed.packageName,
    fqn: node.fqn,
    path: parsed.path,
    patchPath: node.patchPath,
    tags: node.tags,
    dependsOn: node.dependsOn,
    // Read when it is asked for: it is made then.
    get config() {
      return node.config;
    },
    get group() {
      return textOf('group');
    },
    get access() {
      return textOf('access');
    },
    version: node.version,
    latestVersion: node.latestVersion,
    sourceName: parsed.kind === 'source' ? parsed.sourceName : undefined,
    testType: node.resourceType === 'test' ? testType : undefined,
    testName: parsed.kind === 'generic-test' ? parsed.testName.split('.').at(-1) : undefined,
  };
}
