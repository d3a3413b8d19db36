import { formatBytes } from '../bulk/download/space.ts';
import type { BulkPlan, PlannedFile } from './plan.ts';
import { formatTable, type TableColumn } from './table.ts';

/** Lays a plan out for people. */
export function formatPlan(made: BulkPlan, width: number): string {
  const there = made.files.filter(({ action }) => action !== 'missing');
  const missing = made.files.filter(({ action }) => action === 'missing');
  return [
    `from ${made.from}`,
    '',
    ...(there.length === 0 ? [] : [formatTable(planColumns, there, width), '']),
    ...(missing.length === 0 ? [] : [`not there: ${listNames(missing)}`, '']),
    ...describeRoom(made),
  ].join('\n');
}

const planColumns: readonly TableColumn<PlannedFile>[] = [
  { title: 'dataset', cell: ({ dataset }) => dataset },
  { title: 'cycle', cell: ({ cycle }) => String(cycle) },
  { title: 'action', cell: ({ action }) => actionWords[action] },
  { title: 'file', cell: ({ zipBytes }) => size(zipBytes), isNumber: true },
  {
    title: 'unpacked',
    cell: ({ memberBytes, isEstimate }) =>
      memberBytes !== null && isEstimate ? `at most ${size(memberBytes)}` : size(memberBytes),
    isNumber: true,
  },
  { title: 'name', cell: ({ url }) => url.slice(url.lastIndexOf('/') + 1), extra: 1 },
];

const actionWords: Readonly<Record<PlannedFile['action'], string>> = {
  fetch: 'fetch, load',
  load: 'load',
  'pass over': 'none, is loaded',
  missing: 'none',
};

/** Of a cycle that the server has nothing of, the number is enough. */
function listNames(missing: readonly PlannedFile[]): string {
  const byCycle = new Map<number, string[]>();
  for (const { cycle, dataset } of missing) {
    byCycle.set(cycle, [...(byCycle.get(cycle) ?? []), dataset]);
  }
  return [...byCycle].map(([cycle, names]) => `${cycle} ${names.join(', ')}`).join('; ');
}

function describeRoom(made: BulkPlan): readonly string[] {
  const fetched = made.files.filter(({ action }) => action === 'fetch').length;
  const loaded = made.files.filter(({ action }) => action === 'load').length + fetched;
  const free = (bytes: number | undefined, folder: string | undefined): string =>
    bytes === undefined || folder === undefined
      ? ' on the disk of the server'
      : `; free: ${formatBytes(bytes)} in ${folder}`;
  if (loaded === 0) return ['nothing to do: Bronze has what there is'];
  return [
    ...(fetched === 0
      ? []
      : [
          `to fetch: ${fetched} ${fetched === 1 ? 'file' : 'files'}, ${formatBytes(made.fetchBytes)}${free(made.cacheFreeBytes, made.cacheDir)}`,
        ]),
    `to load:  ${loaded} ${loaded === 1 ? 'file' : 'files'}, at most ${formatBytes(made.loadBytes)}${free(made.dataFreeBytes, made.dataDir)}`,
  ];
}

function size(bytes: number | null): string {
  return bytes === null ? '-' : formatBytes(bytes);
}
