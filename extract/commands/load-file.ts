// One file from its zip into Bronze: it is loaded whole, with its row in the ledger, or not at all.

import { type FileHandle, open } from 'node:fs/promises';
import { type Client, errorCode } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import { reachFaultPoint } from '../../core/fault.ts';
import type { ProgramContext } from '../../core/program.ts';
import { type Attempt, withAttempt } from '../bronze/attempts.ts';
import {
  hasRows,
  insertLoad,
  type LastLoad,
  lockAttempt,
  nextLoadId,
  readLastLoad,
  readWashingtonTime,
  wasCommitted,
} from '../bronze/ledger.ts';
import { readLatestDay, recordState, watermarkOf } from '../bronze/state.ts';
import { hashAlgorithmOf } from '../bronze/tables.ts';
import type { Load, LoadUnit } from '../bronze/types.ts';
import type { BulkFile } from '../bulk/find-files.ts';
import { type Fingerprint, readFingerprint } from '../bulk/fingerprint.ts';
import { checkWithdrawals, hasTooManyRejects, tooManyRejects } from '../bulk/guards.ts';
import { openSource } from '../bulk/open-source.ts';
import { canBecomePartition, publishFile } from '../bulk/publish.ts';
import { stageFile } from '../bulk/stage.ts';
import { clearStagedLines, readRejectReasons } from '../bulk/staging.ts';
import type { ArchiveMember, GateCounts, RowChanges } from '../bulk/types.ts';
import { memberName } from '../datasets/catalog.ts';
import { ArchiveError } from '../errors.ts';
import type { BronzeDatabases } from './open-bronze.ts';

/** What a run lends to the loading of each of its files. */
export interface BulkRun {
  readonly context: ProgramContext;
  readonly databases: BronzeDatabases;
  readonly programVersion: string;
  /** True to put each file in the place of its cycle's rows, even an unchanged one. */
  readonly full: boolean;
  /** True to load what the guards would stop. */
  readonly accept: boolean;
}

/** What became of a file. */
export type FileOutcome =
  | { readonly kind: 'loaded'; readonly load: Load }
  | { readonly kind: 'unchanged'; readonly loadId: number };

/**
 * Loads a file, unless the newest load of its dataset and cycle was of the same bytes.
 * @throws {ArchiveError} when the zip is not what the FEC publishes; nothing of it is loaded then.
 */
export async function loadFile(run: BulkRun, file: BulkFile): Promise<FileOutcome> {
  const handle = await openFile(file.path);
  try {
    const print = await readFingerprint(handle, run.context.signal);
    const unit: LoadUnit = {
      dataset: file.dataset.name,
      cycle: file.cycle,
      scope: 'national',
      source: file.name,
    };
    const last = await run.databases.rows.withClient((client) => readLastLoad(client, unit));
    const loadId = run.full ? undefined : await findSameLoad(run, file, last, print);
    if (loadId !== undefined) return { kind: 'unchanged', loadId };
    const { reporter, signal } = run.context;
    const log = { database: run.databases.ledger, signal, scrub: reporter.scrub };
    const load = await withAttempt(log, unit, async (attempt) => {
      const request = { file, handle, unit, print, last, attempt };
      return loadAttempt(run, request);
    });
    return { kind: 'loaded', load };
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw new ArchiveError(path, `cannot be read (${errorCode(error)})`, {
      hint: 'check the permissions of the file',
      cause: error,
    });
  }
}

async function findSameLoad(
  run: BulkRun,
  file: BulkFile,
  last: LastLoad | undefined,
  print: Fingerprint,
): Promise<number | undefined> {
  if (last === undefined || last.sha256 !== print.sha256 || last.bytes !== print.bytes) {
    return undefined;
  }
  // Loaded with fewer columns, by an older program: the same bytes now say more.
  if (last.hashAlgorithm !== hashAlgorithmOf(file.dataset)) return undefined;
  const isThere =
    last.rowsLoaded === 0 ||
    (await run.databases.rows.withClient((client) =>
      hasRows(client, file.dataset.table, file.cycle),
    ));
  return isThere ? last.loadId : undefined;
}

interface LoadRequest {
  readonly file: BulkFile;
  readonly handle: FileHandle;
  readonly unit: LoadUnit;
  readonly print: Fingerprint;
  readonly last: LastLoad | undefined;
  readonly attempt: Attempt;
}

async function loadAttempt(run: BulkRun, request: LoadRequest): Promise<Load> {
  const { databases } = run;
  const startedAt = new Date();
  let committing: Load | undefined;
  await databases.rows.withClient(clearStagedLines);
  try {
    return await databases.rows.withTransaction(async (client) => {
      const { file, attempt, unit, print } = request;
      const { dataset, cycle, path } = file;
      // A full cycle takes minutes: no timeout that a role or a database has for its people may end it.
      await client.query('set local statement_timeout = 0');
      await lockAttempt(client, attempt.id);
      const loadId = await nextLoadId(client);
      const becomesPartition = await canBecomePartition(client, dataset, cycle);
      const member = await openSource({ path, handle: request.handle }, dataset, cycle);
      const version = await readVersionOf(client, file, member);
      const latestDay = await readLatestDay(client, version.watermark);
      await attempt.enter('copy');
      reachFaultPoint('extract:before-copy');
      const staged = await stageFile(client, {
        dataset,
        cycle,
        loadId,
        member,
        becomesPartition,
        latestDay,
        accept: run.accept,
        database: databases.rows,
        signal: run.context.signal,
      });
      reachFaultPoint('extract:after-copy');
      await refuseRejects(run, request, staged.counts);
      await refuseHollowFile(run, request, staged.counts);
      await attempt.enter('publish');
      const hashAlgorithm = hashAlgorithmOf(dataset);
      const changes = await publishFile(client, {
        dataset,
        cycle,
        loadId,
        becomesPartition,
        staged,
        full: run.full,
        rehash: request.last !== undefined && request.last.hashAlgorithm !== hashAlgorithm,
        guard: (seen) => {
          if (!run.accept) checkWithdrawals(unit.source, seen);
        },
      });
      const load: Load = {
        ...unit,
        ...print,
        loadId,
        attemptId: attempt.id,
        ...countsOf(staged.counts, changes),
        hashAlgorithm,
        ...version,
        startedAt,
        programVersion: run.programVersion,
      };
      await insertLoad(client, load);
      const committees = { counts: staged.committees, changed: changes.committees };
      await recordState(client, dataset, load, committees, file.origin !== undefined);
      await attempt.enter('commit');
      run.context.signal.throwIfAborted();
      reachFaultPoint('extract:before-commit');
      committing = load;
      return load;
    });
  } catch (error) {
    if (committing !== undefined && (await isInLedger(run, committing, error))) return committing;
    throw error;
  } finally {
    reachFaultPoint('extract:after-commit');
  }
}

function countsOf(counts: GateCounts, changes: RowChanges) {
  return {
    lineEnding: counts.lineEnding,
    endsWithNewline: counts.endsWithNewline,
    rowsRead: counts.rowsRead,
    rowsRejected: counts.rowsRejected,
    rowsRepaired: counts.rowsRepaired,
    rowsInserted: changes.inserted,
    rowsUpdated: changes.updated,
    rowsWithdrawn: changes.withdrawn,
    rowsUnchanged: changes.unchanged,
    rowsReturned: changes.returned,
  };
}

/** Says which version of the file this is; the server's date is better than the zip's, which has no zone. */
async function readVersionOf(
  client: Client,
  { origin }: BulkFile,
  member: ArchiveMember,
): Promise<
  Pick<Load, 'etag' | 'lastModified' | 'watermark' | 'member' | 'memberBytes' | 'memberModifiedAt'>
> {
  const date = new Date(origin?.lastModified ?? Number.NaN);
  const lastModified = Number.isNaN(date.getTime()) ? undefined : date;
  const { modifiedAt } = member;
  const isPacked = typeof modifiedAt === 'string';
  const fileTime = isPacked ? await readWashingtonTime(client, modifiedAt) : modifiedAt;
  const writtenAt = lastModified ?? fileTime;
  return {
    etag: origin?.etag,
    lastModified,
    watermark: watermarkOf(writtenAt),
    member: member.name,
    memberBytes: member.sizeBytes,
    memberModifiedAt: isPacked ? modifiedAt : undefined,
  };
}

/** Says why lines were rejected, when there are too many to go on. */
async function refuseRejects(
  run: BulkRun,
  request: LoadRequest,
  counts: GateCounts,
): Promise<void> {
  // A file of which nothing fits is refused below, accepted or not.
  if ((run.accept && counts.rowsPassed > 0) || !hasTooManyRejects(counts)) return;
  throw await describeRejects(run, request, counts);
}

async function describeRejects(
  run: BulkRun,
  request: LoadRequest,
  counts: GateCounts,
): Promise<UserError> {
  const { dataset } = request.file;
  const reasons = await run.databases.rows.withClient(readRejectReasons);
  const place = {
    file: request.unit.source,
    fields: dataset.columns.length + (dataset.trailingDelimiter ? 1 : 0),
    sourceUrl: dataset.sourceUrl,
  };
  return tooManyRejects(place, counts, reasons);
}

/** A file without one good line is a change of format or a mishap, and must not empty a table. */
async function refuseHollowFile(
  run: BulkRun,
  request: LoadRequest,
  counts: GateCounts,
): Promise<void> {
  if (counts.rowsPassed > 0) return;
  const { dataset, cycle, path } = request.file;
  const member = memberName(dataset, cycle);
  if (counts.rowsRead > 0) throw await describeRejects(run, request, counts);
  const isLoaded = await run.databases.rows.withClient((client) =>
    hasRows(client, dataset.table, cycle),
  );
  if (isLoaded) {
    throw new ArchiveError(path, `\`${member}\` is empty, but rows of ${cycle} are loaded`);
  }
}

/** After a commit without an answer only the ledger knows: asks it. */
async function isInLedger(run: BulkRun, load: Load, cause: unknown): Promise<boolean> {
  try {
    return await run.databases.ledger.withClient((client) => wasCommitted(client, load.attemptId));
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    throw new UserError('the connection was lost during the commit: it may have happened or not', {
      where: load.source,
      exitCode: 1,
      hint: 'run the same command again: a file that is loaded is not loaded twice',
      cause,
    });
  }
}
