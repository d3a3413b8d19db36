// A plan for people: what would run, in order, with its statements.

import type { LogFormat } from '../../core/reporter.ts';
import type { BuildStep, Plan, Statement, Step, TestStep } from '../plan/types.ts';

/** Formats a plan: JSON as it is, or one block of commented SQL per step. */
export function formatPlan(plan: Plan, format: LogFormat): string {
  if (format === 'json') return JSON.stringify(plan, null, 2);
  const total = plan.steps.length;
  const steps = plan.steps.map((step, index) => formatStep(step, `${index + 1} of ${total}`));
  const schemas = plan.schemas.length === 0 ? [] : [`-- schemas\n${statements(plan.schemas)}`];
  const cleanup =
    plan.cleanup.length === 0
      ? []
      : [`-- left by a run that was killed\n${statements(plan.cleanup)}`];
  return [...cleanup, ...schemas, ...steps].join('\n\n');
}

const lateNote = '-- its template asks the database: compiled when its turn comes';

function formatStep(step: Step, position: string): string {
  switch (step.kind) {
    case 'build':
      return formatBuild(step, position);
    case 'test':
      return formatTest(step, position);
    case 'unit-test':
      return `-- ${position}: unit test ${step.node}\n${step.isLate ? lateNote : `${step.sql};`}`;
  }
}

function formatBuild(step: BuildStep, position: string): string {
  const name = `${step.relation.schema}.${step.relation.identifier}`;
  const after = step.after.length === 0 ? '' : ` after ${step.after.join(', ')}`;
  const parts = [
    `-- ${position}: build ${step.materialized} ${name}${after}`,
    step.isLate ? lateNote : statements(step.stage),
  ];
  if (step.fill.length > 0) {
    parts.push(
      '-- where the one published has the same definition, it is refreshed instead of this:',
    );
    parts.push(statements(step.fill));
  }
  if (step.load) parts.push(`-- copy ${step.load.path} into the staged table`);
  if (step.finish.length > 0) parts.push(statements(step.finish));
  for (const audit of step.audits) parts.push(`-- audit ${audit.test} (${audit.severity})`);
  parts.push(...formatPublication(step));
  for (const [when, hooks] of Object.entries(step.postHooks ?? {})) {
    if (hooks.length > 0) parts.push(`-- ${when} the publishing transaction`, statements(hooks));
  }
  if (step.record && step.record.length > 0) {
    parts.push(`-- in the same transaction\n${statements(step.record)}`);
  }
  return parts.join('\n');
}

function formatPublication(step: BuildStep): string[] {
  const { publication } = step;
  switch (publication.kind) {
    case 'refuse':
      return [`-- publish: refused, ${publication.reason}; ${publication.hint}`];
    case 'in-place':
      return [
        `-- publish in place, since a swap would lose: ${publication.because.join(', ')}`,
        statements(publication.statements),
        ...(publication.after?.length ? [statements(publication.after)] : []),
      ];
    case 'swap':
      return [
        '-- publish by a short swap',
        statements(publication.statements),
        statements(publication.retire),
      ];
    case 'merge':
      return [
        '-- merge in one transaction, in which the tests run before the commit',
        statements([...publication.prepare, ...publication.changes, ...publication.statements]),
        statements(publication.retire),
      ];
    case 'create':
    case 'replace-view':
      return ['-- publish', statements(publication.statements)];
  }
}

function formatTest(step: TestStep, position: string): string {
  return step.queries
    .map(({ test, sql, severity, isLate }) => {
      return `-- ${position}: test ${test} (${severity})\n${isLate ? lateNote : `${sql};`}`;
    })
    .join('\n');
}

function statements(list: readonly Statement[]): string {
  return list
    .map(({ sql, hook }) => {
      const text = `${sql.trimEnd().replace(/;$/, '')};`;
      return hook === undefined ? text : `-- ${hook.label}\n${text}`;
    })
    .join('\n');
}
