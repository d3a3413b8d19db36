// Which nodes are merged into the table that is there, and which are built whole; and their stages.

import { UserError } from '../../core/errors.ts';
import type { Buildable, Model } from '../compile/types.ts';
import { recordBatches } from './batches.ts';
import { stageFirstVersions, stageVersions } from './snapshot.ts';
import { deltaStatements, seedStage, stageStatements, withPreHooks } from './stage.ts';
import type {
  BuildStep,
  Delta,
  PublishedStep,
  RelationState,
  Statement,
  VersionDelta,
} from './types.ts';

/**
 * Returns how the rows of a node are merged; undefined where its table is built whole.
 * @throws {UserError} where the SQL was made for a table that is no longer there, or a snapshot finds no table.
 */
export function mergeOf(
  node: Buildable,
  current: RelationState | undefined,
): Delta | VersionDelta | undefined {
  const isTable = current?.kind === 'table' || current?.kind === 'partitioned-table';
  if (node.kind === 'snapshot') {
    if (current !== undefined && !isTable) throw notTable(node, current);
    return isTable ? { versions: node } : undefined;
  }
  if (node.kind !== 'model' || node.incremental === undefined) return undefined;
  const { isFullRefresh, compiledAs } = node.incremental;
  if (isFullRefresh || compiledAs === false) return undefined;
  if (isTable) return deltaOf(node);
  if (compiledAs === true) throw changedMeanwhile(node.name, 'went away');
  return undefined;
}

/** What a snapshot has seen cannot be made again: nothing is ever replaced by one. */
function notTable({ name, path, relation }: Buildable, current: RelationState): UserError {
  const found = current.kind.replace('-', ' ');
  return new UserError(
    `snapshot \`${name}\` writes to \`${relation.schema}.${relation.identifier}\`, which is a ${found}`,
    { where: { path }, hint: 'drop it, or give the snapshot an alias or a schema' },
  );
}

function deltaOf({ incremental, batches }: Model): Delta | undefined {
  if (incremental === undefined) return undefined;
  const windows = (batches?.list ?? []).map(({ start, end }) => ({ start, end }));
  return { incremental, windows, eventTime: batches?.eventTime };
}

function changedMeanwhile(name: string, what: string): UserError {
  return new UserError(`the table of \`${name}\` ${what} while its SQL was made`, {
    hint: 'look who did it, and run again',
    exitCode: 1,
  });
}

type Staging = Pick<BuildStep, 'delta' | 'guard' | 'record' | 'stage'>;

/** Returns what a step stages to be merged. */
export function stageMerge(
  node: Buildable,
  delta: Delta | VersionDelta,
): Pick<Staging, 'delta' | 'record' | 'stage'> {
  if (node.kind === 'snapshot') return { delta, stage: withPreHooks(node, stageVersions(node)) };
  if (node.kind === 'seed') return { delta, stage: [] };
  return { delta, record: recordBatches(node, 'more'), stage: deltaStatements(node) };
}

/** Returns what a step stages as a whole; a seed's rows are copied and no statement. */
export function stageWhole(
  node: Buildable,
  step: PublishedStep,
  current: RelationState | undefined,
): Omit<Staging, 'delta'> {
  if (node.kind === 'seed') return { stage: seedStage(node) };
  if (node.kind === 'snapshot') {
    return {
      guard: { versions: node },
      stage: withPreHooks(node, stageFirstVersions(node, current)),
    };
  }
  return {
    guard: guardOf(node),
    record: recordBatches(node, 'all'),
    stage: stageStatements(node, step, current),
  };
}

/** Duplicates of a key are found at once, not by the first merge; a unique index finds them anyway. */
function guardOf(model: Model): Delta | undefined {
  const { uniqueKey = [], strategy } = model.incremental ?? {};
  const isIndexed = model.indexes.some(
    ({ unique, columns, where, nullsNotDistinct }) =>
      unique &&
      where === undefined &&
      nullsNotDistinct === true &&
      columns.length === uniqueKey.length &&
      columns.every((name) => uniqueKey.includes(name)),
  );
  return isIndexed && strategy !== 'microbatch' ? undefined : deltaOf(model);
}

/**
 * Gives a late step the SQL that was made for it.
 * @throws {UserError} where the SQL was made for another state of the table than the plan was.
 */
export function completeStage(
  step: BuildStep,
  node: Exclude<Buildable, { readonly kind: 'seed' }>,
  current: RelationState | undefined,
): Staging & { readonly stage: readonly Statement[] } {
  const compiledAs = node.kind === 'model' ? node.incremental?.compiledAs : undefined;
  if (step.delta === undefined) {
    if (compiledAs === true) throw changedMeanwhile(node.name, 'appeared');
    return stageWhole(node, step, current);
  }
  if (compiledAs === false) throw changedMeanwhile(node.name, 'went away');
  const delta = node.kind === 'model' ? deltaOf(node) : { versions: node };
  return stageMerge(node, delta ?? step.delta);
}
