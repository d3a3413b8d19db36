// Manifest -> Graph: who reads whom, and an order in which every node follows its parents.

import { UserError } from '../../core/errors.ts';
import type { Manifest, NodeId } from '../compile/types.ts';
import type { Graph } from './types.ts';

/** Raised for nodes that read each other in a circle; the message prints the path. */
export class CycleError extends UserError {
  override readonly name = 'CycleError';
}

/**
 * Builds the graph of a manifest.
 * @throws {CycleError} with the nodes of the circle and the file of each.
 */
export function buildGraph(manifest: Manifest): Graph {
  const parents = new Map<NodeId, readonly NodeId[]>();
  const children = new Map<NodeId, NodeId[]>();
  for (const id of manifest.nodes.keys()) children.set(id, []);
  for (const node of manifest.nodes.values()) {
    parents.set(node.uniqueId, node.dependsOn);
    for (const parent of node.dependsOn) children.get(parent)?.push(node.uniqueId);
  }
  return { parents, children, order: orderNodes(manifest, parents, children) };
}

function orderNodes(
  manifest: Manifest,
  parents: ReadonlyMap<NodeId, readonly NodeId[]>,
  children: ReadonlyMap<NodeId, readonly NodeId[]>,
): readonly NodeId[] {
  const waiting = new Map([...parents].map(([id, above]) => [id, above.length]));
  const order: NodeId[] = [];
  let ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  while (ready.length > 0) {
    const next: NodeId[] = [];
    for (const id of ready.sort()) {
      order.push(id);
      for (const child of children.get(id) ?? []) {
        const left = (waiting.get(child) ?? 0) - 1;
        waiting.set(child, left);
        if (left === 0) next.push(child);
      }
    }
    ready = next;
  }
  if (order.length < parents.size) throw cycleFault(manifest, parents, new Set(order));
  return order;
}

function cycleFault(
  manifest: Manifest,
  parents: ReadonlyMap<NodeId, readonly NodeId[]>,
  ordered: ReadonlySet<NodeId>,
): CycleError {
  // Walking up from any node that could not be ordered must come back to a node already seen.
  const trail: NodeId[] = [];
  let current = [...parents.keys()].filter((id) => !ordered.has(id)).sort()[0];
  while (current !== undefined && !trail.includes(current)) {
    trail.push(current);
    current = parents.get(current)?.find((id) => !ordered.has(id));
  }
  const start = current === undefined ? 0 : trail.indexOf(current);
  const circle = [...trail.slice(start), ...trail.slice(start, start + 1)].reverse();
  const names = circle.map((id) => manifest.nodes.get(id)?.name ?? id);
  const first = manifest.nodes.get(circle[0] ?? '');
  return new CycleError(`models read each other in a circle: ${names.join(' -> ')}`, {
    where: first === undefined ? undefined : { path: first.path },
    hint: 'take one of these refs away: no order builds them',
  });
}
