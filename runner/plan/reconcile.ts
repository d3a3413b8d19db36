// What makes a live relation as its config says it, where it is not made anew: every change that is
// missing, and nothing where all is there already.

import { constraintChanges } from './constraints.ts';
import { liveGrants } from './grants.ts';
import { createIndex, indexChanges, markIndex, optionsOf } from './indexes.ts';
import { indexName } from './names.ts';
import { quoteRelation, withOptions } from './statements.ts';
import { statisticsChanges } from './statistics.ts';
import type { PublishedStep, RelationState, Statement } from './types.ts';

/** Changes of a live relation, by when they can be made. */
export interface Reconciliation {
  /** Before the rows: what would refuse them, and no longer stands in the config. Needs the table alone. */
  readonly before: readonly Statement[];
  /** Short: in the transaction that writes the rows, after them; what needs the table alone waits shortly. */
  readonly inside: readonly Statement[];
  /** Long, and disturbing no reader: each on its own, once that transaction is committed. */
  readonly after: readonly Statement[];
}

/** Plans what a live table lacks of its config; comments are for the caller, who knows its columns. */
export function planReconcile(step: PublishedStep, current: RelationState): Reconciliation {
  const constraints = constraintChanges(step, current);
  return {
    before: constraints.dropped,
    inside: [
      ...storageChanges(step, current),
      ...statisticsChanges(step, current),
      ...liveGrants(step, current),
      ...alone(constraints.added),
    ],
    after: [...indexStatements(step, current), ...constraints.after],
  };
}

/** Lets statements that need the table alone wait so shortly that readers behind them do not notice. */
export function alone(statements: readonly Statement[]): readonly Statement[] {
  if (statements.length === 0) return [];
  const sql = "set local lock_timeout = '100ms'";
  return [{ sql, purpose: 'stall readers no longer than this' }, ...statements];
}

/** Indexes are made while others read and write; a partitioned table cannot have that. */
function indexStatements(step: PublishedStep, current: RelationState): readonly Statement[] {
  const { missing, obsolete } = indexChanges(step, current);
  const how = current.kind === 'partitioned-table' ? 'plain' : 'concurrently';
  const word = how === 'plain' ? '' : ' concurrently';
  const nameOf = (identifier: string) =>
    quoteRelation({ schema: step.relation.schema, identifier });
  return [
    ...obsolete.map(({ name }) => ({
      sql: `drop index${word} if exists ${nameOf(name)}`,
      purpose: 'drop an index that the config no longer has',
    })),
    ...missing.flatMap((index) => {
      const name = indexName(step.relation, index);
      return [
        // What an interrupted run left is there under the name, and not valid.
        { sql: `drop index${word} if exists ${nameOf(name)}`, purpose: 'make room for an index' },
        createIndex(index, name, step.relation, how),
        ...markIndex(index, name, step.relation),
      ];
    }),
  ];
}

function storageChanges(step: PublishedStep, current: RelationState): readonly Statement[] {
  const wanted = step.finishing.design?.storageParameters;
  if (wanted === undefined || current.kind === 'partitioned-table') return [];
  const options = optionsOf(wanted);
  const missing = options.filter((option) => !current.options.includes(option));
  const gone = current.options
    .map((option) => option.slice(0, option.indexOf('=')))
    .filter((key) => !Object.hasOwn(wanted, key));
  const table = quoteRelation(step.relation);
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            sql: `alter table ${table} set ${withOptions(missing).replace(/^ with /, '')}`,
            purpose: 'storage parameters',
          },
        ]),
    ...(gone.length === 0
      ? []
      : [
          {
            sql: `alter table ${table} reset (${gone.map(quoteOption).join(', ')})`,
            purpose: 'storage parameters that the config no longer has',
          },
        ]),
  ];
}

function quoteOption(key: string): string {
  return key
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
