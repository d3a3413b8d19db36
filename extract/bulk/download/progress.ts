// How far the downloads of a run have come.

import type { Reporter } from '../../../core/reporter.ts';
import { formatBytes } from './space.ts';

/** Counts the bytes of several downloads and says now and then how far they are. */
export interface Progress {
  /** A file's answer says how many bytes come; `have` of them are here from an earlier run. */
  begin(name: string, totalBytes: number | undefined, have: number): void;
  add(name: string, bytes: number): void;
  /** The file is done with, well or badly. */
  end(name: string): void;
  /** Bytes that the files under way still lack, as far as the server says. */
  missingBytes(): number;
  stop(): void;
}

interface Counter {
  totalBytes: number | undefined;
  bytes: number;
}

/** Starts a progress that speaks every `everyMs` for as long as there is something under way. */
export function startProgress(reporter: Reporter, everyMs = 5_000): Progress {
  const files = new Map<string, Counter>();
  let sinceLast = 0;
  let lastMs = performance.now();
  const speak = (): void => {
    const nowMs = performance.now();
    const rate = (sinceLast * 1000) / Math.max(1, nowMs - lastMs);
    lastMs = nowMs;
    sinceLast = 0;
    if (files.size === 0) return;
    const counters = [...files];
    const facts = {
      files: counters.map(([name]) => name),
      bytes: sum(counters.map(([, { bytes }]) => bytes)),
      totalBytes: sum(counters.map(([, { totalBytes, bytes }]) => totalBytes ?? bytes)),
      bytesPerSecond: Math.round(rate),
    };
    reporter.info(progressLine(counters, rate), facts);
  };
  const timer = setInterval(speak, everyMs);
  return {
    begin: (name, totalBytes, have) => {
      files.set(name, { totalBytes, bytes: have });
    },
    add: (name, bytes) => {
      const counter = files.get(name);
      if (counter !== undefined) counter.bytes += bytes;
      sinceLast += bytes;
    },
    end: (name) => {
      files.delete(name);
    },
    missingBytes: () =>
      sum([...files.values()].map(({ totalBytes, bytes }) => (totalBytes ?? bytes) - bytes)),
    stop: () => clearInterval(timer),
  };
}

/** Writes one line: each file's share, the rate, the time left. */
export function progressLine(
  files: readonly (readonly [
    name: string,
    counter: { readonly totalBytes: number | undefined; readonly bytes: number },
  ])[],
  bytesPerSecond: number,
): string {
  const shares = files.map(([name, { totalBytes, bytes }]) =>
    totalBytes === undefined
      ? `${name} ${formatBytes(bytes)}`
      : `${name} ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
  );
  const missing = sum(files.map(([, { totalBytes, bytes }]) => (totalBytes ?? bytes) - bytes));
  const left = bytesPerSecond < 1 ? 'waiting' : `${formatSeconds(missing / bytesPerSecond)} left`;
  return `fetching ${shares.join(', ')}: ${(bytesPerSecond / 1e6).toFixed(1)} MB/s, ${left}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
