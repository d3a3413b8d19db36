// `extract bulk`: the zips of a cycle into Bronze, each file a load of its own.

import { isServerError } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import { withLease } from '../../core/locks.ts';
import { migrate } from '../../core/migrations.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readVersion } from '../../core/version.ts';
import { closeCrashedAttempts, settleUnchanged } from '../bronze/attempts.ts';
import { ensureTables } from '../bronze/ensure-tables.ts';
import { bronzeSchema } from '../bronze/migrations.ts';
import { recordChecks } from '../bronze/state.ts';
import { type BulkFile, type FoundFiles, findFiles, localFolder } from '../bulk/find-files.ts';
import { GuardError } from '../bulk/guards.ts';
import { sweepStaging } from '../bulk/staging.ts';
import { checkCycle, datasets, fileName, findDatasets } from '../datasets/catalog.ts';
import type { Dataset } from '../datasets/types.ts';
import { ArchiveError } from '../errors.ts';
import { type BulkRun, type FileOutcome, loadFile } from './load-file.ts';
import { type BronzeDatabases, withBronze } from './open-bronze.ts';
import { createTally, reportFailure, reportFile, reportTotal, type Tally } from './report-bulk.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract bulk`. */
export interface BulkOptions extends CommonOptions {
  /** The even year that ends the cycle. */
  readonly cycle: number;
  /** Folder of the zips, or an address to fetch them from; the FEC's when undefined. */
  readonly from: string | undefined;
  /** Names of datasets; none means all that the folder has. */
  readonly datasets: readonly string[];
  /** True to put each file in the place of its cycle's rows without comparing them. */
  readonly full?: boolean;
  /** True to load what the guards would stop. */
  readonly accept?: boolean;
}

/**
 * Loads the files of several cycles, one after the other. A folder is looked into for all of them before
 * anything is run; a cycle that cannot be fetched is told and does not keep the others from being loaded.
 */
export async function bulkCycles(
  context: ProgramContext,
  cycles: readonly number[],
  options: Omit<BulkOptions, 'cycle'>,
): Promise<ExitCode> {
  const wanted = findDatasets(options.datasets);
  const isOne = cycles.length === 1;
  for (const cycle of isOne ? [] : cycles) listLocalFiles({ ...options, cycle }, wanted);
  let code: ExitCode = 0;
  for (const cycle of cycles) {
    if (!isOne) context.reporter.info(`cycle ${cycle}`, { cycle });
    try {
      if ((await bulk(context, { ...options, cycle })) !== 0) code = 1;
    } catch (error) {
      if (isOne || !(error instanceof UserError) || error.exitCode === 2) throw error;
      context.reporter.fault(error);
      code = 1;
    }
  }
  return code;
}

/** Loads the files of a cycle; a file that is loaded already is passed over. */
export async function bulk(context: ProgramContext, options: BulkOptions): Promise<ExitCode> {
  checkCycle(options.cycle);
  const wanted = findDatasets(options.datasets);
  const local = findLocalFiles(context, options, wanted);
  return withBronze(context, options, `bulk ${options.cycle}`, async (databases) => {
    await migrate(databases.connection, bronzeSchema);
    if (local !== undefined) return loadAll(context, options, databases, { files: local });
    const { withFetchedBulk } = await import('./fetch-bulk.ts');
    return withFetchedBulk(context, options, databases, (source) =>
      loadAll(context, options, databases, source),
    );
  });
}

/** Returns the files of the folder that is named; undefined where they are to be fetched. */
function findLocalFiles(
  { reporter }: ProgramContext,
  options: BulkOptions,
  wanted: readonly Dataset[],
): readonly BulkFile[] | undefined {
  if (localFolder(options.from) === undefined) return undefined;
  const { files, missing } = listLocalFiles(options, wanted);
  if (missing.length > 0) {
    const names = missing.map((dataset) => fileName(dataset, options.cycle));
    reporter.info(`not in ${options.from}, passed over: ${names.join(', ')}`, { missing: names });
  }
  return files;
}

function listLocalFiles(options: BulkOptions, wanted: readonly Dataset[]): FoundFiles {
  const folder = localFolder(options.from);
  if (folder === undefined) return { files: [], missing: [] };
  return findFiles(folder, options.cycle, wanted, options.datasets.length > 0);
}

/** What is to be loaded, and what is known of the rest of the cycle already. */
export interface BulkSource {
  readonly files: readonly BulkFile[];
  /** Datasets whose file did not change since it was loaded. */
  readonly unchanged?: readonly string[];
  /** Why files could not be had. */
  readonly faults?: readonly UserError[];
}

function loadAll(
  context: ProgramContext,
  options: BulkOptions,
  databases: BronzeDatabases,
  source: BulkSource,
): Promise<ExitCode> {
  const { reporter } = context;
  return withLease(databases.ledger, 'extract', async () => {
    await ensureTables(databases.rows, datasets);
    await databases.rows.withClient(sweepStaging);
    await databases.rows.withClient(closeCrashedAttempts);
    reachFaultPoint('extract:before-files');
    const run = {
      context,
      databases,
      programVersion: readVersion(),
      full: options.full ?? false,
      accept: options.accept ?? false,
    };
    const tally = await loadFiles(run, source.files);
    tally.unchanged += source.unchanged?.length ?? 0;
    await settle(databases, options.cycle, source.unchanged ?? [], true);
    for (const fault of source.faults ?? []) reportFailure(reporter, tally, fault);
    reportTotal(reporter, tally);
    return tally.failed === 0 ? 0 : 1;
  });
}

/** Loads each file; a zip that is damaged is told and does not keep the others from being loaded. */
async function loadFiles(run: BulkRun, files: readonly BulkFile[]): Promise<Tally> {
  const { reporter } = run.context;
  const tally = createTally(files.map(({ dataset }) => dataset.name));
  for (const file of files) {
    const startedAt = performance.now();
    let outcome: FileOutcome;
    try {
      outcome = await loadFile(run, file);
    } catch (error) {
      if (!(error instanceof ArchiveError || error instanceof GuardError))
        throw databaseFault(run, file, error);
      reportFailure(reporter, tally, error);
      continue;
    }
    if (outcome.kind === 'unchanged') {
      const isChecked = file.origin !== undefined;
      await settle(run.databases, file.cycle, [file.dataset.name], isChecked);
    }
    reportFile(reporter, tally, file, outcome, performance.now() - startedAt);
  }
  await run.databases.rows.withClient(sweepStaging);
  return tally;
}

/** Notes that what is loaded of these datasets is what there is; `isChecked`: by a server's word. */
async function settle(
  { rows }: BronzeDatabases,
  cycle: number,
  names: readonly string[],
  isChecked: boolean,
): Promise<void> {
  await rows.withClient(async (client) => {
    if (isChecked) await recordChecks(client, cycle, names);
    for (const dataset of findDatasets(names).filter(({ name }) => names.includes(name))) {
      const source = fileName(dataset, cycle);
      await settleUnchanged(client, { dataset: dataset.name, cycle, scope: 'national', source });
    }
  });
}

/** What the server refuses is the user's to solve, and nothing of the file was loaded. */
function databaseFault(run: BulkRun, file: BulkFile, error: unknown): unknown {
  if (run.context.signal.aborted || error instanceof Interrupted || error instanceof UserError) {
    return error;
  }
  const isLost = error instanceof Error && /connection|ECONNRESET|EPIPE/i.test(error.message);
  if (!isServerError(error) && !isLost) return error;
  return new UserError(
    isLost && !isServerError(error)
      ? `the connection to PostgreSQL was lost: ${error.message}`
      : `PostgreSQL refuses: ${error instanceof Error ? error.message : String(error)}`,
    {
      where: file.name,
      exitCode: 1,
      hint: 'nothing of this file was loaded; solve the cause and run the same command again',
      cause: error,
    },
  );
}
