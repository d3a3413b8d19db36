// Late nodes of a run: each is compiled when its turn comes, over the connection of its step.

import type { Client } from '../../core/database.ts';
import type { Late } from '../compile/compile-nodes.ts';
import type { Manifest, Node, NodeId } from '../compile/types.ts';
import { answerQueries } from '../execute/answer-queries.ts';
import type { LateSteps } from '../execute/step-context.ts';
import { completeBuild } from '../plan/make-plan.ts';
import { quoteRelation, testQuery } from '../plan/statements.ts';
import type { Catalog } from '../plan/types.ts';
import { answerRounds } from './answer-questions.ts';
import type { LoadedProject } from './load-project.ts';

/** The late nodes of a run, and what has become of them. */
export interface LateRun {
  readonly steps: LateSteps;
  /** The project's manifest, in which a late node has its SQL once its turn has come. */
  readonly manifest: Manifest;
  /** Whether any node got its SQL since the run began. */
  hasFinished(): boolean;
}

/** Makes the SQL of late nodes of a run; `written` hears of each node that has got it. */
export function lateRun(
  project: Pick<LoadedProject, 'manifest' | 'finish'>,
  selected: ReadonlySet<NodeId>,
  catalog: Catalog,
  written: (node: Late) => Promise<void>,
): LateRun {
  const nodes = new Map<NodeId, Node>(project.manifest.nodes);
  let count = 0;
  const compile = async (id: NodeId, client: Client, staged?: NodeId): Promise<Late> => {
    const turn = project.finish([{ id, staged }], [...selected]);
    const finished = await answerRounds(turn, turn(new Map()), (questions) =>
      answerQueries(client, questions),
    );
    const node = finished.get(id);
    // A node that has become disabled would be one: its configs are known before anything runs.
    if (node === undefined) throw new Error(`nothing was compiled of ${id}`);
    nodes.set(id, node);
    count += 1;
    await written(node);
    return node;
  };
  return {
    manifest: { ...project.manifest, nodes },
    hasFinished: () => count > 0,
    steps: {
      build: async (step, client) => {
        const node = await compile(step.node, client);
        if (node.kind !== 'model' && node.kind !== 'snapshot') {
          throw new Error(`${step.node} is built and is a ${node.kind}`);
        }
        return completeBuild(step, node, catalog.relations.get(quoteRelation(node.relation)));
      },
      query: async (query, staged, client) => {
        const node = await compile(query.test, client, staged);
        if (node.kind !== 'test') throw new Error(`${query.test} is tested and no test`);
        return testQuery(node, staged);
      },
      unitTest: async (id, client) => {
        await compile(id, client);
      },
    },
  };
}
