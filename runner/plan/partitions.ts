// Partitions of a stage: named by the config, or made as the rows ask for them.

import { UserError } from '../../core/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../core/identifiers.ts';
import type { BoundValue, Partitioning } from '../compile/design.ts';
import { optionsOf } from './indexes.ts';
import { hashedName, partitionName } from './names.ts';
import { quoteRelation, withOptions } from './statements.ts';
import type { PublishedStep, RelationState, Statement } from './types.ts';

/** More than this is a key chosen by mistake: every plan over the table looks at each partition. */
const mostPartitions = 1000;

/** The part of `create table` that makes it a partitioned one. */
export function partitionClause({ type, column }: Partitioning): string {
  return ` partition by ${type} (${quoteIdentifier(column)})`;
}

/**
 * Asks for the bounds of the partitions that rows need: one value for a list, two for a range, in
 * text form; null stands for rows without a key.
 */
export function boundsQuery({ type, column, interval }: Partitioning, from: string): string {
  const key = quoteIdentifier(column);
  if (type === 'list') return `select distinct ${key}::text as value from ${from} order by 1`;
  const [lower, upper] =
    typeof interval === 'number'
      ? [
          `(floor(${key}::numeric / ${interval}) * ${interval})`,
          `((floor(${key}::numeric / ${interval}) + 1) * ${interval})`,
        ]
      : [
          `date_trunc('${interval ?? 'month'}', ${key})`,
          `(date_trunc('${interval ?? 'month'}', ${key}) + interval '${stepOf(interval)}')`,
        ];
  return `select distinct ${lower}::text as lower, ${upper}::text as upper from ${from} order by 1, 2`;
}

/**
 * Creates the partitions for such bounds, on the stage or, where it lacks them, on a live table, and the default one where the config wants it.
 * @throws {UserError} for rows without a key where a range has no default partition, and where there
 * would be far too many
 */
export function planPartitions(
  step: PublishedStep,
  partitioning: Partitioning,
  bounds: readonly (readonly (string | null)[])[],
  on: 'published' | 'staged' = 'staged',
): readonly Statement[] {
  const { type, column, hasDefault } = partitioning;
  const name = `${step.relation.schema}.${step.relation.identifier}`;
  if (bounds.length > mostPartitions) {
    throw new UserError(`\`${name}\` would have ${bounds.length} partitions by \`${column}\``, {
      hint: `choose a coarser key or a longer interval: ${mostPartitions} is the most`,
      exitCode: 1,
    });
  }
  const make = (texts: readonly string[]): readonly Statement[] =>
    on === 'staged' ? created(step, hasDefault, texts) : attached(step, texts);
  if (type === 'list') {
    return make(bounds.map(([value]) => inValues([value ?? null])));
  }
  const withKey = bounds.filter(([lower]) => lower !== null);
  if (withKey.length < bounds.length && !hasDefault) {
    throw new UserError(`rows of \`${name}\` have no \`${column}\`, and no partition takes them`, {
      hint: 'set `default_partition: true`, or leave these rows out',
      exitCode: 1,
    });
  }
  return make(withKey.map(([lower = null, upper = null]) => fromTo(lower, upper)));
}

/** Creates the partitions that the config names. */
export function declaredPartitions(
  step: PublishedStep,
  partitioning: Partitioning,
): readonly Statement[] {
  return created(step, partitioning.hasDefault, declaredBounds(partitioning));
}

/** Attaches to a live table the partitions that the config names and the table lacks. */
export function missingPartitions(
  step: PublishedStep,
  current: RelationState,
): readonly Statement[] {
  const { partitioning } = step.finishing.design ?? {};
  if (partitioning === undefined || current.kind !== 'partitioned-table') return [];
  // The catalog writes numbers without quotes and words in capitals.
  const plain = (bound: string) => bound.replaceAll("'", '').toLowerCase();
  const there = new Set((current.partitions ?? []).map(({ bound }) => plain(bound)));
  const wanted = [...declaredBounds(partitioning), ...(partitioning.hasDefault ? ['default'] : [])];
  return attached(
    step,
    wanted.filter((bound) => !there.has(plain(bound))),
  );
}

function declaredBounds({ partitions }: Partitioning): readonly string[] {
  return (partitions ?? []).map(({ values, from, to }) =>
    values === undefined ? fromTo(from ?? null, to ?? null) : inValues(values),
  );
}

function created(
  step: PublishedStep,
  hasDefault: boolean,
  bounds: readonly string[],
): readonly Statement[] {
  const { storageParameters } = step.finishing.design ?? {};
  const options = withOptions(optionsOf(storageParameters ?? {}));
  return [...bounds, ...(hasDefault ? ['default'] : [])].map((bound) => {
    const { schema } = step.staged;
    const identifier = hashedName(step.relation.identifier, 'next', [
      step.staged.identifier,
      bound,
    ]);
    return {
      sql: `create table ${quoteRelation({ schema, identifier })} partition of ${quoteRelation(step.staged)} ${bound}${options}`,
      purpose: `partition ${bound}`,
    };
  });
}

/**
 * Attaches to a live table the partitions that it lacks: whether one is there the server alone can
 * tell, and says so by refusing what would overlap. Attaching stops no reader.
 */
function attached(step: PublishedStep, bounds: readonly string[]): readonly Statement[] {
  const table = quoteRelation(step.relation);
  return bounds.map((bound) => {
    const { schema } = step.relation;
    const part = quoteRelation({ schema, identifier: partitionName(step.relation, bound) });
    const body =
      `begin\n  create table ${part} (like ${table} including all);\n` +
      `  alter table ${table} attach partition ${part} ${bound};\n` +
      'exception when invalid_object_definition or duplicate_table then null;\nend';
    return {
      sql: `do ${quoteLiteral(body).trim()}`,
      purpose: `partition ${bound}, where it lacks`,
    };
  });
}

function inValues(values: readonly BoundValue[]): string {
  return `for values in (${values.map(literal).join(', ')})`;
}

/** A range without a lower or an upper end has `null` there. */
function fromTo(from: BoundValue, to: BoundValue): string {
  const lower = from === null ? 'minvalue' : literal(from);
  const upper = to === null ? 'maxvalue' : literal(to);
  return `for values from (${lower}) to (${upper})`;
}

function literal(value: BoundValue): string {
  return value === null ? 'null' : quoteLiteral(String(value)).trim();
}

function stepOf(interval: string | number | undefined): string {
  return interval === 'quarter' ? '3 months' : `1 ${interval ?? 'month'}`;
}
