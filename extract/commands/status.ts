// `extract status`: what Bronze holds, by its ledger, and whether it is as new as it should be.

import type { Client } from '../../core/database.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { type Freshness, formatAge, judgeFreshness } from '../bronze/freshness.ts';
import { readScopes, readStatus, type ScopeStatus, type UnitStatus } from '../bronze/status.ts';
import { apiDatasets } from '../datasets/api-catalog.ts';
import { datasets } from '../datasets/catalog.ts';
import { withBronze } from './open-bronze.ts';
import { formatTable, type TableColumn, terminalWidth } from './table.ts';
import type { CommonOptions } from './types.ts';

/** Options of `extract status`. */
export interface StatusOptions extends CommonOptions {
  readonly json: boolean;
}

/** A unit with the judgement on its file; without one where nothing is loaded. */
export interface JudgedUnit extends UnitStatus {
  readonly refresh: 'daily' | 'weekly' | null;
  readonly freshness: Freshness | null;
}

/** Prints one line for each dataset and cycle that was loaded, or tried, and for each scope of the API. */
export async function status(context: ProgramContext, options: StatusOptions): Promise<ExitCode> {
  const { found, scopes } = await withBronze(context, options, 'status', ({ rows }) =>
    rows.withClient(async (client: Client) => ({
      found: await readStatus(client, namesOf(datasets)),
      scopes: await readScopes(client, namesOf(apiDatasets)),
    })),
  );
  const now = new Date();
  const units = judgeUnits(found, now);
  const { reporter } = context;
  if (options.json) {
    reporter.result(JSON.stringify([...units, ...scopes], null, 2));
    return 0;
  }
  const width = terminalWidth();
  const hasOnlyApi = units.length === 0 && scopes.length > 0;
  if (!hasOnlyApi) reporter.result(formatStatus(units, now, width));
  if (scopes.length > 0) reporter.result(`${hasOnlyApi ? '' : '\n'}${formatScopes(scopes, width)}`);
  return 0;
}

function namesOf(list: readonly { readonly name: string }[]): readonly string[] {
  return list.map(({ name }) => name);
}

/** Lays the scopes of the API out as a table, and says below it why runs stopped. */
export function formatScopes(scopes: readonly ScopeStatus[], width: number): string {
  const columns: readonly TableColumn<ScopeStatus>[] = [
    { title: 'API dataset', cell: ({ dataset }) => dataset },
    { title: 'cycle', cell: ({ cycle }) => String(cycle) },
    { title: 'scope', cell: ({ scope }) => scope },
    { title: 'state', cell: ({ status: state }) => state },
    { title: 'complete to', cell: ({ completeTo }) => minute(completeTo ?? undefined) },
    { title: 'rows', cell: ({ windowRows }) => count(windowRows), isNumber: true },
    { title: 'calls', cell: ({ windowCalls }) => count(windowCalls), isNumber: true },
    { title: 'calls ever', cell: ({ calls }) => count(calls), isNumber: true, extra: 1 },
    { title: 'last try', cell: ({ lastAttempt }) => lastAttempt ?? '-', extra: 2 },
  ];
  const stopped = scopes
    .filter(({ error }) => error !== null)
    .map(({ dataset, cycle, scope, error }) => `${dataset} ${cycle} ${scope}: ${error}`);
  const reasons = stopped.flatMap((text) => wrap(text, Math.min(width, 110)));
  return [
    formatTable(columns, scopes, width),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
  ].join('\n');
}

/** Adds what the catalog and the calendar say; sorted as the catalog has it, the newest cycle first. */
export function judgeUnits(units: readonly UnitStatus[], now: Date): readonly JudgedUnit[] {
  const place = (unit: UnitStatus): number =>
    datasets.findIndex(({ name }) => name === unit.dataset);
  return units
    .map((unit) => {
      const refresh = datasets.find(({ name }) => name === unit.dataset)?.refresh ?? null;
      const { load, cycle, checkedAt } = unit;
      if (refresh === null || load === null) return { ...unit, refresh, freshness: null };
      const writtenAt = new Date(load.writtenAt);
      const checked = checkedAt === null ? undefined : new Date(checkedAt);
      const freshness = judgeFreshness({ cycle, refresh, writtenAt, checkedAt: checked }, now);
      return { ...unit, refresh, freshness };
    })
    .sort((one, two) => two.cycle - one.cycle || place(one) - place(two));
}

/** Lays the status out as a table, and says below it what needs attention. */
export function formatStatus(units: readonly JudgedUnit[], now: Date, width: number): string {
  if (units.length === 0) {
    return [
      'nothing is loaded yet; load',
      '  extract bulk --cycle 2020 --from extract/sample/2019-03-17   the sample that ships with FundLens',
      '  extract bulk --cycle 2026                                    everything that the FEC has of a cycle',
    ].join('\n');
  }
  return [formatTable(columnsOf(now), units, width), ...listConcerns(units, width)].join('\n');
}

function columnsOf(now: Date): readonly TableColumn<JudgedUnit>[] {
  return [
    { title: 'dataset', cell: ({ dataset }) => dataset },
    { title: 'cycle', cell: ({ cycle }) => String(cycle) },
    { title: 'live rows', cell: ({ rows }) => count(rows), isNumber: true },
    { title: 'withdrawn', cell: ({ withdrawn }) => count(withdrawn), isNumber: true, extra: 2 },
    { title: 'history', cell: ({ history }) => count(history), isNumber: true, extra: 3 },
    { title: 'rejects', cell: ({ load }) => count(load?.rejected ?? null), isNumber: true },
    { title: 'FEC file', cell: ({ load }) => load?.writtenAt.slice(0, 10) ?? '-' },
    { title: 'age', cell: ({ freshness }) => shortAge(freshness), isNumber: true, extra: 1 },
    { title: 'state', cell: stateOf },
    { title: 'checked', cell: ({ checkedAt }) => ago(checkedAt, now), extra: 4 },
    { title: 'loads', cell: ({ loads }) => count(loads), isNumber: true, extra: 6 },
    { title: 'tries', cell: ({ attempts }) => count(attempts), isNumber: true, extra: 7 },
    { title: 'last load', cell: ({ load }) => minute(load?.loadedAt), extra: 5 },
  ];
}

/** One word: what went wrong last, else whether the file is fresh. */
function stateOf({ attempt, load, freshness }: JudgedUnit): string {
  if (attempt.status !== 'succeeded') return attempt.status;
  return load === null ? 'not loaded' : (freshness?.state ?? '-');
}

/** Says what failed and what is stale, a line for each reason. */
function listConcerns(units: readonly JudgedUnit[], width: number): readonly string[] {
  const failed = units
    .filter(({ attempt }) => attempt.status !== 'succeeded')
    .map(({ dataset, cycle, attempt }) => {
      const { status: outcome, startedAt, phase, error } = attempt;
      const during = phase === 'start' ? '' : ` during ${phase}`;
      const why = error === null ? '' : `: ${error}`;
      return `${dataset} ${cycle}: the try of ${minute(startedAt)} ${outcomeOf(outcome)}${during}${why}`;
    });
  const stale = new Map<string, string[]>();
  for (const { dataset, cycle, freshness } of units) {
    if (freshness === null || freshness.state === 'fresh') continue;
    const next = freshness.state === 'stale' ? `: \`extract bulk --cycle ${cycle}\`` : '';
    const key = `cycle ${cycle}: the file ${freshness.reason}${next}`;
    stale.set(key, [...(stale.get(key) ?? []), dataset]);
  }
  const old = [...stale].map(([reason, names]) => `${reason}\n  (${names.join(', ')})`);
  const all = [...failed, ...old];
  return all.length === 0 ? [] : ['', ...all.flatMap((text) => wrap(text, Math.min(width, 110)))];
}

function outcomeOf(outcome: string): string {
  const words: Readonly<Record<string, string>> = {
    running: 'is under way, or died without a word',
    crashed: 'died without a word',
    interrupted: 'was interrupted',
  };
  return words[outcome] ?? outcome;
}

/** Breaks a text at blanks, later lines indented. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(/(?<=\S) /)) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = `  ${word}`;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

function shortAge(freshness: Freshness | null): string {
  return freshness === null
    ? '-'
    : formatAge(freshness.ageDays).replace('less than a day', 'today');
}

function ago(time: string | null, now: Date): string {
  if (time === null) return 'never';
  const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(time)) / 60_000));
  if (minutes < 90) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${formatAge(Math.floor(hours / 24))} ago`;
}

function minute(time: string | undefined): string {
  return time === undefined ? '-' : `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function count(value: number | null): string {
  return value === null ? '-' : value.toLocaleString('en-US');
}
