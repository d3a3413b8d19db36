// What of a node's design names other nodes: hooks, and the tables that foreign keys point to.

import type { Value } from '../../core/template/values.ts';
import { hearNodeHooks } from './compile-hook.ts';
import type { Contract, PhysicalDesign } from './design.ts';
import { type Expected, expectRead } from './late.ts';
import { makeContract } from './make-contract.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import {
  type ResolvedModel,
  type ResolvedSnapshot,
  type Resolver,
  relationOfNode,
} from './resolve.ts';
import type { NodeId, RelationName } from './types.ts';

/** The nodes that a node reads: those noted so far, and those that a late one may still name. */
export interface NotedReads {
  readonly dependsOn: Set<NodeId>;
  readonly expected: Expected;
}

interface Found {
  readonly uniqueId: NodeId;
  readonly relation: RelationName;
}

/**
 * Notes what the hooks of a node read: it must be built before them.
 * @throws {TemplateError} for a fault in one of them
 */
export function noteHookReads(
  resolver: Resolver,
  node: ResolvedModel | ResolvedSnapshot,
  { preHooks, postHooks, afterCreate }: PhysicalDesign,
  { dependsOn, expected }: NotedReads,
): void {
  const { parsed, relation, config } = node;
  const { packageName, path } = parsed;
  const { database } = resolver.facts.inputs.target;
  const { schema, identifier: alias } = relation;
  const described = madeOnce(() => nodeValue({ ...parsed, database, schema, alias, config }));
  const noted = (found: Found, call: string): Value => {
    expectRead(expected, found.uniqueId, call);
    dependsOn.add(found.uniqueId);
    return relationOfNode(resolver, found);
  };
  const about = {
    path,
    packageName,
    get model() {
      return described();
    },
  };
  hearNodeHooks(resolver, about, relation, [...preHooks, ...postHooks, ...afterCreate], {
    ref: (from, name, _site, version) =>
      noted(resolver.findRef(from, name, { from: packageName, version }), `ref('${name}')`),
    source: (source, table) =>
      noted(
        resolver.findSource(source, table, { from: packageName }),
        `source('${source}', '${table}')`,
      ),
  });
}

/**
 * Returns what a model promises. A table that a foreign key points to must be built first; one may
 * point to the model itself.
 * @throws {UserError} for a promise that says too little
 */
export function contractOf(
  resolver: Resolver,
  { parsed, config, uniqueId }: ResolvedModel,
  dependsOn: Set<NodeId>,
): Contract | undefined {
  const from = parsed.packageName;
  const noted = (found: Found) => {
    if (found.uniqueId !== uniqueId) dependsOn.add(found.uniqueId);
    return found.relation;
  };
  return makeContract(parsed, config, {
    ref: (packageName, name, version) =>
      noted(resolver.findRef(packageName, name, { from, version })),
    source: (source, table) => noted(resolver.findSource(source, table, { from })),
  });
}
