// on-run-start and on-run-end of the project and its packages, ready to be run.

import { AnswerJournal, attemptNodeHook, attemptRunHook } from '../compile/compile-hook.ts';
import { attemptMaterialization } from '../compile/compile-materialization.ts';
import type { Manifest } from '../compile/types.ts';
import type { AroundOptions } from '../execute/around.ts';
import type { ProjectHookRun, RunHooks } from '../execute/run-hooks.ts';
import { compareContract, describeTypes } from '../plan/contract.ts';
import { planPartitions } from '../plan/partitions.ts';
import type { Plan } from '../plan/types.ts';
import type { ProjectFile } from '../project/types.ts';
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

/** As in dbt, the hooks of packages come before those of the project, package by package. */
export function projectHooks(project: LoadedProject, plan: Plan): RunHooks {
  const { parsed, resolver, manifest, inputs } = project;
  const others = (parsed.packages ?? []).filter(({ name }) => name !== parsed.file.name);
  const files = [...others].sort((a, b) => (a.name < b.name ? -1 : 1));
  const schemas = [
    ...new Set(plan.steps.flatMap((step) => (step.kind === 'build' ? [step.relation.schema] : []))),
  ].sort();
  const hooksOf = (key: 'on-run-start' | 'on-run-end'): readonly ProjectHookRun[] =>
    [...files, parsed.file].flatMap((file) =>
      listOf(file, key).map(({ sql, place }, index) => ({
        id: `operation.${file.name}.${file.name}-${key}-${index}`,
        label: `\`${key}\` ${index + 1} of ${file.name}`,
        render: (outcomes, answers) =>
          attemptRunHook(
            resolver,
            {
              packageName: file.name,
              path: place.path,
              sql,
              schemas,
              results: hookResults(manifest, inputs.target.database, outcomes),
            },
            answers,
          ),
      })),
    );
  return { start: hooksOf('on-run-start'), end: hooksOf('on-run-end') };
}

function listOf(file: ProjectFile, key: 'on-run-start' | 'on-run-end') {
  return key === 'on-run-start' ? file.onRunStart : file.onRunEnd;
}
