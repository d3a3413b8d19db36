// Late nodes: their templates ask the database, or of the run, and are rendered when their turn comes, as
// dbt renders every node; so they see what the nodes before them have built.

import { throwFaults, UserError } from '../../core/errors.ts';
import { ValueFault } from '../../core/template/errors.ts';
import type { CapturedRead } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import type { Resolver } from './resolve.ts';
import type { NodeId } from './types.ts';

/** The nodes that a late node may read: the order of the run was made of them. Undefined for any. */
export type Expected = ReadonlySet<NodeId> | undefined;

/** Refuses what a late node reads only now. @throws {ValueFault} with what to write instead */
export function expectRead(expected: Expected, id: NodeId, call: string): void {
  if (expected === undefined || expected.has(id)) return;
  throw new ValueFault(
    `\`${call}\` is met only once the database is asked, too late to build it first`,
    `name it before that: write \`-- depends_on: {{ ${call} }}\` into the file`,
  );
}

/**
 * Returns the ids of what a template named before anything was asked, sorted.
 * @throws {UserErrors} with every name that nothing answers to.
 */
export function parentsOf(
  resolver: Resolver,
  from: string,
  reads: readonly CapturedRead[],
): readonly NodeId[] {
  const faults: UserError[] = [];
  const find = ({ kind, words: [first, second], version }: CapturedRead): NodeId =>
    kind === 'ref'
      ? resolver.findRef(first, second, { from, version }).uniqueId
      : resolver.findSource(first ?? '', second, { from }).uniqueId;
  const ids = reads.flatMap((read) =>
    collectFaults(faults, () => {
      try {
        return find(read);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const { message, hint } = error;
        throw new UserError(message, { where: read.place, hint, cause: error });
      }
    }),
  );
  throwFaults(faults);
  return [...new Set(ids)].sort();
}
