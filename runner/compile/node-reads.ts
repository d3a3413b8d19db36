// What `ref` and `source` give while SQL is made, and what was read.

import type { Rendered } from '../../core/template/source-map.ts';
import type { Value } from '../../core/template/values.ts';
import type { NodeHandlers } from './context.ts';
import { type BodySql, cteName } from './ephemeral.ts';
import { type Expected, expectRead } from './late.ts';
import { cteValue } from './relation-value.ts';
import { type ResolvedModel, type Resolver, relationOfNode } from './resolve.ts';
import type { NodeId, RelationName } from './types.ts';

/** Gives the relation to read for a node. */
export type RelationOf = (id: NodeId, relation: RelationName) => RelationName;

/** How the reads of one node are answered. */
export interface ReadOptions {
  /** The package of the node that reads. */
  readonly from: string;
  readonly expected?: Expected;
  readonly relationOf?: RelationOf | undefined;
  /** Of a batch: gives what is read in the place of a relation that has a time. */
  readonly cut?: ((id: NodeId, relation: RelationName, eventTime: string) => Value) | undefined;
}

/** A node that is read; `buildable` is what a run can have a stage of. */
export interface ReadNode {
  readonly kind: 'buildable' | 'source';
  readonly relation: RelationName;
}

/** The reads of one node while it is rendered. */
export interface NodeReads {
  readonly ref: NodeHandlers['ref'];
  readonly source: NodeHandlers['source'];
  readonly nodes: ReadonlyMap<NodeId, ReadNode>;
  /** The SQL that was rendered, with the ephemeral models that it reads. */
  body(rendered: Rendered): BodySql;
}

/** Answers `ref` and `source` with relations, and notes what they name. */
export function readsOf(resolver: Resolver, options: ReadOptions): NodeReads {
  const { from, expected, cut, relationOf = (_id, relation) => relation } = options;
  const nodes = new Map<NodeId, ReadNode>();
  const ephemeral = new Set<ResolvedModel>();
  return {
    nodes,
    body: (rendered) => ({ rendered, ephemeral: [...ephemeral] }),
    ref: (packageName, name, _site, version): Value => {
      const found = resolver.findRef(packageName, name, { from, version });
      const { uniqueId, relation } = found;
      expectRead(expected, uniqueId, `ref('${name}')`);
      const kind = found.ephemeral === undefined ? 'buildable' : 'source';
      nodes.set(uniqueId, { kind, relation });
      if (found.ephemeral === undefined) {
        if (cut && found.eventTime !== undefined) return cut(uniqueId, relation, found.eventTime);
        return relationOfNode(resolver, found, relationOf(uniqueId, relation));
      }
      ephemeral.add(found.ephemeral);
      return cteValue(cteName(found.ephemeral));
    },
    source: (source, table): Value => {
      const found = resolver.findSource(source, table, { from });
      expectRead(expected, found.uniqueId, `source('${source}', '${table}')`);
      const { uniqueId, relation, eventTime } = found;
      nodes.set(uniqueId, { kind: 'source', relation });
      if (cut && eventTime !== undefined) return cut(uniqueId, relation, eventTime);
      return relationOfNode(resolver, found);
    },
  };
}
