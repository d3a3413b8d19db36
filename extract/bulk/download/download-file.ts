// One file over the network: conditional, resumed, tried again, verified, and only then in its place.

import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../../core/database.ts';
import { UserError } from '../../../core/errors.ts';
import { reachFaultPoint } from '../../../core/fault.ts';
import { parseRetryAfter } from '../../http/transience.ts';
import { keepPartial, markUse, readCached } from './cache.ts';
import { DownloadError, type Failure, isTransientFailure } from './failure.ts';
import {
  claimPartial,
  leavePartial,
  type Partial,
  type PartialOf,
  readPartial,
  removePartial,
  restartPartial,
} from './partial.ts';
import { type HttpAnswer, networkError, sendRequest } from './request.ts';
import type { Fetched, Patience, RemoteFile, SourceZip, Version } from './types.ts';
import { findDamage } from './verify.ts';

/** What a run lends to each of its downloads. */
export interface DownloadRun {
  readonly cacheDir: string;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Says something to the user. */
  readonly tell: (message: string) => void;
  /** Is told once an answer says how many bytes come; throws where there is no room for them. */
  readonly onSize: (
    file: RemoteFile,
    totalBytes: number | undefined,
    have: number,
  ) => Promise<void>;
  readonly onBytes: (file: RemoteFile, bytes: number) => void;
}

/**
 * Brings the server's version of a file into the cache, by one request where the cache has it.
 * @throws {DownloadError} when it cannot be fetched; what was received stays for the next run.
 */
export async function downloadFile(run: DownloadRun, file: RemoteFile): Promise<Fetched> {
  const { cacheDir, signal } = run;
  const partial = await claimPartial(cacheDir, file.name, signal, () =>
    run.tell(`${file.name}: another process fetches it, waiting for that`),
  );
  try {
    // Read under the claim: a process that was waited for has just brought it.
    const cached = await readCached(cacheDir, file.name, file.url);
    const fetched = await tryAgain(run, file, partial, () =>
      downloadOnce(run, { file, partial, cached }),
    );
    if (fetched.kind !== 'loaded') await markUse(cacheDir, file.name);
    return fetched;
  } catch (error) {
    throw outOfRoom(file, error);
  } finally {
    const isWorthKeeping = (await readPartial(partial)) !== undefined;
    await (isWorthKeeping ? leavePartial(cacheDir, file.name, partial) : removePartial(partial));
  }
}

interface Task {
  readonly file: RemoteFile;
  readonly partial: Partial;
  readonly cached: SourceZip | undefined;
}

/** Tries until it works, until a fault that time does not mend, or until too many tries bring nothing. */
async function tryAgain<T>(
  run: DownloadRun,
  file: RemoteFile,
  partial: Partial,
  once: () => Promise<T>,
): Promise<T> {
  const { patience, signal } = run;
  let fruitless = 0;
  let damaged = 0;
  let most = (await readPartial(partial))?.bytes ?? 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await once();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DownloadError) || !isTransientFailure(error.failure)) throw error;
      const have = (await readPartial(partial))?.bytes ?? 0;
      fruitless = have > most ? 1 : fruitless + 1;
      most = Math.max(most, have);
      // Gigabytes that came whole and wrong are not fetched again and again.
      if (error.failure.kind === 'damaged') damaged += 1;
      if (fruitless >= patience.fruitlessTries || damaged > 2) throw error;
      const waitMs = waitBefore(patience, fruitless, error.failure);
      if (waitMs === undefined) throw error;
      run.tell(`${file.name}: ${error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Returns how long to wait, or undefined where the server asks for more than we have patience. */
function waitBefore(patience: Patience, fruitless: number, failure: Failure): number | undefined {
  const asked = failure.kind === 'status' ? (failure.retryAfterMs ?? 0) : 0;
  if (asked > patience.longestRetryAfterMs) return undefined;
  const backOff = Math.min(patience.longestRetryMs, patience.retryMs * 2 ** (fruitless - 1));
  // Not all at once: whoever waits with us would come back with us.
  return Math.max(asked, backOff * (0.75 + Math.random() / 2));
}

async function downloadOnce(run: DownloadRun, task: Task): Promise<Fetched> {
  const { file, partial, cached } = task;
  const stored = await readPartial(partial);
  const part = stored?.of.url === file.url ? stored : undefined;
  const { headers, resumes, held } = chooseHeaders(task, part);
  const { signal, patience } = run;
  const { headersMs } = patience;
  const request = { url: file.url, method: 'GET' as const, headers, signal, headersMs };
  const answer = await sendRequest(request);
  try {
    switch (answer.status) {
      case 304:
        if (held === 'part' && part !== undefined) return await finish(run, task, part.of);
        if (held === 'cache' && cached !== undefined) return { kind: 'current', zip: cached };
        if (held === 'ledger') return { kind: 'loaded', url: file.url };
        throw fail(file, {
          kind: 'answer',
          reason: 'answers `304` to a request without condition',
        });
      case 206:
        if (resumes === undefined || !continues(answer, resumes)) {
          await removeBytes(partial, file);
          const reason = 'the server sent another part of the file than the one asked for';
          throw fail(file, { kind: 'answer', reason });
        }
        return await receive(run, task, answer, resumes);
      case 200: {
        const of = { url: file.url, ...versionOf(answer), totalBytes: lengthOf(answer) };
        await restartPartial(partial, of);
        return await receive(run, task, answer, { of, bytes: 0 });
      }
      case 416:
        await removeBytes(partial, file);
        throw fail(file, statusFailure(answer));
      default:
        throw fail(file, statusFailure(answer));
    }
  } finally {
    answer.body.destroy();
  }
}

type Part = { readonly of: PartialOf; readonly bytes: number };

/** Chooses what to ask for: the rest of what we have a part of, or the file if it is not the one we hold. */
function chooseHeaders(
  { cached, file }: Task,
  part: Part | undefined,
): {
  readonly headers: Readonly<Record<string, string>>;
  readonly resumes?: Part;
  readonly held?: 'part' | 'cache' | 'ledger';
} {
  if (part !== undefined) {
    if (part.bytes === part.of.totalBytes) {
      return { headers: conditions(part.of), held: 'part' };
    }
    const validator = strongValidator(part.of);
    const isInside = part.of.totalBytes === undefined || part.bytes < part.of.totalBytes;
    if (validator !== undefined && isInside) {
      return {
        headers: { Range: `bytes=${part.bytes}-`, 'If-Range': validator },
        resumes: part,
      };
    }
  }
  if (cached !== undefined) return { headers: conditions(cached), held: 'cache' };
  if (file.loaded !== undefined) return { headers: conditions(file.loaded), held: 'ledger' };
  return { headers: {} };
}

function conditions(version: Version): Readonly<Record<string, string>> {
  if (version.etag !== undefined) return { 'If-None-Match': version.etag };
  if (version.lastModified !== undefined) return { 'If-Modified-Since': version.lastModified };
  return {};
}

/** A weak ETag says that two versions mean the same, not that their bytes are the same. */
function strongValidator(version: Version): string | undefined {
  if (version.etag === undefined) return version.lastModified;
  return version.etag.startsWith('W/') ? undefined : version.etag;
}

function continues(answer: HttpAnswer, part: Part): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '');
  if (range === null) return false;
  const [, first, last, total] = range;
  const { totalBytes, etag } = part.of;
  const isSameTotal = totalBytes === undefined || total === '*' || Number(total) === totalBytes;
  const isToTheEnd = totalBytes === undefined || Number(last) === totalBytes - 1;
  const isSameVersion = etag === undefined || (answer.headers['etag'] ?? etag) === etag;
  return Number(first) === part.bytes && isSameTotal && isToTheEnd && isSameVersion;
}

/** Appends the body to the part, and finishes the file when it is whole. */
async function receive(
  run: DownloadRun,
  task: Task,
  answer: HttpAnswer,
  part: Part,
): Promise<Fetched> {
  const { file, partial } = task;
  const coding = answer.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity') {
    await removeBytes(partial, file);
    throw fail(file, { kind: 'answer', reason: `the server sent it coded as \`${coding}\`` });
  }
  const { totalBytes } = part.of;
  await run.onSize(file, totalBytes, part.bytes);
  const received = await appendBody(run, task, answer, part.bytes);
  if (totalBytes !== undefined && received !== totalBytes) {
    throw fail(file, { kind: 'cut', received, expected: totalBytes });
  }
  return finish(run, task, part.of);
}

async function appendBody(
  run: DownloadRun,
  { file, partial }: Task,
  answer: HttpAnswer,
  start: number,
): Promise<number> {
  const { stallMs } = run.patience;
  const handle = await open(partial.path, 'a');
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    answer.body.destroy(new Error('stalled'));
  }, stallMs);
  let bytes = start;
  try {
    for await (const piece of answer.body) {
      const chunk: Buffer = piece;
      await writeAll(handle, chunk);
      bytes += chunk.length;
      run.onBytes(file, chunk.length);
      timer.refresh();
      reachFaultPoint('download:chunk');
    }
    run.signal.throwIfAborted();
    return bytes;
  } catch (error) {
    run.signal.throwIfAborted();
    if (stalled) throw fail(file, { kind: 'stalled', afterMs: stallMs });
    // A full disk is told as such; all else here comes from the connection.
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT') throw error;
    throw networkError(file.url, error);
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, chunk: Buffer): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    written += (await handle.write(chunk, written, chunk.length - written)).bytesWritten;
  }
}

async function finish(run: DownloadRun, task: Task, of: PartialOf): Promise<Fetched> {
  const { file, partial } = task;
  const damage = await findDamage(partial.path, file.member, run.signal);
  if (damage !== undefined) {
    await removeBytes(partial, file);
    throw fail(file, { kind: 'damaged', reason: damage });
  }
  reachFaultPoint('download:before-rename');
  const zip = await keepPartial(run.cacheDir, file.name, partial, of);
  return { kind: 'fetched', zip };
}

async function removeBytes(partial: Partial, file: RemoteFile): Promise<void> {
  await restartPartial(partial, { url: file.url, totalBytes: undefined });
}

function versionOf(answer: HttpAnswer): Version {
  return { etag: answer.headers['etag'], lastModified: answer.headers['last-modified'] };
}

/** Returns the length of a whole file that an answer announces. */
export function lengthOf(answer: HttpAnswer): number | undefined {
  const text = answer.headers['content-length'];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Makes a failure of an answer that is no success. */
export function statusFailure(answer: HttpAnswer): Failure {
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], Date.now());
  return { kind: 'status', status: answer.status, retryAfterMs };
}

function fail(file: RemoteFile, failure: Failure): DownloadError {
  return new DownloadError(file.url, failure);
}

function outOfRoom(file: RemoteFile, error: unknown): unknown {
  const code = errorCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new UserError('the disk is full', {
    where: file.name,
    exitCode: 1,
    hint: 'free space, or name a folder on another disk with FUNDLENS_CACHE_DIR; what was received is kept',
    cause: error,
  });
}
