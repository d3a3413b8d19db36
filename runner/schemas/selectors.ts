// selectors.yml: selections with a name.

import { z } from 'zod';
import { boolean, count, list, name, object, oneOf, optionalText, text } from './values.ts';

const indirect = oneOf(['eager', 'cautious', 'buildable', 'empty']).optional();

/** A criterion: text as on the command line, one method, or a set of criteria. */
export const selectorDefinitionSchema: z.ZodType = z.lazy(() =>
  z.union(
    [
      text,
      object({ union: list(selectorDefinitionSchema), indirect_selection: indirect }),
      object({ intersection: list(selectorDefinitionSchema), indirect_selection: indirect }),
      object({ exclude: list(selectorDefinitionSchema) }),
      object({
        method: name,
        value: z.union([z.string(), z.number(), z.boolean()], 'expected a value'),
        children: boolean.optional(),
        parents: boolean.optional(),
        children_depth: count.optional(),
        parents_depth: count.optional(),
        childrens_parents: boolean.optional(),
        indirect_selection: indirect,
        exclude: list(selectorDefinitionSchema).optional(),
      }),
      z.record(z.string(), z.string()),
    ],
    'expected text, `method` and `value`, `union`, `intersection` or `exclude`',
  ),
);

/** The schema of selectors.yml. */
export const selectorsFileSchema = object({
  selectors: list(
    object({
      name,
      description: optionalText,
      default: z
        .union([z.boolean(), z.string()], 'expected `true`, `false` or a template')
        .optional(),
      definition: selectorDefinitionSchema,
    }),
  ),
});
