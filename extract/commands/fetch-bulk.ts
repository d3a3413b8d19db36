// What `extract bulk` loads when no folder is named: the FEC's files, fetched if they are not those of the last load.

import { resolve } from 'node:path';
import type { Client } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { readTarget } from '../../core/target.ts';
import { hasRows, readLastLoad } from '../bronze/ledger.ts';
import { hashAlgorithmOf } from '../bronze/tables.ts';
import { checkRoom, loadFactor, readDataDir, readFreeBytes } from '../bulk/download/space.ts';
import type { Version } from '../bulk/download/types.ts';
import { readMemberBytes } from '../bulk/download/verify.ts';
import type { BulkFile } from '../bulk/find-files.ts';
import { findDatasets } from '../datasets/catalog.ts';
import type { BulkOptions, BulkSource } from './bulk.ts';
import { withFetchedFiles } from './download.ts';
import { type BronzeDatabases, readProfileName } from './open-bronze.ts';
import type { CommonOptions } from './types.ts';

/** Fetches the files of a cycle and lends them to `use`, with what could not or need not be fetched. */
export async function withFetchedBulk<T>(
  context: ProgramContext,
  options: BulkOptions,
  databases: BronzeDatabases,
  use: (source: BulkSource) => Promise<T>,
): Promise<T> {
  const { cycle } = options;
  const loaded = options.full ? new Map() : await readLoadedVersions(databases, options);
  return withFetchedFiles(
    context,
    { ...options, cycles: [cycle] },
    async ({ files, unchanged, faults }) => {
      await checkLoadRoom(context, options, files);
      return use({ files, unchanged: unchanged.map(({ dataset }) => dataset.name), faults });
    },
    (dataset) => loaded.get(dataset.name),
  );
}

/** Returns the versions in Bronze, where their rows still stand. */
async function readLoadedVersions(
  { rows }: BronzeDatabases,
  { cycle, datasets }: BulkOptions,
): Promise<ReadonlyMap<string, Version>> {
  return rows.withClient(async (client) => {
    const versions = new Map<string, Version>();
    for (const dataset of findDatasets(datasets)) {
      const unit = { dataset: dataset.name, cycle, scope: 'national', source: dataset.file };
      const last = await readLastLoad(client, unit);
      // A weak ETag, or a date alone, is not proof enough that the bytes are those that were loaded.
      if (last?.etag === undefined || last.etag.startsWith('W/')) continue;
      // Loaded with other columns than now: the file is wanted again, though it is the same.
      if (last.hashAlgorithm !== hashAlgorithmOf(dataset)) continue;
      const isThere =
        (await hasTable(client, dataset.table)) &&
        (last.rowsLoaded === 0 || (await hasRows(client, dataset.table, cycle)));
      if (isThere) versions.set(dataset.name, { etag: last.etag });
    }
    return versions;
  });
}

async function hasTable(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    'select to_regclass($1) is not null as found',
    [quoteQualified('bronze', table)],
  );
  return rows[0]?.found === true;
}

/** Only the embedded server's disk is ours to see. */
async function checkLoadRoom(
  context: ProgramContext,
  options: BulkOptions,
  files: readonly BulkFile[],
): Promise<void> {
  const projectDir = resolve(options.projectDir);
  if (!isEmbedded(context, options)) return;
  const sizes = await Promise.all(files.map((file) => readMemberBytes(file)));
  // Each file's staging is gone before the next one's begins: the largest counts in full.
  const largest = Math.max(0, ...sizes);
  const folder = await readDataDir(projectDir);
  const need = { folder, bytes: largest * loadFactor, what: 'loading the largest file' };
  const hint = 'free space on that disk, or load into another server with DATABASE_URL';
  try {
    checkRoom(need, await readFreeBytes(folder), hint);
  } catch (error) {
    if (error instanceof UserError) throw error;
    // Where the disk cannot be asked, PostgreSQL says itself when it is full.
    context.reporter.warn(`free space of ${folder} is unknown`);
  }
}

/** Tells whether the target is the embedded server. */
export function isEmbedded(context: ProgramContext, options: CommonOptions): boolean {
  const projectDir = resolve(options.projectDir);
  const target = readTarget({
    projectDir,
    profilesDir: options.profilesDir,
    profile: options.profile ?? readProfileName(projectDir),
    target: options.target,
    env: readEnv(projectDir, context.env),
    reporter: context.reporter,
  });
  return target.server.kind === 'embedded';
}
