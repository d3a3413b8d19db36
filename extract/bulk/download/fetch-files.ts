// Several files into the cache: a few at once, with room for them, each failing for itself.

import { UserError } from '../../../core/errors.ts';
import type { Reporter } from '../../../core/reporter.ts';
import { evict, openCache } from './cache.ts';
import { type DownloadRun, downloadFile } from './download-file.ts';
import { removeAbandoned } from './partial.ts';
import { type Progress, startProgress } from './progress.ts';
import type { DownloadSettings } from './settings.ts';
import { checkRoom, formatBytes, readFreeBytes } from './space.ts';
import { defaultPatience, type Fetched, type Patience, type RemoteFile } from './types.ts';

/** What fetching several files needs. */
export interface FetchRequest {
  readonly settings: DownloadSettings;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
}

/** What became of one of the files: either of the two. */
export interface FetchOutcome {
  readonly file: RemoteFile;
  readonly fetched?: Fetched;
  /** Why it could not be fetched. */
  readonly fault?: UserError;
}

/**
 * Fetches the files and returns what became of each, in their order. A file that fails does not keep the
 * others from being fetched; an interruption ends all, and what was received stays.
 */
export async function fetchFiles(
  request: FetchRequest,
  files: readonly RemoteFile[],
): Promise<readonly FetchOutcome[]> {
  const { settings, reporter, signal } = request;
  const { cacheDir } = settings;
  await openCache(cacheDir);
  await removeAbandoned(cacheDir, Date.now());
  const progress = startProgress(reporter);
  const names = new Set(files.map(({ name }) => name));
  const run: DownloadRun = {
    cacheDir,
    patience: request.patience ?? defaultPatience,
    signal,
    tell: (message) => reporter.warn(message),
    onSize: async (file, totalBytes, have) => {
      progress.begin(file.name, totalBytes, have);
      await makeRoom(request, progress, names);
    },
    onBytes: (file, bytes) => progress.add(file.name, bytes),
  };
  const outcomes = new Map<RemoteFile, FetchOutcome>();
  const waiting = [...files];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      outcomes.set(file, await fetchOne(run, reporter, file));
      progress.end(file.name);
    }
  };
  try {
    // All end before any error is thrown: none may still write when the caller goes on.
    const workers = Array.from({ length: settings.parallel }, work);
    const ended = await Promise.allSettled(workers);
    signal.throwIfAborted();
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  } finally {
    progress.stop();
  }
  return files.map((file) => outcomes.get(file) ?? { file });
}

async function fetchOne(
  run: DownloadRun,
  reporter: Reporter,
  file: RemoteFile,
): Promise<FetchOutcome> {
  const startedAt = performance.now();
  try {
    const fetched = await downloadFile(run, file);
    const seconds = (performance.now() - startedAt) / 1000;
    const facts = { file: file.name, url: file.url, status: fetched.kind, seconds };
    if (fetched.kind === 'fetched') {
      const { bytes } = fetched.zip;
      const rate = (bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1);
      reporter.info(
        `${file.name} fetched: ${formatBytes(bytes)}, ${seconds.toFixed(1)} s, ${rate} MB/s`,
        { ...facts, bytes },
      );
    } else {
      reporter.info(`${file.name} not fetched: the FEC has no newer one`, facts);
    }
    return { file, fetched };
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof UserError) return { file, fault: error };
    throw error;
  }
}

/** Room is made by what the cache can do without, before a download is refused. */
async function makeRoom(
  { settings }: FetchRequest,
  progress: Progress,
  names: ReadonlySet<string>,
): Promise<void> {
  const { cacheDir } = settings;
  const need = {
    folder: cacheDir,
    bytes: progress.missingBytes(),
    what: 'what is still to be fetched',
  };
  const hint =
    'free space, fetch fewer datasets with `--dataset`, or name a folder on another disk with FUNDLENS_CACHE_DIR';
  try {
    checkRoom(need, await readFreeBytes(cacheDir), hint);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await evict(cacheDir, 0, names);
    checkRoom(need, await readFreeBytes(cacheDir), hint);
  }
}
