import type { NodeId } from '../compile/types.ts';

/** Who reads whom; a project's graph has no cycles. */
export interface Graph {
  readonly parents: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly children: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Every node after its parents; among equals by id, so that two runs have the same order. */
  readonly order: readonly NodeId[];
}
