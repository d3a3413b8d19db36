// Freshness of sources: a line each, and target/sources.json in dbt's shape.

import type { Reporter } from '../../core/reporter.ts';
import type { Manifest, Period, Source } from '../compile/types.ts';
import type { FreshnessOutcome } from '../execute/types.ts';
import { type InvocationFacts, metadata } from './artifacts.ts';

/** What came of asking sources. */
export interface FreshnessRun {
  readonly outcomes: readonly FreshnessOutcome[];
  readonly elapsedMs: number;
}

/** Returns the text of sources.json. Schema: https://schemas.getdbt.com/dbt/sources/v3.json */
export function sourcesJson(manifest: Manifest, run: FreshnessRun, facts: InvocationFacts): string {
  const json = {
    metadata: metadata('https://schemas.getdbt.com/dbt/sources/v3.json', facts),
    results: run.outcomes.map((outcome) => resultEntry(manifest, outcome)),
    elapsed_time: run.elapsedMs / 1000,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function resultEntry(manifest: Manifest, outcome: FreshnessOutcome) {
  const { source: unique_id, status, found, error } = outcome;
  if (found === undefined) return { unique_id, error: error?.message ?? null, status };
  const node = manifest.nodes.get(unique_id);
  const freshness = node?.kind === 'source' ? node.freshness : undefined;
  const moment = (atMs: number) => new Date(atMs).toISOString();
  const span = (period: Period | undefined) => period ?? { count: null, period: null };
  return {
    unique_id,
    max_loaded_at: found.maxLoadedAt,
    snapshotted_at: found.snapshottedAt,
    max_loaded_at_time_ago_in_s: found.ageS,
    status,
    criteria: {
      warn_after: span(freshness?.warnAfter),
      error_after: span(freshness?.errorAfter),
      filter: freshness?.filter ?? null,
    },
    adapter_response: {},
    timing: [
      {
        name: 'execute',
        started_at: moment(outcome.startedAtMs),
        completed_at: moment(outcome.finishedAtMs),
      },
    ],
    thread_id: `Thread-${outcome.thread}`,
    execution_time: (outcome.finishedAtMs - outcome.startedAtMs) / 1000,
  };
}

const labels: Readonly<Record<FreshnessOutcome['status'], string>> = {
  pass: 'PASS',
  warn: 'WARN',
  error: 'STALE',
  'runtime error': 'ERROR',
};

const lineWidth = 80;

/** Prints one source: its status, and how old its newest rows are. */
export function reportFreshness(
  { sourceName, name }: Source,
  outcome: FreshnessOutcome,
  reporter: Reporter,
): void {
  const { status, found, error } = outcome;
  const age = found === undefined ? 'unknown' : ageText(found.ageS);
  const text = `${labels[status]} freshness of ${sourceName}.${name}`;
  const note = `[${age}]`;
  const dots = '.'.repeat(Math.max(3, lineWidth - text.length - note.length - 2));
  const facts = {
    event: 'source-freshness',
    node: outcome.source,
    status,
    ageS: found?.ageS,
    error: error?.message,
  };
  reporter.info(`${text} ${dots} ${note}`, facts);
  if (error !== undefined) reporter.fault(error);
}

/** Prints how many sources have which status. */
export function reportFreshnessEnd(
  { outcomes, elapsedMs }: FreshnessRun,
  reporter: Reporter,
): void {
  const count = (status: FreshnessOutcome['status']) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  reporter.info(
    `Done in ${(elapsedMs / 1000).toFixed(2)}s. PASS=${count('pass')} WARN=${count('warn')} ` +
      `STALE=${count('error')} ERROR=${count('runtime error')} TOTAL=${outcomes.length}`,
    { event: 'freshness-ended', elapsedMs },
  );
}

/** The age in the two greatest units that it has: `3 days 4 hours`. */
function ageText(ageS: number): string {
  if (ageS > 100 * 365.25 * 86_400) return 'no rows';
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const;
  let left = Math.max(0, Math.round(ageS));
  const parts = units.flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`];
  });
  return parts.length === 0 ? 'now' : `${parts.slice(0, 2).join(' ')} old`;
}
