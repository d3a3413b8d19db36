// What a project may hold and this version does not build: said before anything is done.

import { throwFaults, UserError } from '../../core/errors.ts';
import type { Manifest, Node } from '../compile/types.ts';
import type { ParsedProject } from '../project/types.ts';
import type { Verb } from './run-nodes.ts';

/** What a command is about to work on. */
export interface Work {
  readonly parsed: ParsedProject;
  readonly manifest: Manifest;
  readonly selected: ReadonlySet<string>;
  readonly verb: Verb;
}

/**
 * Refuses nodes that the command would have to build and cannot, and hooks of the project.
 * @throws {UserErrors} with every one of them
 */
export function refuseUnbuildable(work: Work): void {
  throwFaults([...hookFaults(work), ...nodeFaults(work)]);
}

function nodeFaults({ manifest, selected, verb }: Work): UserError[] {
  return [...manifest.nodes.values()]
    .filter((node) => selected.has(node.uniqueId) && isWorkedOn(node, verb))
    .flatMap((node) =>
      (node.refusals ?? []).map(
        ({ message, where }) =>
          new UserError(`\`${node.name}\`: ${message}`, {
            where: where ?? { path: node.path },
            hint: `leave it out with --exclude ${node.name}, or change the config`,
          }),
      ),
    );
}

function isWorkedOn(node: Node, verb: Verb): boolean {
  if (verb === 'build') return true;
  return node.kind === { run: 'model', test: 'test', seed: 'seed', snapshot: 'snapshot' }[verb];
}

function hookFaults({ parsed }: Work): UserError[] {
  const hooks = [
    ...parsed.file.onRunStart.map((hook) => ({ ...hook, key: 'on-run-start' })),
    ...parsed.file.onRunEnd.map((hook) => ({ ...hook, key: 'on-run-end' })),
  ];
  return hooks.map(
    ({ key, place }) =>
      new UserError(`\`${key}\` hooks are not run by this version`, {
        where: place,
        hint: 'remove the hook, or run its SQL yourself',
      }),
  );
}
