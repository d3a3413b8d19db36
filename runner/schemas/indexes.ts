// Indexes as configs have them: dbt's three keys, and what PostgreSQL can do beyond them.

import { z } from 'zod';
import { boolean, name, object, oneOf, text } from './values.ts';

/** Values of storage parameters, such as `fillfactor: 70`. */
export const storageParameters = z.record(
  z.string().regex(/^[a-z_]+(?:\.[a-z_]+)?$/, 'expected the name of a storage parameter'),
  z.union([z.number(), z.boolean(), z.string()], 'expected a number, `true`, `false` or a word'),
  'expected storage parameters with their values',
);

const column = z.union(
  [
    name,
    object({
      column: name.optional(),
      expression: text.optional(),
      collation: name.optional(),
      operator_class: text.optional(),
      order: oneOf(['asc', 'desc']).optional(),
      nulls: oneOf(['first', 'last']).optional(),
    }).refine((it) => (it.column === undefined) !== (it.expression === undefined), {
      message: 'an index column has either `column` or `expression`',
    }),
  ],
  'expected a column, or a map with `column` or `expression`',
);

/** A name that PostgreSQL would not cut. */
export const shortName = name.refine((given) => new TextEncoder().encode(given).length <= 63, {
  message: 'a name has at most 63 bytes',
});

/** An index: `columns`, `unique` and `type` are dbt's, and dbt refuses the others. */
export const index = object({
  columns: z.array(column, 'expected a list of columns').min(1, 'an index has at least one column'),
  unique: boolean.default(false),
  type: name.optional(),
  name: shortName.optional(),
  where: text.optional(),
  include: z.array(name, 'expected a list of columns').optional(),
  nulls_not_distinct: boolean.optional(),
  tablespace: name.optional(),
  with: storageParameters.optional(),
});
