// `extract download`: the FEC's files of cycles into the cache, and how `extract bulk` borrows them.

import { resolve } from 'node:path';
import { throwFaults, UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { evict, openCache, releaseUse } from '../bulk/download/cache.ts';
import { DownloadError } from '../bulk/download/failure.ts';
import { type FetchOutcome, fetchFiles } from '../bulk/download/fetch-files.ts';
import { remoteFile } from '../bulk/download/remote-files.ts';
import { parseDownloadSettings } from '../bulk/download/settings.ts';
import { formatBytes } from '../bulk/download/space.ts';
import type { Version } from '../bulk/download/types.ts';
import type { BulkFile } from '../bulk/find-files.ts';
import { checkCycle, findDatasets } from '../datasets/catalog.ts';
import type { Dataset } from '../datasets/types.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract download`. */
export interface DownloadOptions extends CommonOptions {
  /** Even years. */
  readonly cycles: readonly number[];
  /** Names of datasets; none means all that the FEC has for a cycle. */
  readonly datasets: readonly string[];
  /** An address in the place of FEC_BULK_URL. */
  readonly from?: string | undefined;
}

/** What was brought from the FEC. */
export interface FetchedFiles {
  /** In the cache, verified, held there for as long as they are lent. */
  readonly files: readonly BulkFile[];
  /** Known to be unchanged since they were loaded; not in the cache. */
  readonly unchanged: readonly { readonly dataset: Dataset; readonly cycle: number }[];
  /** Names of the files that the FEC does not have. */
  readonly missing: readonly string[];
  /** Why other files could not be fetched. */
  readonly faults: readonly UserError[];
  /** Bytes of all files, and how many of the files came over the network. */
  readonly bytes: number;
  readonly newFiles: number;
}

/** Returns the version of a dataset and cycle that was loaded last from an address, by the ledger. */
export type LoadedVersion = (dataset: Dataset, cycle: number, url: string) => Version | undefined;

/** Fetches the files of cycles into the cache. */
export async function download(
  context: ProgramContext,
  options: DownloadOptions,
): Promise<ExitCode> {
  const { reporter } = context;
  return withFetchedFiles(context, options, async (fetched) => {
    for (const fault of fetched.faults) reporter.fault(fault);
    const { newFiles, files, bytes, missing, faults } = fetched;
    const sums = {
      fetched: newFiles,
      unchanged: files.length - newFiles,
      missing: missing.length,
      failed: faults.length,
      bytes,
    };
    const parts = [
      `${newFiles === 1 ? '1 file' : `${newFiles} files`} fetched`,
      `${sums.unchanged} unchanged`,
      ...(sums.failed === 0 ? [] : [`${sums.failed} failed`]),
      `${formatBytes(bytes)} in the cache for \`extract bulk\``,
    ];
    reporter.result(reporter.format === 'json' ? JSON.stringify(sums) : parts.join(', '));
    return faults.length === 0 ? 0 : 1;
  });
}

/**
 * Fetches the files of cycles and lends them to `use`; what the cache holds too much of goes afterwards.
 * @throws {UserError} when a dataset asked for by name is not there, or the FEC has no file of a cycle.
 */
export async function withFetchedFiles<T>(
  context: ProgramContext,
  options: DownloadOptions,
  use: (fetched: FetchedFiles) => Promise<T>,
  loadedVersion: LoadedVersion = () => undefined,
): Promise<T> {
  const projectDir = resolve(options.projectDir);
  const env = readEnv(projectDir, context.env);
  const settings = parseDownloadSettings(env, projectDir, options.from);
  const wanted = listWanted(options.cycles, options.datasets);
  const remotes = wanted.map(({ dataset, cycle }) => {
    const { url } = remoteFile(settings.baseUrl, dataset, cycle);
    return remoteFile(settings.baseUrl, dataset, cycle, loadedVersion(dataset, cycle, url));
  });
  const { reporter, signal } = context;
  // Before the cleaning below can fail for the same reason and hide it.
  await openCache(settings.cacheDir);
  try {
    const outcomes = await fetchFiles({ settings, reporter, signal }, remotes);
    const fetched = sortOutcomes(wanted, outcomes);
    refuseMissing(context, options, fetched);
    return await use(fetched);
  } finally {
    await releaseUse(settings.cacheDir).catch(ignoreMissingFolder);
    await evict(settings.cacheDir, settings.cacheBytes).catch(ignoreMissingFolder);
  }
}

/** A dataset and the cycle of it that is wanted. */
export interface Wanted {
  readonly dataset: Dataset;
  readonly cycle: number;
}

/**
 * Returns what is wanted of which cycle, masters first.
 * @throws {UserError} for a cycle or a dataset that does not exist, or not yet in that cycle.
 */
export function listWanted(cycles: readonly number[], names: readonly string[]): readonly Wanted[] {
  for (const cycle of cycles) checkCycle(cycle);
  const chosen = findDatasets(names);
  const all = cycles.flatMap((cycle) => chosen.map((dataset) => ({ dataset, cycle })));
  const tooEarly = all.filter(({ dataset, cycle }) => dataset.firstCycle > cycle);
  if (names.length > 0) {
    throwFaults(
      tooEarly.map(
        ({ dataset, cycle }) =>
          new UserError(
            `the FEC has \`${dataset.name}\` from cycle ${dataset.firstCycle} on, not for ${cycle}`,
            { where: '--dataset' },
          ),
      ),
    );
  }
  return all.filter((item) => !tooEarly.includes(item));
}

function sortOutcomes(wanted: readonly Wanted[], outcomes: readonly FetchOutcome[]): FetchedFiles {
  const files: BulkFile[] = [];
  const unchanged: Wanted[] = [];
  const missing: string[] = [];
  const faults: UserError[] = [];
  let bytes = 0;
  let newFiles = 0;
  for (const [index, { file, fetched, fault }] of outcomes.entries()) {
    const item = wanted[index];
    if (item === undefined) continue;
    if (fault !== undefined) {
      if (isNotThere(fault)) missing.push(file.name);
      else faults.push(fault);
    } else if (fetched?.kind === 'loaded') {
      unchanged.push(item);
    } else if (fetched !== undefined) {
      const { path, ...origin } = fetched.zip;
      files.push({ ...item, path, name: file.name, origin });
      bytes += origin.bytes;
      if (fetched.kind === 'fetched') newFiles += 1;
    }
  }
  return { files, unchanged, missing, faults, bytes, newFiles };
}

function isNotThere(fault: UserError): boolean {
  return (
    fault instanceof DownloadError &&
    fault.failure.kind === 'status' &&
    fault.failure.status === 404
  );
}

/** Datasets asked for by name must be there; of all others some may be missing, but not every one. */
function refuseMissing(
  { reporter }: ProgramContext,
  options: DownloadOptions,
  { files, unchanged, missing, faults }: FetchedFiles,
): void {
  if (missing.length === 0) return;
  const names = missing.map((name) => `\`${name}\``).join(', ');
  const hasNone = files.length + unchanged.length + faults.length === 0;
  if (options.datasets.length > 0 || hasNone) {
    for (const fault of faults) reporter.fault(fault);
    throw new UserError(`the FEC does not have ${names}`, {
      where: options.datasets.length > 0 ? '--dataset' : '--cycle',
      exitCode: 1,
      hint: 'check the cycle: the FEC publishes files from 1980 to the cycle that runs now',
    });
  }
  reporter.info(`the FEC does not have ${names}: passed over`, { missing });
}

function ignoreMissingFolder(error: unknown): void {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (!isMissing) throw error;
}
