// How a snapshot takes in its query's rows: versions that end are closed, new ones begin, as in dbt's table.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { Snapshot } from '../compile/types.ts';
import { isComparable } from './comparable.ts';
import { resolveKey } from './merge-keys.ts';
import { commentStatements } from './plan-finish.ts';
import { alone, planReconcile } from './reconcile.ts';
import { planSchemaChange } from './schema-change.ts';
import { annotate, quoteRelation, withOptions } from './statements.ts';
import type {
  ColumnState,
  DeltaFacts,
  Publication,
  PublishedStep,
  RelationState,
  Statement,
  Versioning,
} from './types.ts';

/** The moment of a transaction, of the type that dbt gives it. */
const now = 'now()::timestamp without time zone';

/** Creates the first table of a snapshot: every row is the version that holds. */
export function stageFirstVersions(
  snapshot: Snapshot,
  current: RelationState | undefined,
): readonly Statement[] {
  const columns = snapshot.snapshotColumns;
  const added = [
    `${versionId(snapshot)} as ${quoteIdentifier(columns.scdId)}`,
    `${updatedAt(snapshot)} as ${quoteIdentifier(columns.updatedAt)}`,
    `${updatedAt(snapshot)} as ${quoteIdentifier(columns.validFrom)}`,
    `${openEnd(snapshot)} as ${quoteIdentifier(columns.validTo)}`,
    ...(snapshot.hardDeletes === 'new_record'
      ? [`'False' as ${quoteIdentifier(columns.isDeleted)}`]
      : []),
  ];
  const kept = current?.kind === 'table' ? current.options : [];
  const head =
    `create table ${quoteRelation(snapshot.staged)}${withOptions(kept)} as\n` +
    `select *,\n  ${added.join(',\n  ')}\nfrom (\n`;
  return [
    {
      ...annotate(snapshot.uniqueId, { head, body: snapshot.compiledSql, tail: '\n) as source' }),
      purpose: 'build table aside',
    },
  ];
}

/** Creates the stage of the rows as they are now. */
export function stageVersions(snapshot: Snapshot): readonly Statement[] {
  const staged = quoteRelation(snapshot.staged);
  const head = `create unlogged table ${staged} as\n`;
  return [
    {
      ...annotate(snapshot.uniqueId, { head, body: snapshot.compiledSql }),
      purpose: 'stage the rows as they are now',
    },
    { sql: `analyze ${staged}`, purpose: 'statistics of the staged rows' },
  ];
}

/** What the versions of a snapshot are planned from. */
export interface VersionInput {
  readonly step: PublishedStep;
  readonly versions: Versioning;
  readonly current: RelationState;
  readonly staged: RelationState;
  readonly facts: DeltaFacts;
}

/** Plans the merge of the staged rows, or says what the table lacks. */
export function planVersions(input: VersionInput): Publication {
  const { step, versions, current, staged } = input;
  const missing = refuseColumns(input);
  if (missing !== undefined) return missing;
  const target = quoteRelation(step.relation);
  const added = staged.columns.filter((column) => !has(current, column.name));
  // New columns are added and texts widened; a column that went away stays for the versions that had it.
  const change = planSchemaChange(step, { onSchemaChange: 'append_new_columns' }, current, staged);
  if (change.kind === 'refuse') return change;
  const reconciled = planReconcile(step, current);
  return {
    kind: 'merge',
    prepare: [
      { sql: "set local lock_timeout = '5s'", purpose: 'autovacuum gives way after 1 s' },
      {
        sql: `lock table ${only(current)}${target} in share row exclusive mode`,
        purpose: 'keep other writers out',
      },
    ],
    changes: alone([...change.statements, ...reconciled.before]),
    statements: [
      { sql: 'set local lock_timeout to default', purpose: 'the locks are held' },
      findChanges(input, added),
      { sql: 'analyze pg_temp.fundlens_change', purpose: 'statistics of the changes' },
      ...(versions.hardDeletes === 'ignore' ? [] : closeGone(input)),
      ...closeChanged(input),
      ...reconciled.inside,
      ...commentStatements(step, step.relation, current, [...current.columns, ...added]),
      { sql: `drop table ${quoteRelation(step.staged)}`, purpose: 'drop the stage' },
    ],
    after: reconciled.after,
    retire: [{ sql: `analyze ${target}`, purpose: 'analyze' }],
  };
}

function refuseColumns({ step, versions, current, staged }: VersionInput): Publication | undefined {
  const { snapshotColumns: own, hardDeletes, checkColumns } = versions;
  const name = `\`${step.relation.schema}.${step.relation.identifier}\``;
  const needed = [own.scdId, own.updatedAt, own.validFrom, own.validTo];
  if (hardDeletes === 'new_record') needed.push(own.isDeleted);
  const lacking = needed.filter((column) => !has(current, column));
  if (lacking.length > 0) {
    const list = lacking.map((column) => `\`${column}\``).join(', ');
    return {
      kind: 'refuse',
      reason: `${name} is no table of this snapshot: it lacks ${list}`,
      hint: 'name its columns under `snapshot_meta_column_names`, or add what a new setting needs',
    };
  }
  const taken = needed.find((column) => has(staged, column));
  if (taken !== undefined) {
    return {
      kind: 'refuse',
      reason: `the query of ${name} has a column \`${taken}\`, which a snapshot adds itself`,
      hint: 'give the column another name in the query',
    };
  }
  const unknown = resolveKey(checkColumns ?? [], staged.columns);
  if (unknown.kind === 'key') return undefined;
  return {
    kind: 'refuse',
    reason: `\`check_cols\` of ${name} names \`${unknown.name}\`, which the query does not have`,
    hint: unknown.hint,
  };
}

/** Finds the staged rows that begin a version, and the versions that end, by their places. */
function findChanges(input: VersionInput, added: readonly ColumnState[]): Statement {
  const { versions, current } = input;
  const { hardDeletes, snapshotColumns: own } = versions;
  const match = matchKeys(input);
  const deleted = `live.${quoteIdentifier(own.isDeleted)} = 'True'`;
  const changed = isChanged(input, added);
  const isNew = hardDeletes === 'new_record' ? `${changed} or ${deleted}` : changed;
  const live = `(select *, tableoid as fundlens_part, ctid as fundlens_place${keyColumns(versions)}\n  from ${only(current)}${quoteRelation(input.step.relation)}\n  where ${holds(versions)}) as live`;
  const next = `(select *, ctid as fundlens_came${keyColumns(versions)}\n  from ${quoteRelation(input.step.staged)}) as next`;
  const gone =
    `\nunion all\nselect null, live.fundlens_part, live.fundlens_place, true\nfrom ${live}\n` +
    `where not exists (select from ${next} where ${match})` +
    (hardDeletes === 'new_record' ? ` and (${deleted}) is not true` : '');
  return {
    sql:
      'create temporary table fundlens_change on commit drop as\n' +
      'select next.fundlens_came as came, live.fundlens_part as part, live.fundlens_place as place, false as is_gone\n' +
      `from ${next}\nleft join ${live}\n  on ${match}\n` +
      `where live.fundlens_place is null or ${isNew}${hardDeletes === 'ignore' ? '' : gone}`,
    purpose: 'find versions that begin and end',
  };
}

/** Keys may be expressions: each is a column of both sides, and NULL equals NULL. */
function keyColumns({ uniqueKey }: Versioning): string {
  return uniqueKey
    .map((key, index) => `,\n    (${key}\n    ) as fundlens_key_${index + 1}`)
    .join('');
}

function matchKeys({ versions, facts }: VersionInput): string {
  const names = versions.uniqueKey.map((_, index) => `fundlens_key_${index + 1}`);
  const hashed = names.filter((_, index) =>
    facts.nullKeys.includes(versions.uniqueKey[index] ?? ''),
  );
  const side = (alias: string) => hashed.map((name) => `${alias}.${name}`).join(', ');
  return [
    ...(hashed.length === 0
      ? []
      : [
          `hash_record_extended(row(${side('live')}), 0) = hash_record_extended(row(${side('next')}), 0)`,
        ]),
    ...names.map((name) =>
      hashed.includes(name)
        ? `live.${name} is not distinct from next.${name}`
        : `live.${name} = next.${name}`,
    ),
  ].join(' and ');
}

function isChanged(input: VersionInput, added: readonly ColumnState[]): string {
  const { versions, staged, current } = input;
  if (versions.strategy === 'timestamp') {
    const validFrom = quoteIdentifier(versions.snapshotColumns.validFrom);
    return `live.${validFrom} < next.${versions.updatedAt ?? ''}`;
  }
  const resolved = resolveKey(versions.checkColumns ?? [], staged.columns);
  const names =
    versions.checkColumns === undefined || resolved.kind === 'unknown'
      ? staged.columns.map(({ name }) => name)
      : resolved.columns;
  // As in dbt: a column that is compared for the first time begins a version of every row.
  if (added.some(({ name }) => names.includes(name))) return 'true';
  const parts = names.map((name) => {
    const column = quoteIdentifier(name);
    const type = current.columns.find((it) => it.name === name)?.type ?? '';
    const cast = isComparable(type) ? '' : '::text';
    return `live.${column}${cast} is distinct from next.${column}${cast}`;
  });
  return `(${parts.join('\n  or ')})`;
}

/** Versions without a row end now; where that is asked for, a version begins that says so. */
function closeGone({ step, versions, current, staged }: VersionInput): readonly Statement[] {
  const { snapshotColumns: own, hardDeletes } = versions;
  const target = quoteRelation(step.relation);
  const names = staged.columns.map(({ name }) => quoteIdentifier(name));
  const ownNames = [own.scdId, own.updatedAt, own.validFrom, own.validTo, own.isDeleted];
  const scdId = hashOf([`live.${quoteIdentifier(own.scdId)}`, now]);
  const values = [scdId, now, now, `live.${quoteIdentifier(own.validTo)}`, "'True'"];
  const tell: Statement = {
    sql:
      `insert into ${target} (${[...names, ...ownNames.map(quoteIdentifier)].join(', ')})\n` +
      `select ${[...names.map((name) => `live.${name}`), ...values].join(', ')}\n` +
      `from ${only(current)}${target} as live\njoin pg_temp.fundlens_change as change\n` +
      '  on live.ctid = change.place and live.tableoid = change.part\nwhere change.is_gone',
    purpose: 'begin the versions that say a row is gone',
    writes: true,
  };
  const close: Statement = {
    sql:
      `update ${only(current)}${target} as live set ${quoteIdentifier(own.validTo)} = ${now}\n` +
      `from pg_temp.fundlens_change as change\nwhere ${samePlace} and change.is_gone`,
    purpose: 'close the versions of rows that are gone',
    writes: true,
  };
  return hardDeletes === 'new_record' ? [tell, close] : [close];
}

const samePlace = 'live.ctid = change.place and live.tableoid = change.part';

function closeChanged({ step, versions, current, staged }: VersionInput): readonly Statement[] {
  const own = versions.snapshotColumns;
  const target = quoteRelation(step.relation);
  const next =
    `(select *, ctid as fundlens_came, ${versionId(versions)} as fundlens_scd,\n` +
    `    ${updatedAt(versions)} as fundlens_updated, ${openEnd(versions)} as fundlens_end\n  from ${quoteRelation(step.staged)}) as next`;
  const isTold = versions.hardDeletes === 'new_record';
  const names = [
    ...staged.columns.map(({ name }) => name),
    ...[own.scdId, own.updatedAt, own.validFrom, own.validTo],
    ...(isTold ? [own.isDeleted] : []),
  ];
  const values = [
    ...staged.columns.map(({ name }) => `next.${quoteIdentifier(name)}`),
    ...['next.fundlens_scd', 'next.fundlens_updated', 'next.fundlens_updated', 'next.fundlens_end'],
    ...(isTold ? ["'False'"] : []),
  ];
  return [
    {
      sql:
        `update ${only(current)}${target} as live set ${quoteIdentifier(own.validTo)} = next.fundlens_updated\n` +
        `from pg_temp.fundlens_change as change\njoin ${next} on next.fundlens_came = change.came\nwhere ${samePlace}`,
      purpose: 'close the versions of rows that changed',
      writes: true,
    },
    {
      sql:
        `insert into ${target} (${names.map(quoteIdentifier).join(', ')})\nselect ${values.join(', ')}\n` +
        `from pg_temp.fundlens_change as change\njoin ${next} on next.fundlens_came = change.came`,
      purpose: 'begin the versions of new and changed rows',
      writes: true,
    },
  ];
}

/** Which versions hold. */
function holds({ validToCurrent, snapshotColumns }: Versioning): string {
  const validTo = quoteIdentifier(snapshotColumns.validTo);
  return validToCurrent === undefined
    ? `${validTo} is null`
    : `(${validTo} = ${validToCurrent} or ${validTo} is null)`;
}

function updatedAt({ updatedAt: given }: Pick<Versioning, 'updatedAt'>): string {
  return given ?? now;
}

/** dbt's hash of the key and the time of the version. */
function versionId(versions: Pick<Versioning, 'uniqueKey' | 'updatedAt'>): string {
  return hashOf([...versions.uniqueKey, updatedAt(versions)]);
}

function hashOf(parts: readonly string[]): string {
  const texts = parts.map((part) => `coalesce(cast(${part} as varchar), '')`);
  return `md5(${texts.join(" || '|' || ")})`;
}

/** The end of a version that holds, of the type of its start. */
function openEnd(versions: Pick<Versioning, 'updatedAt' | 'validToCurrent'>): string {
  const start = updatedAt(versions);
  return `coalesce(nullif(${start}, ${start}), ${versions.validToCurrent ?? 'null'})`;
}

function only(current: RelationState): string {
  return current.kind === 'partitioned-table' ? '' : 'only ';
}

function has(state: RelationState, name: string): boolean {
  return state.columns.some((column) => column.name === name);
}
