// Values that stand in several of dbt's YAML files, each with the word that a wrong one is answered with.

import { z } from 'zod';

/** Text; YAML's numbers and dates without quotes are not text. */
export const text = z.string('expected text, in quotes');

/** A date, or a date and time, of ISO 8601. */
export const date = z
  .string('expected a date such as 2026-12-31')
  .regex(/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|[+-]\d\d:?\d\d)?)?$/, {
    error: 'expected a date such as 2026-12-31',
    abort: true,
  })
  .refine((value) => isDay(value.slice(0, 10)), 'there is no such day');

function isDay(day: string): boolean {
  const moment = Date.parse(day);
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(day);
}

/** Text that may be left out or empty, which is the same. */
export const optionalText = text.nullish().transform((value) => value ?? '');

/** True or false. */
export const boolean = z.boolean('expected `true` or `false`');

/** A whole number that is not negative. */
export const count = z
  .number('expected a whole number')
  .int('expected a whole number')
  .min(0, 'expected a whole number from 0');

/** A name of the user's. */
export const name = z.string('expected a name').min(1, 'expected a name');

/** A map whose keys are the user's own. */
export const map = z.record(z.string(), z.unknown(), 'expected a map');

/** A list of such items. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, 'expected a list');
}

/** A map with known keys. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, 'expected a map');
}

/** One of several words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, `expected ${either(words)}`);
}

/** Text, or a list of it. */
export const textOrList = z.union([text, z.array(text)], 'expected text or a list of texts');

/** One tag or several. */
export const tags = z
  .union([z.string(), z.array(z.string())], 'expected a tag or a list of tags')
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** The version of a model: `2`, `2.1`, `'draft'`. */
export const version = z.union([z.number(), z.string().min(1)], 'expected a number or a name');

/** How a node appears in documentation. */
export const docs = object({ show: boolean.optional(), node_color: text.nullish() });

/** Which parts of a relation's name stand in quotes. */
export const quoting = object({
  database: boolean.nullish(),
  schema: boolean.nullish(),
  identifier: boolean.nullish(),
});

const period = object({
  count: count.nullish(),
  period: oneOf(['minute', 'hour', 'day']).nullish(),
});

/** After which age a source's rows are stale. */
export const freshness = object({
  warn_after: period.nullish(),
  error_after: period.nullish(),
  filter: text.nullish(),
});

/** After which age of its parents a model is built again. */
export const modelFreshness = object({
  build_after: object({
    count: count.nullish(),
    period: oneOf(['minute', 'hour', 'day']).nullish(),
    updates_on: oneOf(['any', 'all']).nullish(),
  }).nullish(),
});

const constraintTypes = [
  ...(['not_null', 'unique', 'primary_key', 'foreign_key', 'check', 'custom'] as const),
] as const;

/** A constraint of a column; one of a model also names its columns. */
export const columnConstraint = object({
  type: oneOf(constraintTypes),
  name: text.nullish(),
  expression: text.nullish(),
  to: text.nullish(),
  to_columns: list(text).nullish(),
  warn_unenforced: boolean.nullish(),
  warn_unsupported: boolean.nullish(),
});

/** A constraint of a whole model. */
export const modelConstraint = object({
  ...columnConstraint.shape,
  columns: list(text).nullish(),
});

/** Who answers for a group or an exposure. */
export const owner = z
  .looseObject({ name: text.nullish(), email: textOrList.nullish() }, 'expected a map')
  .refine(({ name, email }) => name != null || email != null, {
    message: 'an owner has a `name` or an `email`',
  });

/** Units of time of the semantic layer. */
export const granularity = oneOf([
  ...(['nanosecond', 'microsecond', 'millisecond', 'second', 'minute', 'hour'] as const),
  ...(['day', 'week', 'month', 'quarter', 'year'] as const),
]);

function either(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return quoted.length === 1
    ? (quoted[0] ?? '')
    : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
}
