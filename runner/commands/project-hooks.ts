// on-run-start and on-run-end of the project and its packages, ready to be run.

import { AnswerJournal, attemptNodeHook } from '../compile/compile-hook.ts';
import { attemptOperation } from '../compile/operations.ts';
import type { Operation } from '../compile/types.ts';
import type { AroundOptions } from '../execute/around.ts';
import type { ProjectHookRun, RunHooks } from '../execute/run-hooks.ts';
import { compareContract, describeTypes } from '../plan/contract.ts';
import { planPartitions } from '../plan/partitions.ts';
import type { Plan } from '../plan/types.ts';
import { hookResults } from '../report/hook-results.ts';
import type { LoadedProject } from './load-project.ts';

/** Functions of other stages that the steps of a plan need. */
export function aroundOptions({ resolver }: Pick<LoadedProject, 'resolver'>): AroundOptions {
  return {
    newJournal: () => new AnswerJournal(),
    renderHook: (hook, answers) => attemptNodeHook(resolver, hook, answers),
    compareContract,
    describeTypes,
    planPartitions,
  };
}

/** The hooks as the manifest has them: those of packages before those of the project. */
export function projectHooks(project: LoadedProject, plan: Plan): RunHooks {
  const { resolver, manifest, inputs } = project;
  const schemas = [
    ...new Set(plan.steps.flatMap((step) => (step.kind === 'build' ? [step.relation.schema] : []))),
  ].sort();
  const { database } = inputs.target;
  const hooksOf = (hook: Operation['hook']): readonly ProjectHookRun[] =>
    (manifest.operations ?? [])
      .filter((operation) => operation.hook === hook)
      .map((operation) => ({
        id: operation.uniqueId,
        label: `\`${hook}\` ${operation.index + 1} of ${operation.packageName}`,
        render: (outcomes, answers) => {
          const results = hookResults(manifest, database, outcomes);
          const run = hook === 'on-run-end' ? { schemas, results } : undefined;
          const tried = attemptOperation(resolver, operation, run, answers);
          return tried.kind === 'done' ? { kind: 'done', value: tried.value.text } : tried;
        },
      }));
  return { start: hooksOf('on-run-start'), end: hooksOf('on-run-end') };
}
