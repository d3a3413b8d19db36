// What staged rows are asked before they are merged, and which answers keep them from it.

import { quoteIdentifier, quoteLiteral } from '../../core/identifiers.ts';
import { resolveKey } from './merge-keys.ts';
import { quoteRelation } from './statements.ts';
import type {
  Delta,
  DeltaInput,
  Publication,
  RelationState,
  Statement,
  TimeWindow,
} from './types.ts';

/** How many of the keys are shown that several rows have. */
const shownKeys = 5;

/** A part of a key: what it is called, and its SQL. */
interface KeyPart {
  readonly label: string;
  readonly sql: string;
}

/** Asks the stage which keys have NULLs or several rows, and how many rows lie outside the windows. */
export function askFacts(input: DeltaInput): Statement | undefined {
  const { delta } = input;
  const key = keyParts(input);
  const isKeyed = key.length > 0;
  const windows = 'versions' in delta ? [] : delta.windows;
  if (!isKeyed && windows.length === 0) return undefined;
  const staged = quoteRelation(input.step.staged);
  const nulls = key.map(
    ({ label, sql }) =>
      `case when coalesce(bool_or((${sql}\n) is null), false) then ${quoteLiteral(label)} end`,
  );
  const strays =
    isKeyed || 'versions' in delta ? '0' : straysOf(delta, input.staged ?? input.current);
  return {
    sql:
      `select jsonb_build_object(\n  'nullKeys', to_jsonb(array_remove(array[${nulls.join(', ')}]::text[], null)),\n` +
      `  'duplicates', ${duplicatesOf(input, staged, key)},\n  'strays', ${strays}\n) as facts\nfrom ${staged}`,
    purpose: 'ask the staged rows for NULLs and duplicates in their keys',
  };
}

function keyParts({ delta, staged, current }: DeltaInput): readonly KeyPart[] {
  if ('versions' in delta) return delta.versions.uniqueKey.map((sql) => ({ label: sql, sql }));
  if (delta.incremental.strategy === 'append') return [];
  const resolved = resolveKey(delta.incremental.uniqueKey, (staged ?? current).columns);
  if (resolved.kind === 'unknown') return [];
  return resolved.columns.map((name) => ({ label: name, sql: quoteIdentifier(name) }));
}

function duplicatesOf({ delta }: DeltaInput, staged: string, key: readonly KeyPart[]): string {
  const mayRepeat = !('versions' in delta) && delta.incremental.mayRepeatKeys;
  if (key.length === 0 || mayRepeat) return "'[]'::jsonb";
  const parts = key.map(({ sql }, index) => `(${sql}\n) as key_${index + 1}`).join(', ');
  const names = key.map((_, index) => `key_${index + 1}`);
  const texts = names.map((name) => `${name}::text`).join(', ');
  return (
    'coalesce((select jsonb_agg(to_jsonb(repeated)) from (\n' +
    `    select array[${texts}] as key, count(*) as rows\n    from (select ${parts} from ${staged}) as keys\n` +
    `    group by ${names.join(', ')} having count(*) > 1 order by 1 limit ${shownKeys}\n  ) as repeated), '[]')`
  );
}

/** Without a key nothing would ever remove a row that lies outside the windows. */
function straysOf({ windows, eventTime: given }: Delta, state: RelationState): string {
  const eventTime = columnNamed(given, state);
  if (windows.length === 0 || eventTime === undefined) return '0';
  return `count(*) filter (where (${inWindows(windows, quoteIdentifier(eventTime))}) is not true)`;
}

/** Finds the column that a config names. */
export function columnNamed(given: string | undefined, state: RelationState): string | undefined {
  const resolved = given === undefined ? undefined : resolveKey([given], state.columns);
  return resolved?.kind === 'key' ? resolved.columns[0] : undefined;
}

/** Returns the condition that a time lies in one of the windows; those that follow one another are one. */
export function inWindows(windows: readonly TimeWindow[], column: string): string {
  const joined: { start: string; end: string }[] = [];
  for (const { start, end } of windows) {
    const last = joined.at(-1);
    if (last?.end === start) last.end = end;
    else joined.push({ start, end });
  }
  return joined
    .map(
      ({ start, end }) =>
        `(${column} >= ${quoteLiteral(start)} and ${column} < ${quoteLiteral(end)})`,
    )
    .join(' or ');
}

/** Says why rows with these facts are neither merged nor published. */
export function refuseFacts(input: DeltaInput): Publication | undefined {
  const { step, delta, facts } = input;
  const { duplicates, strays } = facts ?? { duplicates: [], strays: 0 };
  const isVersions = 'versions' in delta;
  if (duplicates.length > 0) {
    const keys = duplicates.map(
      ({ key, rows }) => `(${key.map((it) => it ?? 'NULL').join(', ')}) ${rows} times`,
    );
    const names = keyParts(input).map(({ label }) => label);
    const mayBeSets = !isVersions && delta.incremental.strategy === 'delete+insert';
    return {
      kind: 'refuse',
      reason: `the query has several rows of one \`unique_key\` (${names.join(', ')}): ${keys.join(', ')}${keys.length === shownKeys ? ', …' : ''}`,
      hint: mayBeSets
        ? 'make the query give one row for each key, or, where all rows of a key are to be replaced together, set `meta.runner.allow_duplicate_keys: true`'
        : 'make the query give one row for each key',
    };
  }
  if (strays === 0 || isVersions) return undefined;
  const rows = strays === 1 ? 'row has' : 'rows have';
  const name = `\`${step.relation.schema}.${step.relation.identifier}\``;
  return {
    kind: 'refuse',
    reason: `${strays} ${rows} \`${delta.eventTime ?? ''}\` outside the batches of ${name}: the next run of those batches would write them a second time`,
    hint: 'let the query keep the time of its input, or name a `unique_key`',
  };
}
