// `extract plan`: what `extract bulk` would fetch and load, before anything happens.

import { open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { type LastLoad, readLastLoad } from '../bronze/ledger.ts';
import { readCached } from '../bulk/download/cache.ts';
import { probeFile } from '../bulk/download/probe.ts';
import { remoteFile } from '../bulk/download/remote-files.ts';
import { type DownloadSettings, parseDownloadSettings } from '../bulk/download/settings.ts';
import { loadFactor, packFactor, readDataDir, readFreeBytes } from '../bulk/download/space.ts';
import { defaultPatience } from '../bulk/download/types.ts';
import { readMemberBytes } from '../bulk/download/verify.ts';
import { type BulkFile, findFiles, localFolder } from '../bulk/find-files.ts';
import { readFingerprint } from '../bulk/fingerprint.ts';
import { findDatasets } from '../datasets/catalog.ts';
import { type DownloadOptions, listWanted, type Wanted } from './download.ts';
import { isEmbedded } from './fetch-bulk.ts';
import { formatPlan } from './format-plan.ts';
import { withBronze } from './open-bronze.ts';
import { terminalWidth } from './table.ts';

/** Options of `extract plan`. */
export interface PlanOptions extends DownloadOptions {
  readonly json: boolean;
}

/** What would become of one file. */
export interface PlannedFile {
  readonly dataset: string;
  readonly cycle: number;
  /** Where it is, or would be fetched: an address, or a path. */
  readonly url: string;
  /** `fetch` and load; `load` from the cache; `pass over`: loaded already; `missing`: the FEC has it not. */
  readonly action: 'fetch' | 'load' | 'pass over' | 'missing';
  /** Of the file as it is fetched, where the server says so. */
  readonly zipBytes: number | null;
  /** Unpacked; a bound where the zip is not here yet. */
  readonly memberBytes: number | null;
  /** True where `memberBytes` is a bound. */
  readonly isEstimate: boolean;
}

/** A plan and the room for it. */
export interface BulkPlan {
  readonly files: readonly PlannedFile[];
  /** The folder or the address that the files come from. */
  readonly from: string;
  readonly cacheDir: string;
  readonly fetchBytes: number;
  readonly cacheFreeBytes: number;
  /** Undefined for a server whose disk is not ours to see. */
  readonly dataDir: string | undefined;
  /** What loading may take on that disk. */
  readonly loadBytes: number;
  readonly dataFreeBytes: number | undefined;
}

/** Prints what `extract bulk` would do; nothing is fetched, started or loaded. */
export async function plan(context: ProgramContext, options: PlanOptions): Promise<ExitCode> {
  const made = await makePlan(context, options);
  const { reporter } = context;
  reporter.result(options.json ? JSON.stringify(made, null, 2) : formatPlan(made, terminalWidth()));
  for (const warning of listShortages(made)) reporter.warn(warning);
  return 0;
}

async function makePlan(context: ProgramContext, options: PlanOptions): Promise<BulkPlan> {
  const projectDir = resolve(options.projectDir);
  const folder = localFolder(options.from);
  const settings = parseDownloadSettings(
    readEnv(projectDir, context.env),
    projectDir,
    folder === undefined ? options.from : undefined,
  );
  const wanted = folder === undefined ? listWanted(options.cycles, options.datasets) : [];
  const found = folder === undefined ? [] : listFound(folder, options);
  const embedded = isEmbedded(context, options);
  const loads = await readLoads(context, options, [...wanted, ...found], embedded);
  const files =
    folder === undefined
      ? await inParallel(settings.parallel, wanted, (item, index) =>
          planFile(context, settings, item, loads[index]),
        )
      : await inParallel(1, found, (file, index) => planLocalFile(context, file, loads[index]));
  const dataDir = embedded ? await readDataDir(projectDir) : undefined;
  const loading = files.filter(({ action }) => action === 'fetch' || action === 'load');
  return {
    files,
    from: folder ?? settings.baseUrl,
    cacheDir: settings.cacheDir,
    fetchBytes: sum(files.filter(({ action }) => action === 'fetch').map((f) => f.zipBytes ?? 0)),
    cacheFreeBytes: await readFreeBytes(settings.cacheDir),
    dataDir,
    loadBytes: Math.round(sum(loading.map((file) => file.memberBytes ?? 0)) * loadFactor),
    dataFreeBytes: dataDir === undefined ? undefined : await readFreeBytes(dataDir),
  };
}

/** Works through items, a few at once; results stand in the order of the items. */
async function inParallel<T, R>(
  most: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const waiting = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.set(next[0], await work(next[1], next[0]));
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  return [...results].sort(([one], [two]) => one - two).map(([, result]) => result);
}

function listFound(folder: string, options: PlanOptions): readonly BulkFile[] {
  const wanted = findDatasets(options.datasets);
  const isNamed = options.datasets.length > 0;
  return options.cycles.flatMap((cycle) => findFiles(folder, cycle, wanted, isNamed).files);
}

/** A file of the user's own is known by its bytes alone. */
async function planLocalFile(
  context: ProgramContext,
  file: BulkFile,
  last: LastLoad | undefined,
): Promise<PlannedFile> {
  const memberBytes = await readMemberBytes(file);
  const handle = await open(file.path);
  try {
    const { size } = await handle.stat();
    const isLoaded =
      last?.bytes === size &&
      (await readFingerprint(handle, context.signal)).sha256 === last.sha256;
    return {
      dataset: file.dataset.name,
      cycle: file.cycle,
      url: file.path,
      action: isLoaded ? 'pass over' : 'load',
      zipBytes: size,
      memberBytes,
      isEstimate: false,
    };
  } finally {
    await handle.close();
  }
}

async function planFile(
  context: ProgramContext,
  settings: DownloadSettings,
  { dataset, cycle }: Wanted,
  last: LastLoad | undefined,
): Promise<PlannedFile> {
  const file = remoteFile(settings.baseUrl, dataset, cycle);
  const common = { dataset: dataset.name, cycle, url: file.url };
  const request = { url: file.url, signal: context.signal, patience: defaultPatience };
  const found = await probeFile(request);
  if (found === undefined) {
    return { ...common, action: 'missing', zipBytes: null, memberBytes: null, isEstimate: false };
  }
  const zipBytes = found.bytes ?? null;
  const isLoaded = found.etag !== undefined && last?.etag === found.etag;
  const cached = await readCached(settings.cacheDir, file.name, file.url);
  const isCached =
    cached !== undefined &&
    (found.etag === undefined
      ? found.lastModified !== undefined && found.lastModified === cached.lastModified
      : found.etag === cached.etag);
  if (cached !== undefined && isCached) {
    const memberBytes = await readMemberBytes({
      dataset,
      cycle,
      path: cached.path,
      name: file.name,
    });
    const action = isLoaded ? 'pass over' : 'load';
    return { ...common, action, zipBytes, memberBytes, isEstimate: false };
  }
  const isPacked = dataset.member !== undefined;
  const memberBytes = zipBytes === null ? null : zipBytes * (isPacked ? packFactor : 1);
  const action = isLoaded ? 'pass over' : 'fetch';
  return { ...common, action, zipBytes, memberBytes, isEstimate: isPacked };
}

/** Reads the ledger, if there is one: an embedded server that was never started has none. */
async function readLoads(
  context: ProgramContext,
  options: PlanOptions,
  wanted: readonly Wanted[],
  embedded: boolean,
): Promise<readonly (LastLoad | undefined)[]> {
  if (embedded && !(await exists(join(resolve(options.projectDir), '.fundlens', 'cluster.json')))) {
    return [];
  }
  return withBronze(context, options, 'plan', ({ rows }) =>
    rows.withClient(async (client) => {
      const ledger = await client.query<{ found: boolean }>(
        `select count(*) = 2 as found from information_schema.columns
          where table_schema = 'bronze' and table_name = 'loads'
            and column_name in ('etag', 'hash_algorithm')`,
      );
      if (ledger.rows[0]?.found !== true) return [];
      const loads: (LastLoad | undefined)[] = [];
      for (const { dataset, cycle } of wanted) {
        const unit = { dataset: dataset.name, cycle, scope: 'national', source: dataset.file };
        loads.push(await readLastLoad(client, unit));
      }
      return loads;
    }),
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function listShortages(made: BulkPlan): readonly string[] {
  const { fetchBytes, cacheFreeBytes, loadBytes, dataFreeBytes } = made;
  return [
    ...(fetchBytes > cacheFreeBytes ? [`the zips do not fit into ${made.cacheDir}`] : []),
    ...(dataFreeBytes !== undefined && loadBytes > dataFreeBytes
      ? [`the rows may not fit into ${made.dataDir}`]
      : []),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
