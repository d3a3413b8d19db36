// on-run-start and on-run-end of the project and its packages, ready to be run.

import { AnswerJournal, attemptNodeHook } from '../compile/compile-hook.ts';
import { attemptMaterialization } from '../compile/compile-materialization.ts';
import { attemptOperation } from '../compile/operations.ts';
import type { Manifest, Operation } from '../compile/types.ts';
import type { AroundOptions } from '../execute/around.ts';
import type { ProjectHookRun, RunHooks } from '../execute/run-hooks.ts';
import { compareContract, describeTypes } from '../plan/contract.ts';
import { planPartitions } from '../plan/partitions.ts';
import type { Plan } from '../plan/types.ts';
import { hookResults } from '../report/hook-results.ts';
import type { LoadedProject } from './load-project.ts';

/** Functions of other stages that the steps of a plan need. */
export function aroundOptions(
  { resolver }: Pick<LoadedProject, 'resolver'>,
  manifest: Manifest,
): AroundOptions {
  return {
    materialize: (id, answers) => {
      const node = manifest.nodes.get(id);
      if (node?.kind !== 'model') throw new Error(`${id} is no model`);
      return attemptMaterialization(resolver, node, answers);
    },
    newJournal: () => new AnswerJournal(),
    renderHook: (hook, answers) => attemptNodeHook(resolver, hook, answers),
    compareContract,
    describeTypes,
    planPartitions,
  };
}

/** The hooks of the manifest, which has them in dbt's order: package by package, the project's own last. */
export function projectHooks(project: LoadedProject, plan: Plan): RunHooks {
  const { resolver, manifest, inputs } = project;
  const schemas = [
    ...new Set(plan.steps.flatMap((step) => (step.kind === 'build' ? [step.relation.schema] : []))),
  ].sort();
  const hooksOf = (key: Operation['hook']): readonly ProjectHookRun[] =>
    (manifest.operations ?? [])
      .filter(({ hook }) => hook === key)
      .map((operation) => ({
        id: operation.uniqueId,
        label: `\`${key}\` ${operation.index + 1} of ${operation.packageName}`,
        render: (outcomes, answers) => {
          const results = hookResults(manifest, inputs.target.database, outcomes);
          const run = key === 'on-run-end' ? { schemas, results } : undefined;
          const tried = attemptOperation(resolver, operation, run, answers);
          return tried.kind === 'done' ? { kind: 'done', value: tried.value.text } : tried;
        },
      }));
  return { start: hooksOf('on-run-start'), end: hooksOf('on-run-end') };
}
